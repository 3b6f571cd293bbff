use super::*;

fn urls(text: &str) -> Vec<&str> {
    let mut urls = Vec::new();
    scan(text, |seen| {
        urls.push(seen.raw);
        true
    });
    urls
}

#[test]
fn where_urls_end() {
    for (text, expected) in [
        ("see https://e.example/a.", "https://e.example/a"),
        ("(https://e.example/a_(b))", "https://e.example/a_(b)"),
        ("(see https://e.example/a).", "https://e.example/a"),
        ("\"https://e.example/a\"", "https://e.example/a"),
        ("'https://e.example/a'+x", "https://e.example/a"),
        ("https://e.example/it's", "https://e.example/it's"),
        ("**https://e.example/a**: b", "https://e.example/a"),
        ("_https://e.example/a_b_", "https://e.example/a_b"),
        ("https://e.example/#!", "https://e.example/#!"),
        ("https://e.example/wow!", "https://e.example/wow"),
        ("https://e.example/a\u{1f44d}", "https://e.example/a"),
        ("https://e.example,and", "https://e.example"),
        ("https://e.example./a", "https://e.example./a"),
        ("https://e.example... and", "https://e.example"),
        ("https://e.example\u{2026}", "https://e.example"),
        ("www.e.example..", "www.e.example"),
        (
            "https://e.example:8443/a?b#c",
            "https://e.example:8443/a?b#c",
        ),
        ("http://[2001:db8::1]:80/a]", "http://[2001:db8::1]:80/a"),
        ("https://u:p,x@e.example/", "https://u:p,x@e.example/"),
        ("see:https://e.example", "https://e.example"),
        ("seehttps://e.example", "https://e.example"),
        (
            "\u{8bf7}https://e.example/a\u{ff0c}x",
            "https://e.example/a",
        ),
        ("https://e.example\u{3002}\u{8c22}", "https://e.example"),
        ("https://e\u{3002}example/a", "https://e\u{3002}example/a"),
        (
            r#"{"u":"https:\/\/e.example\/a"}"#,
            r"https:\/\/e.example\/a",
        ),
        (r#""https://e.example/a\n""#, "https://e.example/a"),
        (
            "hxxps[:]//e[.]example/a[.]php",
            "hxxps[:]//e[.]example/a[.]php",
        ),
        ("hxxp[s]://e [.] example/x y", "hxxp[s]://e [.] example/x"),
        ("https[://]e(dot)example", "https[://]e(dot)example"),
        ("WWW.e.example/a?", "WWW.e.example/a"),
        ("www[.]e[.]example", "www[.]e[.]example"),
        (
            "run ms-appinstaller:?source=https://e.example/a now",
            "ms-appinstaller:?source=https://e.example/a",
        ),
    ] {
        assert_eq!(urls(text), [expected], "{text}");
    }
}

#[test]
fn lists_of_urls() {
    for text in [
        "https://a.example/,https://b.example/",
        "https://a.example/;https://b.example/",
        "https://a.example/|https://b.example/",
        "https://a.example/, https://b.example/",
    ] {
        assert_eq!(
            urls(text),
            ["https://a.example/", "https://b.example/"],
            "{text}"
        );
    }
}

#[test]
fn what_is_no_url() {
    for text in [
        "12:30",
        "a::b",
        "http:",
        "https://",
        "http:// x",
        "wwww.e.example",
        "x@www.e.example",
        "www",
        "www.",
        "C:\\Users\\x",
        "std::fmt",
        "nothttp",
        "://e.example",
        "see http:/x",
    ] {
        assert_eq!(urls(text), [] as [&str; 0], "{text}");
    }
}

#[test]
fn two_w_in_any_case() {
    for text in ["ww", "a wW", "Ww.", "www", "0123456789abcdef WW"] {
        assert!(has_double_w(text.as_bytes()), "{text}");
    }
    for text in ["", "w", "W", "w w", "wvw", "7W7", "\u{1f77}w"] {
        assert!(!has_double_w(text.as_bytes()), "{text}");
    }
}

#[test]
fn markdown_labels_are_not_urls_of_their_own() {
    let mut found = Vec::new();
    scan(
        "[https://a.example](https://b.example/x) https://c.example",
        |seen| {
            found.push((seen.raw, seen.label));
            true
        },
    );
    assert_eq!(
        found,
        [
            ("https://b.example/x", Some("https://a.example")),
            ("https://c.example", None)
        ]
    );
}
