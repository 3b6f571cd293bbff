//! The vocabulary of verdicts that all providers share, and the signals of a url.

use super::word::words;

words! {
    /// The outcome of asking a provider about a url.
    pub enum State {
        /// The provider rates the url with warning or high.
        Hit = "hit",
        /// The provider rates the url lower, or has it on a list of good ones.
        Clean = "clean",
        /// The provider does not know the url.
        NotFound = "not_found",
        /// The provider was not asked.
        Skipped = "skipped",
        /// The provider has refused the request for now.
        RateLimited = "rate_limited",
        /// There is no valid answer.
        Unavailable = "unavailable",
    }
}

words! {
    /// How bad a url is according to a provider. The worst is the greatest.
    pub enum Severity {
        /// The provider has nothing against the url.
        Information = "information",
        /// The url is doubtful.
        Warning = "warning",
        /// The url is bad.
        High = "high",
    }
}

words! {
    /// How bad a url is according to all providers. The worst is the greatest.
    pub enum UrlSeverity {
        /// No provider rated the url.
        Unknown = "unknown",
        /// No provider has anything against the url.
        Information = "information",
        /// The url is doubtful.
        Warning = "warning",
        /// The url is bad.
        High = "high",
    }
}

impl From<Option<Severity>> for UrlSeverity {
    fn from(highest: Option<Severity>) -> Self {
        match highest {
            None => Self::Unknown,
            Some(Severity::Information) => Self::Information,
            Some(Severity::Warning) => Self::Warning,
            Some(Severity::High) => Self::High,
        }
    }
}

words! {
    /// Evidence against a url other than verdicts. `[risk] signals` decides which signals make a url risky.
    pub enum Signal {
        /// SmartScreen warned about the url.
        Smartscreen = "smartscreen",
        /// An alert names the url.
        Alert = "alert",
        /// Safe Links blocked a click on the url.
        ClickBlocked = "click_blocked",
        /// The text of a link shows another host than the link leads to.
        TextMismatch = "text_mismatch",
        /// The host looks like an imitation of another one.
        LookalikeDomain = "lookalike_domain",
        /// The link is one of a service that shortens links.
        Shortener = "shortener",
        /// The link is around another one, which only its owner can tell.
        OpaqueWrapper = "opaque_wrapper",
        /// The link opens a file on another machine, which gets the reader's name and password hash.
        FileShare = "file_share",
        /// Defender rated a message that holds the url, and not the url itself.
        FlaggedMessage = "flagged_message",
        /// Somebody reported a message that holds the url.
        Reported = "reported",
        /// A message that holds the url was removed after delivery.
        Zapped = "zapped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::word::Word;

    #[test]
    fn every_word_is_read_as_what_wrote_it() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(*state));
        }
        for signal in Signal::ALL {
            let written = serde_json::to_string(signal).unwrap();
            assert_eq!(serde_json::from_str::<Signal>(&written).unwrap(), *signal);
        }
        assert_eq!(Severity::parse("unknown"), None);
        assert_eq!("alert".parse(), Ok(Signal::Alert));
        assert_eq!(
            "alerts".parse::<Signal>().unwrap_err().to_string(),
            "`alerts` is not one of smartscreen, alert, click_blocked, text_mismatch, lookalike_domain, shortener, opaque_wrapper, file_share, flagged_message, reported, zapped"
        );
    }

    #[test]
    fn the_worst_is_the_greatest() {
        assert!(Severity::High > Severity::Warning && Severity::Warning > Severity::Information);
        assert_eq!(UrlSeverity::ALL.iter().max(), Some(&UrlSeverity::High));
        assert_eq!(UrlSeverity::from(None), UrlSeverity::Unknown);
    }
}
