//! A body, as HTML and as text: no panic, and every link is normalised.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linktrail::link::{Body, canonical, extract, visible_text};

fuzz_target!(|text: &str| {
    for html in [true, false] {
        let body = Body {
            html,
            content: Some(text),
        };
        visible_text(body);
        for link in extract(body, &[]) {
            let (again, _) = canonical(link.url.as_str()).expect("a link is a url");
            assert_eq!(again, link.url, "normalised once is normalised");
        }
    }
});
