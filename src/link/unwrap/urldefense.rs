//! Proofpoint URL Defense, in the three encodings that its public decoder reads.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::Url;

use super::query::base64_text;
use crate::link::entity;
use crate::link::wrapper::Wrapper;

/// The hosts of the service.
pub(super) const HOSTS: [&str; 4] = [
    "urldefense.com",
    "urldefense.us",
    "urldefense.proofpoint.com",
    "urldefense.proofpoint.us",
];

/// The version and the target; `None` for other urls.
pub(super) fn layer(host: &str, url: &Url) -> Option<(Wrapper, Vec<String>)> {
    if !HOSTS.contains(&host) {
        return None;
    }
    let (version, rest) = url.path().strip_prefix("/v")?.split_once('/')?;
    let (wrapper, target) = match version {
        "1" => (Wrapper::UrlDefenseV1, unescape(&decoded(parameter_u(url)?))),
        "2" => {
            let encoded: String = parameter_u(url)?
                .chars()
                .map(|c| match c {
                    '-' => '%',
                    '_' => '/',
                    c => c,
                })
                .collect();
            (Wrapper::UrlDefenseV2, unescape(&decoded(&encoded)))
        }
        "3" if rest.starts_with("__") => (Wrapper::UrlDefenseV3, decode_v3(url)?),
        _ => return None,
    };
    Some((wrapper, vec![target]))
}

/// The parameter `u`, not decoded. Unlike in other queries, `+` is a plus here.
fn parameter_u(url: &Url) -> Option<&str> {
    url.query()?.split('&').find_map(|pair| {
        pair.strip_prefix("amp;")
            .unwrap_or(pair)
            .strip_prefix("u=")
            .filter(|u| !u.is_empty())
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn unescape(text: &str) -> String {
    entity::decode(text, entity::Rules::Strict).into_owned()
}

/// Decodes `/v3/__<url>__;<replaced characters in base64>!<signature>`. Each `*` in the url stands for one of the
/// replaced characters, and `**` with a letter behind it for a run of two (`A`) or more of them.
fn decode_v3(url: &Url) -> Option<String> {
    let whole = url.as_str();
    let start = whole.find("/v3/__")? + "/v3/__".len();
    let (target, rest) = whole[start..].split_once("__;")?;
    let replaced = rest.split('!').next().unwrap_or_default();
    let replaced = base64_text(replaced).unwrap_or_default();
    let mut replaced = replaced.chars();
    let target = decoded(target);
    let mut out = String::with_capacity(target.len());
    let mut rest = target.as_ref();
    while let Some(star) = rest.find('*') {
        out.push_str(&rest[..star]);
        rest = &rest[star + 1..];
        let run = rest
            .strip_prefix('*')
            .and_then(|tail| tail.bytes().next())
            .and_then(run_length);
        let count = match run {
            Some(count) => {
                rest = &rest[2..];
                count
            }
            None => 1,
        };
        let before = out.len();
        out.extend(replaced.by_ref().take(count));
        if out.len() == before {
            // No replaced character is left, so the star belongs to the url itself.
            out.push('*');
        }
    }
    out.push_str(rest);
    Some(out)
}

/// How many characters the letter behind `**` stands for.
fn run_length(letter: u8) -> Option<usize> {
    let at = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(usize::from(at) + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Option<String> {
        let url = Url::parse(url).unwrap();
        layer(url.host_str()?, &url).map(|(_, targets)| targets.join(" "))
    }

    #[test]
    fn each_version() {
        for (url, expected) in [
            (
                "https://urldefense.proofpoint.com/v1/url?u=http://evil.example/a%3Fb%3D1%26amp%3Bc%3D2&k=x",
                "http://evil.example/a?b=1&c=2",
            ),
            (
                "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_a-2Db-5Fc-3Fd-3D1&d=DwMF&c=x",
                "https://evil.example/a-b_c?d=1",
            ),
            (
                "https://urldefense.com/v3/__https://evil.example/a*20b__;JQ!!x!y$",
                "https://evil.example/a%20b",
            ),
            (
                "https://urldefense.com/v3/__https://evil.example/a**Bb__;wqDDocKi!!x",
                "https://evil.example/a\u{a0}\u{e1}\u{a2}b",
            ),
            (
                "https://urldefense.us/v3/__https:/evil.example/__;!!x",
                "https:/evil.example/",
            ),
        ] {
            assert_eq!(target(url).as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn too_few_characters_leave_stars() {
        assert_eq!(
            target("https://urldefense.com/v3/__https://evil.example/**/*__;!!x").as_deref(),
            Some("https://evil.example/**/*")
        );
    }

    #[test]
    fn other_paths_are_urls_of_their_own() {
        assert_eq!(target("https://urldefense.com/v3/other"), None);
        assert_eq!(target("https://urldefense.com/"), None);
        assert_eq!(target("https://urldefense.com/v2/url?d=x"), None);
    }
}
