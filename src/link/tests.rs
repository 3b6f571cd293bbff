use super::*;

fn html(content: &str) -> Body<'_> {
    Body {
        html: true,
        content: Some(content),
    }
}

#[test]
fn what_a_reader_sees() {
    for (content, seen) in [
        ("<p>a&nbsp;b</p>\r\n<p>c&amp;d</p>", "a b c&d"),
        ("a<br>b<b>c</b><i>d</i>", "a bcd"),
        (
            "<ul><li>a</li><li>b</li></ul><table><tr><td>c</td><td>d</td></tr></table>",
            "a b c d",
        ),
        (
            "Hello <at id=\"0\">Adele Vance</at>, hi",
            "Hello Adele Vance, hi",
        ),
        (
            "<script>x</script><style>y</style><!-- z -->a<title>t</title>",
            "a",
        ),
        (
            "a<span style='display : none !important'>b<span>c</span></span>d",
            "ad",
        ),
        (
            "a<span hidden>b</span>c<p style=\"font-size:0px\">d</p>",
            "ac",
        ),
        ("<span style=\"font-size:10px\">a</span>", "a"),
        ("<p hidden>a<p>b<p hidden>c<div>d</div>", "b d"),
        (
            "<ul><li hidden>a<li>b</ul><div hidden><div>c</div>d</div>e",
            "b e",
        ),
        (
            "great<emoji alt=\"&#128578;\"></emoji>!<img itemtype=\"http://schema.skype.com/Emoji\" alt=\"\u{1f44d}\">",
            "great\u{1f642}!\u{1f44d}",
        ),
        (
            "<img alt=\"logo\" src=\"x\"><attachment id=\"1\"></attachment>",
            "",
        ),
        (
            "see <a href=\"https://evil.example\">this</a>.",
            "see this.",
        ),
        (
            "<blockquote itemtype=\"http://schema.skype.com/Reply\">a</blockquote>b",
            "a b",
        ),
        ("a\u{200b}\u{202e}b\u{7}c<a hr", "abc"),
        ("<systemEventMessage/>", ""),
        ("1 < 2 && 3 > 2", "1 < 2 && 3 > 2"),
    ] {
        assert_eq!(visible_text(html(content)), seen, "{content}");
    }
    assert_eq!(
        visible_text(Body {
            html: false,
            content: Some(" <b> \n&amp;\t\u{feff}")
        }),
        "<b> &amp;"
    );
    assert_eq!(
        visible_text(Body {
            html: true,
            content: None
        }),
        ""
    );
}

#[test]
fn links_come_in_the_order_of_their_origins() {
    let card = Attachment {
        content: Some(r#"{"type":"Action.OpenUrl","url":"https://card.example/"}"#.into()),
        ..Attachment::default()
    };
    let file = Attachment {
        content_type: Some("reference".into()),
        content_url: Some("https://file.example/".into()),
        ..Attachment::default()
    };
    let body = html(
        "https://text.example/ <a href='https://b.example/'>b</a><a href='https://a.example/'>a</a>",
    );
    let links = extract(body, &[file, card]);
    let found: Vec<(&str, &str)> = links
        .iter()
        .map(|link| (link.origin.as_str(), link.url.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("href", "https://b.example/"),
            ("href", "https://a.example/"),
            ("card", "https://card.example/"),
            ("attachment", "https://file.example/"),
            ("text", "https://text.example/"),
        ]
    );
}

#[test]
fn the_text_of_a_link_is_one_safe_line() {
    let links = extract(
        html("<a href='https://evil.example/'> Pay\n<b>now</b><br>\u{202d}here\u{1b}[31m </a>"),
        &[],
    );
    assert_eq!(links[0].text.as_deref(), Some("Pay now here[31m"));
    let links = extract(
        html("<a href='https://evil.example/'><img alt='x'></a>"),
        &[],
    );
    assert_eq!(links[0].text, None);
}

#[test]
fn names_of_origins_and_wrappers() {
    assert_eq!(Origin::Href.to_string(), "href");
    assert_eq!(Origin::Attachment.to_string(), "attachment");
    assert_eq!(Wrapper::UrlDefenseV2.to_string(), "urldefense-v2");
    assert_eq!(Wrapper::Handler("ms-word".into()).as_str(), "ms-word");
}
