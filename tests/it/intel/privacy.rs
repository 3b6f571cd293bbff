//! What is never sent.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use linktrail::intel::{Decision, Privacy};
use proptest::prelude::*;
use url::Url;

use super::url;
use crate::growth::{assert_linear_from, repeat};

fn asked(privacy: &Privacy, text: &str) -> String {
    match privacy.decide(&url(text)) {
        Decision::Ask(string) => string,
        Decision::Skip(reason) => panic!("{text} is skipped: {reason}"),
    }
}

#[test]
fn only_what_must_not_be_seen_is_masked() {
    let privacy = tenant(false);
    for (text, wanted) in [
        ("https://evil.example", "https://evil.example/"),
        (
            "https://evil.example/a?b=c&d#e",
            "https://evil.example/a?b=c&d#e",
        ),
        (
            "https://bob:pw@evil.example:8443/",
            "https://evil.example:8443/",
        ),
        ("https://evil.example/?", "https://evil.example/?"),
        (
            "https://evil.example/?e=alice@contoso.com&x=1#y",
            "https://evil.example/?e=***&x=1#y",
        ),
        (
            "https://evil.example/?x=1&e=alice%40contoso.com",
            "https://evil.example/?x=1&e=***",
        ),
        (
            "https://evil.example/?e=a%26b%3Dc%40contoso.com&x",
            "https://evil.example/?e=***&x",
        ),
        (
            "https://evil.example/?e=%22a%20b%22%40contoso.com",
            "https://evil.example/?e=***",
        ),
        (
            "https://evil.example/?a@b.com,c@d.com;x",
            "https://evil.example/?***,***;x",
        ),
        (
            "https://evil.example/#alice_fabrikam.com#EXT#@contoso.com",
            "https://evil.example/#***",
        ),
        // Windows text in base64, with base64 characters on either side.
        (
            "https://evil.example/p?/verify/YQBhAEAAYgBiAC4AYwBvAG0A/end",
            "https://evil.example/p?***",
        ),
        (
            "https://evil.example/?e=YWxpY2VAY29udG9zby5jb20=&x",
            "https://evil.example/?e=***&x",
        ),
        (
            "https://evil.example/?e=YWxpY2VAY29udG9zby5jb20%3D&x",
            "https://evil.example/?e=***&x",
        ),
        (
            "https://evil.example/#/v/YWxpY2VAY29udG9zby5jb20",
            "https://evil.example/#***",
        ),
        (
            "https://evil.example/?t=eyJhbGciOiJub25lIn0.eyJ1cG4iOiJhbGljZUBjb250b3NvLmNvbSJ9.sig",
            "https://evil.example/?t=***",
        ),
        (
            "https://evil.example/?h=616c69636540636f6e746f736f2e636f6d",
            "https://evil.example/?h=***",
        ),
        // Shaped like something secret, and nothing of the kind.
        (
            "https://evil.example/?v=dGhpcyBpcyBub3RoaW5n",
            "https://evil.example/?v=dGhpcyBpcyBub3RoaW5n",
        ),
        (
            "https://evil.example/#/@51.5,-0.1,15z",
            "https://evil.example/#/@51.5,-0.1,15z",
        ),
        (
            "https://evil.example/a//1//b?c=//d",
            "https://evil.example/a//1//b?c=//d",
        ),
        // A path is part of the address that is asked about.
        (
            "https://evil.example/alice@contoso.com",
            "https://evil.example/alice@contoso.com",
        ),
        (
            "https://evil.example/?next=https%3A%2F%2Fcontoso.com%2Fhr%3Fid%3D1&x=1",
            "https://evil.example/?next=***&x=1",
        ),
        (
            "https://evil.example/?next=//fabrikam.sharepoint.com/a&x",
            "https://evil.example/?next=***&x",
        ),
        (
            "https://evil.example/?next=http://10.0.0.1/a",
            "https://evil.example/?next=***",
        ),
        (
            "https://evil.example/?next=//10.0.0.1/a",
            "https://evil.example/?next=***",
        ),
        (
            "https://evil.example/?next=\\\\10.0.0.1\\a",
            "https://evil.example/?next=***",
        ),
        (
            "https://evil.example/?next=file://server/share",
            "https://evil.example/?next=***",
        ),
        (
            "https://evil.example/web/https:/www.contoso.com/a",
            "https://evil.example/web/***",
        ),
        (
            "https://evil.example/?next=https://evil.net/contoso.com",
            "https://evil.example/?next=https://evil.net/contoso.com",
        ),
    ] {
        assert_eq!(asked(&privacy, text), wanted, "{text}");
    }
    let deep = format!(
        "https://evil.example/?e=alice%{}40contoso.com",
        "25".repeat(50)
    );
    assert_eq!(asked(&privacy, &deep), "https://evil.example/?***");
}

