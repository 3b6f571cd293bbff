//! The wrappers, made from the outside: each puts a url into the form its service gives out.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

/// What URL Defense leaves as it is in its third version.
const REPLACED: &AsciiSet = &CONTROLS
    .add(b'%')
    .add(b'#')
    .add(b'*')
    .add(b'$')
    .add(b'!')
    .add(b';')
    .add(b'+')
    .add(b'(')
    .add(b')');

/// A service that wraps urls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrap {
    SafeLinks,
    SafeLinksTwice,
    Teams,
    UrlDefenseV1,
    UrlDefenseV2,
    UrlDefenseV3,
    Google,
    BingClick,
    BingAdvert,
    LinkedIn,
    Facebook,
    MsAppInstaller,
    Edge,
}

/// Any of them.
pub(crate) fn any() -> impl Strategy<Value = Wrap> {
    prop::sample::select(vec![
        Wrap::SafeLinks,
        Wrap::SafeLinksTwice,
        Wrap::Teams,
        Wrap::UrlDefenseV1,
        Wrap::UrlDefenseV2,
        Wrap::UrlDefenseV3,
        Wrap::Google,
        Wrap::BingClick,
        Wrap::BingAdvert,
        Wrap::LinkedIn,
        Wrap::Facebook,
        Wrap::MsAppInstaller,
        Wrap::Edge,
    ])
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Wrap {
    /// The name in `wrapped_by`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Wrap::SafeLinks | Wrap::SafeLinksTwice => "safelinks",
            Wrap::Teams => "teams",
            Wrap::UrlDefenseV1 => "urldefense-v1",
            Wrap::UrlDefenseV2 => "urldefense-v2",
            Wrap::UrlDefenseV3 => "urldefense-v3",
            Wrap::Google => "google",
            Wrap::BingClick | Wrap::BingAdvert => "bing",
            Wrap::LinkedIn => "linkedin",
            Wrap::Facebook => "facebook",
            Wrap::MsAppInstaller => "ms-appinstaller",
            Wrap::Edge => "microsoft-edge",
        }
    }

    /// The url that the service makes of `url`.
    pub(crate) fn around(&self, url: &str) -> String {
        match self {
            Wrap::SafeLinks => format!(
                "https://eur03.safelinks.protection.outlook.com/?url={}&data=05%7C02&sdata=x%3D&reserved=0",
                encode(url)
            ),
            Wrap::SafeLinksTwice => format!(
                "https://usg02.safelinks.protection.office365.us/?url={}&data=05",
                encode(&encode(url))
            ),
            Wrap::Teams => format!(
                "https://statics.teams.cdn.office.net/evergreen-assets/safelinks/2/atp-safelinks.html?url={}&locale=en-us",
                encode(url)
            ),
            Wrap::UrlDefenseV1 => {
                format!(
                    "https://urldefense.proofpoint.com/v1/url?u={}&k=x",
                    encode(url)
                )
            }
            Wrap::UrlDefenseV2 => {
                let encoded = encode(url).replace("%2F", "_").replace('%', "-");
                format!("https://urldefense.proofpoint.com/v2/url?u={encoded}&d=DwMF&c=x&e=")
            }
            Wrap::UrlDefenseV3 => {
                let mut replaced = String::new();
                let mut target = String::new();
                for c in url.chars() {
                    let one = c.to_string();
                    if utf8_percent_encode(&one, REPLACED).to_string() == one {
                        target.push(c);
                    } else {
                        replaced.push(c);
                        target.push('*');
                    }
                }
                // Two or more in a row are written as a run.
                for run in (2..=20_u8).rev() {
                    let stars = "*".repeat(run.into());
                    let letter = char::from(b'A' + run - 2);
                    let (mut out, mut rest) = (String::new(), target.as_str());
                    while let Some(at) = rest.find(&stars) {
                        out.push_str(&rest[..at]);
                        out.push_str(&format!("\u{1}{letter}"));
                        rest = &rest[at + stars.len()..];
                    }
                    out.push_str(rest);
                    target = out;
                }
                let target = target.replace('\u{1}', "**");
                format!(
                    "https://urldefense.com/v3/__{target}__;{}!!N-x!Y$",
                    URL_SAFE_NO_PAD.encode(replaced)
                )
            }
            Wrap::Google => format!("https://www.google.de/url?sa=t&url={}&usg=x", encode(url)),
            Wrap::BingClick => format!(
                "https://www.bing.com/ck/a?!&&p=x&u=a1{}&ntb=1",
                URL_SAFE_NO_PAD.encode(url)
            ),
            Wrap::BingAdvert => format!(
                "https://www.bing.com/aclick?ld=x&u={}&rlid=1",
                encode(&STANDARD_NO_PAD.encode(encode(url)))
            ),
            Wrap::LinkedIn => format!(
                "https://www.linkedin.com/safety/go?url={}&trk=x",
                encode(url)
            ),
            Wrap::Facebook => format!("https://l.facebook.com/l.php?u={}&h=x", encode(url)),
            Wrap::MsAppInstaller => format!("ms-appinstaller:?source={}", encode(url)),
            Wrap::Edge => format!("microsoft-edge:{url}"),
        }
    }
}
