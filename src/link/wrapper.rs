//! The services and url handlers that stand between a link and its target.

use std::fmt;

/// What a link was wrapped in. [`Wrapper::as_str`] gives the name used in `wrapped_by`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrapper {
    /// Microsoft Defender Safe Links, every region, and the Outlook page in front of it.
    SafeLinks,
    /// The page Teams shows before it opens a link, or a Teams deep link that opens a url.
    Teams,
    /// Proofpoint URL Defense, first version: the target percent-encoded.
    UrlDefenseV1,
    /// Proofpoint URL Defense, second version: `-` and `_` for `%` and `/`.
    UrlDefenseV2,
    /// Proofpoint URL Defense, third version: the target in the path, some characters apart.
    UrlDefenseV3,
    /// A Google redirect.
    Google,
    /// A Bing redirect, plain or base64.
    Bing,
    /// A LinkedIn redirect.
    LinkedIn,
    /// A redirect of Facebook, Instagram, Messenger, Threads or Workplace.
    Facebook,
    /// `ms-appinstaller:`, which installs the package behind a url.
    MsAppInstaller,
    /// Another url handler that carries a url (`ms-word`, `microsoft-edge`, `search-ms`): its
    /// scheme in lower case.
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
            Wrapper::Handler(scheme) => scheme,
        }
    }
}

impl fmt::Display for Wrapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
