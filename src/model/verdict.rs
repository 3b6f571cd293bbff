//! What a provider says of a url, in the words that all providers share, and what else speaks against one.

use super::word::words;

words! {
    /// What came of asking a provider about a url.
    pub enum State {
        /// Rated warning or high.
        Hit = "hit",
        /// Rated below that, or whitelisted.
        Clean = "clean",
        /// The provider knows nothing of it.
        NotFound = "not_found",
        /// Not asked.
        Skipped = "skipped",
        /// The provider refused for now.
        RateLimited = "rate_limited",
        /// No answer that can be read.
        Unavailable = "unavailable",
    }
}

words! {
    /// How bad a provider says a url is. The worst is the greatest.
    pub enum Severity {
        /// Nothing against it.
        Information = "information",
        /// Doubtful.
        Warning = "warning",
        /// Bad.
        High = "high",
    }
}

words! {
    /// How bad a url is by all that was said of it. The worst is the greatest.
    pub enum UrlSeverity {
        /// No provider answered.
        Unknown = "unknown",
        /// Nothing against it.
        Information = "information",
        /// Doubtful.
        Warning = "warning",
        /// Bad.
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
    /// What speaks against a url beside the providers. Which of them make it risky, `[risk] signals` says.
    pub enum Signal {
        /// SmartScreen warned about it.
        Smartscreen = "smartscreen",
        /// An alert names it.
        Alert = "alert",
        /// Safe Links blocked a click on it.
        ClickBlocked = "click_blocked",
        /// A message shows another host than the one it leads to.
        TextMismatch = "text_mismatch",
        /// Its host seems made to be taken for another one.
        LookalikeDomain = "lookalike_domain",
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
            "`alerts` is not one of smartscreen, alert, click_blocked, text_mismatch, lookalike_domain"
        );
    }

    #[test]
    fn the_worst_is_the_greatest() {
        assert!(Severity::High > Severity::Warning && Severity::Warning > Severity::Information);
        assert_eq!(UrlSeverity::ALL.iter().max(), Some(&UrlSeverity::High));
        assert_eq!(UrlSeverity::from(None), UrlSeverity::Unknown);
    }
}
