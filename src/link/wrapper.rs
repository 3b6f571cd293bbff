//! The names of the services and url handlers that can be around a link.

use std::fmt;

/// A service or url handler that a link was wrapped in. [`Wrapper::as_str`] is its name in `wrapped_by`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrapper {
    /// Safe Links of Microsoft Defender in every region, and the Outlook page that redirects to them.
    SafeLinks,
    /// The page that Teams shows before it opens a link, or a Teams deep link that opens a url.
    Teams,
    /// The first version of Proofpoint URL Defense, with a percent-encoded target.
    UrlDefenseV1,
    /// The second version of Proofpoint URL Defense, with `-` and `_` for `%` and `/`.
    UrlDefenseV2,
    /// The third version of Proofpoint URL Defense, with the target in the path and some of its characters apart.
    UrlDefenseV3,
    /// A Google redirect.
    Google,
    /// A Bing redirect, with a plain or a base64 target.
    Bing,
    /// A LinkedIn redirect.
    LinkedIn,
    /// A redirect of Facebook, Instagram, Messenger, Threads or Workplace.
    Facebook,
    /// Another service, by its name: a mail gateway, a sender's tracker or a redirector.
    Service(&'static str),
    /// `ms-appinstaller:`, which installs the package behind a url.
    MsAppInstaller,
    /// Another url handler that opens a url (`ms-word`, `microsoft-edge`, `search-ms`), by its scheme in lower case.
    Handler(Box<str>),
}

impl Wrapper {
    /// The name used in `wrapped_by`.
    pub fn as_str(&self) -> &str {
        match self {
            Wrapper::SafeLinks => "safelinks",
            Wrapper::Teams => "teams",
            Wrapper::UrlDefenseV1 => "urldefense-v1",
            Wrapper::UrlDefenseV2 => "urldefense-v2",
            Wrapper::UrlDefenseV3 => "urldefense-v3",
            Wrapper::Google => "google",
            Wrapper::Bing => "bing",
            Wrapper::LinkedIn => "linkedin",
            Wrapper::Facebook => "facebook",
            Wrapper::MsAppInstaller => "ms-appinstaller",
            Wrapper::Service(name) => name,
            Wrapper::Handler(scheme) => scheme,
        }
    }
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