#[test]
fn only_web_addresses_are_asked_about() {
    let privacy = Privacy::new::<&str>(&[], false).unwrap();
    for text in [
        "ftp://evil.example/",
        "mailto:a@evil.example",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ms-word:ofe|u|x",
    ] {
        assert!(
            matches!(privacy.decide(&url(text)), Decision::Skip(_)),
            "{text}"
        );
    }
}

#[test]
fn an_internal_domain_that_cannot_be_one_is_an_error() {
    let error = Privacy::new(&["contoso.com", "https://contoso.com"], false)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("tenant.internal_domains: `https://contoso.com`"),
        "{error}"
    );
}

/// The ways in which an address gets into a link.
fn encodings(text: &str) -> Vec<String> {
    let escaped =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    let at = text.replace('@', "%40");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut all = vec![
        text.to_owned(),
        text.to_uppercase(),
        at.clone(),
        at.replace('%', "%25"),
        at.replace('%', "%252525"),
        escaped(text),
        escaped(&escaped(text)),
        text.bytes().map(|byte| format!("{byte:02X}")).collect(),
        STANDARD.encode(wide),
        STANDARD.encode(STANDARD.encode(text)),
        STANDARD.encode(&at),
        STANDARD.encode(format!("{{\"upn\":\"{text}\",\"n\":1}}")),
    ];
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        all.push(engine.encode(text));
        all.push(escaped(&engine.encode(text)));
        all.push(
            engine
                .encode(text)
                .replace('=', "%3D")
                .replace('+', "%2B")
                .replace('/', "%2F"),
        );
    }
    all
}

/// Whether a text holds the address in any of those ways, as somebody would see who looks for it.
fn shows(text: &str, address: &str) -> bool {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let mut layers = vec![text.to_owned()];
    for _ in 0..6 {
        layers.push(decode(layers.last().unwrap()));
    }
    layers.iter().any(|layer| {
        let layer = layer.to_lowercase();
        encodings(address)
            .iter()
            .any(|way| layer.contains(way.trim_end_matches('=').to_lowercase().as_str()))
    })
}

