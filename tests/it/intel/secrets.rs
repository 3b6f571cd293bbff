//! Secrets in urls, and places that nobody is asked about.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use linktrail::intel::{Decision, Privacy};
use proptest::prelude::*;

use super::url;
use crate::growth::{assert_linear_from, repeat};

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl";

fn tenant(send_query: bool) -> Privacy {
    Privacy::new(&["contoso.com"], send_query).unwrap()
}

fn asked(privacy: &Privacy, text: &str) -> String {
    match privacy.decide(&url(text)) {
        Decision::Ask(string) => string,
        Decision::Skip(reason) => panic!("{text} is skipped: {reason}"),
    }
}

#[test]
fn secrets_are_masked_even_when_queries_are_sent() {
    for (text, wanted) in [
        // A shared access signature says by `sig` what its other fields are.
        (
            "https://evil.example/c/b.pdf?sv=2024-11-04&st=2026-10-01&se=2026-10-31&sr=b&sp=r&spr=https&sig=a%2Bb%3D&x=1",
            "https://evil.example/c/b.pdf?sv=***&st=***&se=***&sr=***&sp=***&spr=***&sig=***&x=1",
        ),
        (
            "https://evil.example/?se=ch&sp=1&x=2",
            "https://evil.example/?se=ch&sp=1&x=2",
        ),
        (
            "https://evil.example/cb?code=0.AX0&state=s&session_state=q",
            "https://evil.example/cb?code=***&state=s&session_state=q",
        ),
        (
            "https://evil.example/#access_token=abc&id_token=def&token_type=Bearer",
            "https://evil.example/#access_token=***&id_token=***&token_type=Bearer",
        ),
        (
            "https://evil.example/?Api-Key=1&userPassword=p&X-Amz-Signature=2&client_secret=3",
            "https://evil.example/?Api-Key=***&userPassword=***&X-Amz-Signature=***&client_secret=***",
        ),
        (
            "https://evil.example/?next=https%3A%2F%2Ffine.example%2F%3Fa%3D1%26token%3Dabc&z=1",
            "https://evil.example/?next=https%3A%2F%2Ffine.example%2F%3Fa%3D1%26token%3D***&z=1",
        ),
        (
            "https://evil.example/?data=%7B%22token%22%3A%22abc%22%2C%22n%22%3A1%7D",
            "https://evil.example/?data=%7B%22token%22%3A%22***%22%2C%22n%22%3A1%7D",
        ),
        (
            "https://evil.example/web/https://fine.example/;token=abc/x",
            "https://evil.example/web/https://fine.example/;token=***",
        ),
        (
            "https://evil.example/web/https://bob:pw@fine.example/x?n=1",
            "https://evil.example/web/https://***@fine.example/x?n=1",
        ),
        (
            "https://evil.example/?q=code&n=7",
            "https://evil.example/?q=code&n=7",
        ),
        (
            "https://evil.example/code=7/x",
            "https://evil.example/code=7/x",
        ),
    ] {
        for send_query in [false, true] {
            assert_eq!(asked(&tenant(send_query), text), wanted, "{text}");
        }
    }
    for send_query in [false, true] {
        for text in [
            format!("https://evil.example/v/{JWT}"),
            format!("https://evil.example/?t={JWT}"),
            format!("https://evil.example/#x{JWT}.y/{JWT}"),
            format!(
                "https://evil.example/?t={}",
                STANDARD.encode(format!("token={JWT}"))
            ),
        ] {
            let string = asked(&tenant(send_query), &text);
            assert!(string.ends_with("***"), "{string}");
            assert!(
                !string.contains("/eyJ") && !string.contains("c2lnbmF0dXJl"),
                "{string}"
            );
        }
    }
}

#[test]
fn places_that_are_never_sent_are_skipped_and_masked_in_others() {
    for send_query in [false, true] {
        let privacy = tenant(send_query)
            .never_sending(&[
                "*.partner.example",
                "shop.example/orders/*",
                "bücher.example",
            ])
            .unwrap();
        for (text, pattern) in [
            ("https://a.partner.example/x", "*.partner.example"),
            ("http://bob@A.PARTNER.example.:8080/", "*.partner.example"),
            ("https://shop.example/orders/7?x", "shop.example/orders/*"),
            ("https://shop.example/%6frders/7", "shop.example/orders/*"),
            ("https://xn--bcher-kva.example/", "bücher.example"),
        ] {
            assert_eq!(
                privacy.decide(&url(text)),
                Decision::Skip(format!("never_send pattern {pattern}")),
                "{text}"
            );
        }
        for (text, wanted) in [
            ("https://partner.example/", "https://partner.example/"),
            ("https://shop.example/orders", "https://shop.example/orders"),
            (
                "https://evil.example/?u=https://a.partner.example/x/y&n=1",
                "https://evil.example/?u=***&n=1",
            ),
            (
                "https://evil.example/?u=https%3A%2F%2Fshop.example%2Forders%2F7",
                "https://evil.example/?u=***",
            ),
            (
                "https://evil.example/?u=https%3A%2F%2Fshop.example%2Fhelp",
                "https://evil.example/?u=https%3A%2F%2Fshop.example%2Fhelp",
            ),
            (
                "https://evil.example/web/https://shop.example/orders/7",
                "https://evil.example/web/***",
            ),
        ] {
            assert_eq!(asked(&privacy, text), wanted, "{text}");
        }
    }
    let error = tenant(false)
        .never_sending(&["https://x.example/"])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("intel.never_send: `https://x.example/` has a scheme"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_secret_is_never_sent_however_it_is_written(
        name in prop::sample::select(vec![
            "sig", "code", "token", "access_token", "id_token", "refresh-token", "key", "api_key", "password", "Pwd",
            "client_secret", "sessionId", "x-amz-security-token", "SAMLResponse",
        ]),
        secret in "Zq[a-zA-Z0-9]{12,30}Zq", way in 0..6, fragment in any::<bool>(), send_query in any::<bool>(),
        before in prop::sample::select(vec!["", "a=1&", "u=%26&", "b;"]), after in prop::sample::select(vec!["", "&z=1", ";y"]),
    ) {
        let escape = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pair = format!("{name}={secret}");
        let pair = match way {
            0 => pair,
            1 => format!("u={}", escape(&format!("https://fine.example/?{pair}&x=2"))),
            2 => format!("u={}", escape(&escape(&format!("https://fine.example/?x=2&{pair}")))),
            3 => format!("d={}", URL_SAFE_NO_PAD.encode(format!("https://fine.example/?{pair}"))),
            4 => format!("d={}", escape(&format!("{{\"{name}\":\"{secret}\"}}"))),
            _ => format!("{}={secret}", name.to_uppercase()),
        };
        let mark = if fragment { '#' } else { '?' };
        let string = asked(&tenant(send_query), &format!("https://evil.example/p{mark}{before}{pair}{after}"));
        prop_assert!(!string.contains(&secret), "{}", string);
        prop_assert!(!string.contains(&URL_SAFE_NO_PAD.encode(&pair)), "{}", string);
        prop_assert!(string.contains("***"), "{}", string);
    }
}

#[test]
fn many_pairs_take_time_in_proportion() {
    let privacy = tenant(true)
        .never_sending(&["*/x*", "*.partner.example"])
        .unwrap();
    for unit in [
        "a=",
        "token=",
        "=a=",
        "\":",
        "{\"key\":",
        "eyJ.",
        "eyJhbGciOiJ9.",
        "//a.b/y",
        "sig=&se=",
        "://a@",
        ":",
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
