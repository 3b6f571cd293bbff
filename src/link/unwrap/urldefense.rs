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
/// replaced characters, and `**` with a letter behind it for a run of two (`A`) or more of them. The lengths of runs are
/// counted in bytes; older encoders counted characters, which shows when the url needs as many as there are.
fn decode_v3(url: &Url) -> Option<String> {
    let whole = url.as_str();
    let start = whole.find("/v3/__")? + "/v3/__".len();
    let (target, rest) = whole[start..].split_once("__;")?;
    let replaced = rest.split('!').next().unwrap_or_default();
    let replaced = base64_text(replaced).unwrap_or_default();
    let target = decoded(target);
    let runs = || Runs {
        rest: target.as_ref(),
    };
    let needed: usize = runs().map(|(_, count)| count).sum();
    let in_characters = needed != replaced.len() && needed == replaced.chars().count();
    let mut out = String::with_capacity(target.len());
    let mut left = replaced.as_str();
    for (before, count) in runs() {
        out.push_str(before);
        if count == 0 {
            continue;
        }
        let end = match in_characters {
            true => left
                .char_indices()
                .nth(count)
                .map_or(left.len(), |(at, _)| at),
            // A character is never cut in two.
            false => (count..left.len())
                .find(|at| left.is_char_boundary(*at))
                .unwrap_or(left.len()),
        };
        match end {
            // No replaced character is left, so the star belongs to the url itself.
            0 => out.push('*'),
            end => out.push_str(&left[..end]),
        }
        left = &left[end..];
    }
    Some(out)
}

/// The stars of an encoded url: the text before each, and how many characters it stands for; at last the text behind them
/// with 0.
struct Runs<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Runs<'t> {
    type Item = (&'t str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((before, rest)) = self.rest.split_once('*') else {
            return Some((std::mem::take(&mut self.rest), 0));
        };
        let letter = rest.strip_prefix('*').and_then(|tail| tail.bytes().next());
        let (count, used) = match letter.and_then(run_length) {
            Some(count) => (count, 2),
            None => (1, 0),
        };
        self.rest = &rest[used..];
        Some((before, count))
    }
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
                "https://urldefense.com/v3/__http://evil.example/**Aa*.html__;w60j!!foo!bar$",
                "http://evil.example/\u{ed}a#.html",
            ),
            (
                "https://urldefense.com/v3/__https://evil.example/**Een*__;5L2g5aW9Iw!!foo!bar$",
                "https://evil.example/\u{4f60}\u{597d}en#",
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