fn address() -> impl Strategy<Value = String> {
    let local = "[a-zA-Z0-9][a-zA-Z0-9.+_'-]{0,11}[a-zA-Z0-9]";
    let domain = "[a-z0-9]{1,10}(\\.[a-z0-9-]{0,5}[a-z]){0,2}\\.(com|example|co\\.uk)";
    (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

fn host_inside() -> impl Strategy<Value = String> {
    let label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?";
    prop_oneof![
        (
            label,
            prop::sample::select(vec![
                "contoso.com",
                "Contoso.COM.",
                "fabrikam.sharepoint.com",
                "fabrikam-my.sharepoint.com",
                "xn--bcher-kva.de",
                "BÜCHER.de"
            ])
        )
            .prop_map(|(label, domain)| format!("a{label}.{domain}")),
        (
            label,
            prop::sample::select(vec!["", ".", ".local", ".internal", ".corp", ".lan."])
        )
            .prop_map(|(label, end)| format!("a{label}{end}")),
        (any::<u8>(), any::<u8>(), any::<u8>()).prop_map(|(b, c, d)| format!("10.{b}.{c}.{d}")),
        any::<u16>().prop_map(|low| format!("0xc0a8{low:04x}")),
        any::<u32>().prop_map(|low| format!("{}", 0x7f00_0000 | (low & 0x00ff_ffff))),
        any::<(u16, u16)>().prop_map(|(c, d)| format!("[::ffff:ac1{:x}:{d:x}]", c % 0x10)),
        any::<(u16, u16)>().prop_map(|(a, b)| format!("[fd{:02x}:{b:x}::1]", a % 256)),
    ]
}

fn tenant(send_query: bool) -> Privacy {
    Privacy::new(
        &["contoso.com", "fabrikam.onmicrosoft.com", "bücher.DE"],
        send_query,
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn urls_inside_are_never_sent(
        host in host_inside(), scheme in "(http|https|HTTPS)", user in "([a-z]{1,5}(:[a-z]{0,5})?@)?",
        rest in "(:[1-9][0-9]{1,3})?(/[ -~]{0,20})?", send_query in any::<bool>(),
    ) {
        let text = format!("{scheme}://{user}{host}{rest}");
        let decision = tenant(send_query).decide(&url(&text));
        prop_assert!(matches!(decision, Decision::Skip(_)), "{} -> {:?}", text, decision);
    }

    #[test]
    fn users_and_passwords_are_never_sent(user in "Q[ -~]{0,10}", password in "Z[ -~]{0,10}", path in "[a-y0-9/]{0,10}", send_query in any::<bool>()) {
        let mut url = url(&format!("https://evil.example/{path}"));
        url.set_username(&user).unwrap();
        url.set_password(Some(&password)).unwrap();
        prop_assert_eq!(tenant(send_query).decide(&url), Decision::Ask(format!("https://evil.example/{path}")));
    }

    #[test]
    fn addresses_in_query_and_fragment_are_never_sent(
        address in address(), way in any::<prop::sample::Index>(), in_fragment in any::<bool>(),
        before in prop::sample::select(vec!["", "e=", "x=1&mail=", "/verify/", "u=a,b&", "!", "id-", "Xk3"]),
        after in prop::sample::select(vec!["", "&x=1", "/end", "#t", "%26a", ",z"]),
    ) {
        let ways = encodings(&address);
        let hidden = way.get(&ways);
        let mark = if in_fragment { '#' } else { '?' };
        let text = format!("https://evil.example/p{mark}{before}{hidden}{after}");
        let string = asked(&tenant(false), &text);
        prop_assert!(!shows(&string, &address), "{} -> {}", text, string);
        prop_assert!(string.starts_with("https://evil.example/p"), "{} -> {}", text, string);
        // Whoever sets send_query wants the url as it is.
        prop_assert_eq!(asked(&tenant(true), &text), url(&text).to_string());
    }

    #[test]
    fn internal_urls_within_others_are_never_sent(
        host in host_inside(), encoded in 0..4, place in prop::sample::select(vec!["?u=", "#", "?a=1&next=", "/web/"]), send_query in any::<bool>(),
    ) {
        let inner = format!("https://{host}/secret-page");
        let escaped: String = percent_encoding::utf8_percent_encode(&inner, percent_encoding::NON_ALPHANUMERIC).to_string();
        let inner = match encoded {
            0 => inner,
            1 => escaped,
            2 => escaped.replace('%', "%25"),
            _ => URL_SAFE_NO_PAD.encode(inner),
        };
        let string = asked(&tenant(send_query), &format!("https://evil.example/p{place}{inner}"));
        prop_assert!(string.ends_with("***"), "{}", string);
        prop_assert!(!string.contains("secret") && !string.contains(&inner), "{}", string);
    }

    #[test]
    fn nothing_panics_and_what_may_be_sent_may_be_sent(text in "(https?://[a-z]{1,3}\\.com)?[ -~é＠%@/=+_-]{0,200}", send_query in any::<bool>()) {
        let decision = Url::parse(&text).map(|url| (tenant(send_query).decide(&url), url));
        if let Ok((Decision::Ask(string), url)) = decision {
            let sent = Url::parse(&string).unwrap();
            prop_assert_eq!(sent.host_str(), url.host_str());
            prop_assert!(matches!(tenant(send_query).decide(&sent), Decision::Ask(_)));
        }
    }
}

#[test]
fn long_urls_take_time_in_proportion() {
    let privacy = tenant(false);
    for unit in [
        "a@[",
        "%25",
        "YWxp",
        "//a",
        "\"@",
        "a@",
        "https://x.com/",
        "616c",
        "@",
        "=",
        "%40",
        "a.b-c_",
    ] {
        // To 200,000 bytes and more.
        assert_linear_from(
            25_000,
            unit,
            |size| format!("https://evil.example/?{}", repeat(unit, size)),
            |text| assert!(matches!(privacy.decide(&url(text)), Decision::Ask(_))),
        );
    }
}
