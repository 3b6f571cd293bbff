//! One url: unwrapping reaches a fixed point, and what is told of its host never panics.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use linktrail::link::{
    Lookalikes, canonical, defang, domain, host_search_terms, path_search_terms,
};

static NAMES: LazyLock<Lookalikes> = LazyLock::new(|| Lookalikes::new(&["contoso.com"]));

fuzz_target!(|text: &str| {
    if let Some((url, _)) = canonical(text) {
        let (again, wrappers) = canonical(url.as_str()).expect("a url stays one");
        assert_eq!(again, url);
        assert!(wrappers.is_empty(), "{wrappers:?} were left");
        defang(&url);
        domain(&url);
        host_search_terms(&url);
        path_search_terms(&url);
        NAMES.reason(&url);
    }
});
