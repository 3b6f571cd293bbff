//! A list of one's own in each of its formats, and what it says of a url.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linktrail::intel::{List, Setup, spec};

fuzz_target!(|text: &str| {
    for name in ["list.csv", "list.txt", "list.json"] {
        let setup = Setup {
            lists: vec![List {
                name: name.to_owned(),
                text: text.to_owned(),
            }],
            ..Setup::default()
        };
        let spec = spec("file").expect("the provider");
        if let Ok(provider) = (spec.build)(&setup) {
            provider.look_up("https://login.evil.example/a?b=c");
        }
    }
});
