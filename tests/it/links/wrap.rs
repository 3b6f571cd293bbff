//! The wrappers, made from the outside: each puts a url into the form its service gives out.

use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::ZlibEncoder;
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
    /// A service of the table, by its name, and the form of its urls.
    Service(&'static str, Form),
}

/// How a service of the table puts a url into its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Percent-encoded between these two texts.
    Encoded(&'static str, &'static str),
    /// As it is between these two texts.
    Plain(&'static str, &'static str),
    /// In base64.
    Base64(&'static str, &'static str),
    /// Compressed with zlib, in base64.
    Zlib(&'static str, &'static str),
    /// In JSON, in base64.
    Json(&'static str, &'static str),
    /// In JSON in JSON, in base64.
    JsonInJson(&'static str, &'static str),
}

use Form::{Base64, Encoded, Json, JsonInJson, Plain, Zlib};

/// The services whose urls hold any other url.
#[rustfmt::skip]
pub(crate) const SERVICES: [(&str, Form); 39] = [
    ("amazon-ses", Encoded("https://x.r.us-east-1.awstrack.me/L0/", "/1/0100-000000/sig=473")),
    ("barracuda", Encoded("https://linkprotect.cudasvc.com/url?a=", "&c=E,1,x&typo=1")),
    ("bluesky", Encoded("https://go.bsky.app/redirect?u=", "")),
    ("checkpoint", Encoded("https://checkpoint.url-protection.com/v1/url?o=", "&g=x&h=y")),
    ("checkpoint", Plain("https://protect.checkpoint.com/v2/___", "___.YzJ1OnN0YXRl")),
    ("checkpoint", Plain("https://url.avanan.click/v2/___", "___.YXAz")),
    ("cisco", Encoded("https://secure-web.cisco.com/1ZW75xkji42/", "")),
    ("disqus", Encoded("https://disq.us/?url=", "&key=abc")),
    ("duckduckgo", Encoded("https://duckduckgo.com/l/?uddg=", "&rut=x")),
    ("edgepilot", Encoded("https://link.edgepilot.com/s/4239f747/ca21?u=", "")),
    ("egress", Zlib("https://links.eu1.defend.egress.com/Warning?crId=6&Lang=en&Base64Url=", "")),
    ("fireeye", Encoded("https://protect2.fireeye.com/v1/url?k=00bf&q=1&u=", "")),
    ("fortimail", Encoded("https://gw000151-eu.fortimail.com/fmlurlsvc/?fewReq=x&url=", "")),
    ("hornetsecurity", Encoded("https://atpscan.global.hornetsecurity.com/?d=H&f=r&u=", "")),
    ("href-li", Plain("https://href.li/?", "")),
    ("mailchimp", Encoded("https://list.mailchimp.com/mctx/clicks?url=", "&xid=abc")),
    ("mailinblack", Json("https://mibc-fr-11.mailinblack.com/securelink/?url=https://www.example.com&key=", "")),
    ("mandrill", Encoded("http://mandrillapp.com/track/click.php?u=3&url=", "&url_id=8")),
    ("mandrill", JsonInJson("https://mandrillapp.com/track/click/3/www.example.com?p=", "")),
    ("medium", Encoded("https://medium.com/r/?url=", "")),
    ("menlo", Plain("https://safe.menlosecurity.com/", "")),
    ("proofpoint-isolation", Encoded("https://urlisolation.com/browser?clickId=8D&url=", "")),
    ("reddit", Encoded("https://out.reddit.com/?url=", "&token=abc")),
    ("skimlinks", Encoded("https://go.skimresources.com/?id=12345&xs=1&url=", "")),
    ("slack", Encoded("https://slack-redir.net/link?url=", "")),
    ("sophos", Base64("https://eu-central-1.protection.sophos.com/?d=example.com&u=", "&i=Nj")),
    ("steam", Encoded("https://steamcommunity.com/linkfilter/?url=", "")),
    ("symantec", Encoded("https://clicktime.symantec.com/3FEDiehu?u=", "")),
    ("telegram", Encoded("https://t.me/iv?url=", "&rhash=abc123")),
    ("titanhq", Encoded("https://linklock.titanhq.com/analyse?url=", "&data=eJx")),
    ("trendmicro", Encoded("https://ddec1-0-en-ctp.trendmicro.com/wis/clicktime/v1/query?url=", "&umid=1")),
    ("tumblr", Encoded("https://t.umblr.com/redirect?z=", "&t=signature")),
    ("viglink", Encoded("https://redirect.viglink.com/?key=abc&u=", "")),
    ("vk", Encoded("https://vk.com/away.php?to=", "&utf=1")),
    ("web-archive", Encoded("https://web.archive.org/web/20240101120000/", "")),
    ("web-archive", Plain("https://web.archive.org/web/20240101120000if_/", "")),
    ("yahoo", Encoded("https://r.search.yahoo.com/_ylt=AAA/RV=2/RU=", "/RK=2/RS=DDD-")),
    ("yandex-turbo", Encoded("https://yandex.ru/turbo?text=", "")),
    ("yandex-turbo", Encoded("https://yandex.com/turbo?text=", "")),
];

impl Form {
    fn around(self, url: &str) -> String {
        let json = |text: serde_json::Value| STANDARD_NO_PAD.encode(text.to_string());
        match self {
            Encoded(before, after) => format!("{before}{}{after}", encode(url)),
            Plain(before, after) => format!("{before}{url}{after}"),
            Base64(before, after) => {
                format!("{before}{}{after}", encode(&STANDARD_NO_PAD.encode(url)))
            }
            Zlib(before, after) => {
                let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
                packed.write_all(url.as_bytes()).unwrap();
                format!(
                    "{before}{}{after}",
                    URL_SAFE_NO_PAD.encode(packed.finish().unwrap())
                )
            }
            Json(before, after) => {
                let json = json(serde_json::json!({"lang": "FR", "url": url, "token": "x"}));
                format!("{before}{}{after}", encode(&json))
            }
            JsonInJson(before, after) => {
                let inner = serde_json::json!({"u": 3, "v": 1, "url": url}).to_string();
                let json = json(serde_json::json!({"s": "x", "v": 1, "p": inner}));
                format!("{before}{}{after}", encode(&json))
            }
        }
    }

    /// The same on a host that belongs to somebody else.
    pub(crate) fn elsewhere(self) -> Form {
        let moved = |before: &'static str| -> &'static str {
            let rest = &before[before.find("://").unwrap() + 3..];
            let (host, rest) = rest.split_once('/').unwrap();
            format!("https://{host}.evil.example/{rest}").leak()
        };
        match self {
            Encoded(before, after) => Encoded(moved(before), after),
            Plain(before, after) => Plain(moved(before), after),
            Base64(before, after) => Base64(moved(before), after),
            Zlib(before, after) => Zlib(moved(before), after),
            Json(before, after) => Json(moved(before), after),
            JsonInJson(before, after) => JsonInJson(moved(before), after),
        }
    }
}

/// Any of them.
pub(crate) fn any() -> impl Strategy<Value = Wrap> {
    prop::sample::select(all())
}

/// All of them.
pub(crate) fn all() -> Vec<Wrap> {
    let services = SERVICES.iter();
    let services = services.map(|(name, form)| Wrap::Service(name, *form));
    let others = [
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
    ];
    others.into_iter().chain(services).collect()
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
            Wrap::Service(name, _) => name,
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
            Wrap::Service(_, form) => form.around(url),
        }
    }
}
