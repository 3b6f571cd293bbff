use super::*;

fn links(json: &str) -> Vec<(String, Option<String>)> {
    let own = crate::link::Own::default();
    let mut collector = Collector::new(&own);
    collect(json, &mut collector);
    collector
        .into_links()
        .into_iter()
        .map(|link| (link.url.to_string(), link.text))
        .collect()
}

#[test]
fn json_is_told_from_prose() {
    for json in ["{}", " {\"a\":1}", "[{}]", "[]", "\u{feff}{ }", "{\"a"] {
        assert!(is_json(json), "{json}");
    }
    for prose in [
        "",
        "[a](https://evil.example)",
        "{name}",
        "<p>",
        "see {x}",
        "[1]",
    ] {
        assert!(!is_json(prose), "{prose}");
    }
}

#[test]
fn links_stand_in_the_order_of_the_document() {
    let json = r#"{"text":"https://a.example","items":[{"type":"Action.OpenUrl","url":"https://b.example"}],"subtitle":"https://c.example"}"#;
    let found: Vec<String> = links(json).into_iter().map(|(url, _)| url).collect();
    assert_eq!(
        found,
        [
            "https://a.example/",
            "https://b.example/",
            "https://c.example/"
        ]
    );
}

#[test]
fn a_label_counts_only_for_what_is_clicked_with_it() {
    let json = r#"{"title":"outer","buttons":[{"type":"openUrl","value":"https://a.example"}],
                   "tap":{"type":"openUrl","value":"https://b.example"}}"#;
    assert_eq!(
        links(json),
        [
            ("https://a.example/".into(), None),
            ("https://b.example/".into(), Some("outer".into()))
        ]
    );
}

#[test]
fn arrays_inside_arrays_keep_their_key() {
    let json = r#"{"targets":[[["https://a.example"]]],"x":[["https://no.example"]],"inlines":[["https://b.example"]]}"#;
    let found: Vec<String> = links(json).into_iter().map(|(url, _)| url).collect();
    assert_eq!(found, ["https://a.example/", "https://b.example/"]);
}

#[test]
fn documents_in_documents_end() {
    let mut json = r#"{"text":"https://a.example"}"#.to_owned();
    for _ in 0..MAX_DOCUMENTS {
        json = serde_json::json!({ "content": json }).to_string();
    }
    assert_eq!(links(&json).len(), 1);
    json = serde_json::json!({ "content": json }).to_string();
    assert_eq!(links(&json).len(), 0);
}

#[test]
fn broken_nesting_is_read_to_its_end() {
    for json in [
        r#"{"a":[{"text":"https://a.example"}"#,
        r#"{"a":[{"text":"https://a.example"}}]}"#,
        r#"]}{"text":"https://a.example"}"#,
        r#"{"a":{"b":[["x"],{"type":"Action.OpenUrl","url":"https://a.example"#,
    ] {
        assert_eq!(links(json).len(), 1, "{json}");
    }
}
