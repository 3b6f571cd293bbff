//! Time that grows no faster than the input, whatever comes in.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use linktrail::link::{Attachment, Body, extract, visible_text};

use crate::growth::{assert_linear, assert_linear_from, repeat};

#[test]
fn time_is_linear_in_hostile_bodies() {
    let pieces = [
        "<",
        "</",
        "<a ",
        "<!--",
        "<a href=\"",
        "<a href='x'>",
        "<b>",
        "[",
        "(",
        "](",
        "[a](",
        "[a](<",
        "](x \"",
        "[![p](q)](",
        "&",
        "&#",
        "&amp",
        "&a",
        "http://",
        "http://a",
        "http://a..b/",
        "http://a@",
        "http://[",
        "hxxp[:]//a[.]",
        "[.]",
        " [.] ",
        "www.",
        "www.a|",
        "www.a\u{2603}",
        "www.a:",
        "ms-a:",
        "ms-a:http://a..b ",
        ":",
        "::",
        "w",
        "\u{200b}",
        "\u{200b}http://",
        "\u{202e}a",
        "https://a.example/,",
        "https://a.example/(",
        "https://a.example/'",
        "<table><td><a href=x>",
        "<p hidden>",
        "<svg>",
        "<style>",
        "</style",
        "<blockquote itemtype=schema.skype.com/Reply>",
        "https://www.google.com/url?q=",
        "https://a\u{3002}b",
        "<http://a..b",
        "a=b ",
        "{\"a\":\"",
        "\\\\",
        "\\\\a\\b ",
        "\\\\a",
        " \\\\\\\\a\\\\b",
        "http://a[.",
        "http://a.]b",
        "http://a\\.b",
        "www.a\\.",
        "[:]",
        "(:)8(/)",
        "hxxp[://]a[.]b[:]8[/]",
        "file://",
        "smb:\\\\a ",
        "\u{ff0c}https://a.b/\u{3002}",
        "https://a\".\"b",
    ];
    for piece in pieces {
        assert_linear(
            piece,
            |size| repeat(piece, size),
            |input| {
                for html in [true, false] {
                    extract(
                        Body {
                            html,
                            content: Some(input),
                        },
                        &[],
                    );
                    visible_text(Body {
                        html,
                        content: Some(input),
                    });
                }
            },
        );
    }
}

#[test]
fn time_is_linear_in_wrappers() {
    for piece in [
        "https://safe.menlosecurity.com/",
        "https://href.li/?",
        "https://protect.checkpoint.com/v2/___",
        "https://web.archive.org/web/2/",
        "https://secure-web.cisco.com/1/",
        "https://r.search.yahoo.com/RU=",
        "https://x.awstrack.me/L0/",
        "https://a.mcas.ms/?originalUrl=",
        "https://a-b.translate.goog/?_x_tr_a=1&",
        "https://cdn.ampproject.org/c/s/",
        "https://mandrillapp.com/track/click/1?p=eyJwIjoi",
        "https://links.defend.egress.com/Warning?Base64Url=eNrLKCkp",
        "https://eu.protection.sophos.com/?u=aHR0cHM6Ly9h",
        "https://urldefense.com/v3/__**A__;",
    ] {
        for html in [true, false] {
            let body = |size| format!("<a href=\"{}\">x</a>", repeat(piece, size));
            assert_linear(piece, body, |input| {
                extract(
                    Body {
                        html,
                        content: Some(input),
                    },
                    &[],
                );
            });
        }
    }
}

#[test]
fn what_is_inflated_is_bounded() {
    // Half a megabyte of zeros is half a kilobyte in zlib.
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b'0'; 1 << 19]).unwrap();
    let packed = URL_SAFE_NO_PAD.encode(packed.finish().unwrap());
    let url = format!("https://links.eu1.defend.egress.com/Warning?Base64Url={packed}");
    let links = extract(
        Body {
            html: false,
            content: Some(&url),
        },
        &[],
    );
    assert_eq!(links[0].url.as_str(), url);
    assert!(links[0].wrapped_by.is_empty());
}

#[test]
fn time_is_linear_in_one_big_tag_or_anchor() {
    let attributes = |size: usize| {
        let mut html = String::from("<a");
        for at in 0..size / 8 {
            let _ = write!(html, " a{at}=x");
        }
        html + " href='https://evil.example/x'>x</a>"
    };
    let anchor = |size| {
        format!(
            "<a href='https://evil.example'>{}</a>",
            repeat("https://a.b. ", size)
        )
    };
    let host = |size| format!("<a href='https://{}/'>x</a>", repeat("\u{e4}.", size));
    let label = |size| {
        format!(
            "<a href='https://{}.example/'>x</a>",
            repeat("\u{e4}", size)
        )
    };
    let userinfo = |size| {
        format!(
            "<a href='https://{}evil.example/'>x</a>",
            repeat("a@", size)
        )
    };
    let query = |size| {
        format!(
            "<a href='https://www.google.com/url?{}'>x</a>",
            repeat("a=%25&", size)
        )
    };
    let makers: [&dyn Fn(usize) -> String; 6] =
        [&attributes, &anchor, &host, &label, &userinfo, &query];
    for (at, make) in makers.into_iter().enumerate() {
        assert_linear(&format!("tag {at}"), make, |input| {
            extract(
                Body {
                    html: true,
                    content: Some(input),
                },
                &[],
            );
        });
    }
    assert_eq!(
        extract(
            Body {
                html: true,
                content: Some(&attributes(1 << 16))
            },
            &[]
        )
        .len(),
        1
    );
}

#[test]
fn time_is_linear_in_hostile_cards() {
    let pieces = [
        "{\"a\":",
        "[",
        "[{",
        "{",
        "\"",
        "\\u",
        "{\"content\":\"{\\\"content\\\":\"",
        "{\"type\":\"Action.OpenUrl\",\"url\":\"https://a.example/\"},",
        "\"url\":\"https://a.example/\",",
        "\"title\":\"\\u0041\",",
        "\"text\":\"<a href=x>\",",
        "{\"tap\":",
        "\"text\":\"[a](\",",
    ];
    for piece in pieces {
        let make = |size| format!("{{\"x\":[{}", repeat(piece, size));
        assert_linear(piece, make, read_card);
    }
    // Targets that wait for the label of the object around them.
    let waiting = "{\"url\":\"\",\"tap\":";
    assert_linear_from(1 << 18, waiting, |size| repeat(waiting, size), read_card);
}

fn read_card(content: &str) {
    let card = Attachment {
        content_type: Some("application/vnd.microsoft.card.adaptive".into()),
        content: Some(content.into()),
        ..Attachment::default()
    };
    extract(
        Body {
            html: true,
            content: None,
        },
        &[card],
    );
}

#[test]
fn a_card_nested_100_000_deep_is_read() {
    let depth = 100_000;
    let content = format!(
        "{}{}{}",
        "{\"type\":\"Container\",\"items\":[".repeat(depth),
        "{\"type\":\"Action.OpenUrl\",\"url\":\"https://evil.example/x\"}",
        "]}".repeat(depth)
    );
    let card = Attachment {
        content: Some(content),
        ..Attachment::default()
    };
    let links = extract(
        Body {
            html: true,
            content: None,
        },
        &[card],
    );
    assert_eq!(links.len(), 1);
    assert_eq!(links[0].url.as_str(), "https://evil.example/x");
}
