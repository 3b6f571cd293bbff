//! What a provider's answer means, in the words that all providers share.

use super::clip::clip;

/// Longest summary, in characters.
const SUMMARY: usize = 300;
/// Longest tag, in characters.
const TAG: usize = 64;
/// Most tags of one verdict.
const TAGS: usize = 20;

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Rated warning or high.
    Hit,
    /// Rated below that, or whitelisted.
    Clean,
    /// The provider knows nothing of it.
    NotFound,
    /// Not asked.
    Skipped,
    /// The provider refused for now.
    RateLimited,
    /// No answer that can be read.
    Unavailable,
}

impl State {
    /// As verdicts spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Clean => "clean",
            Self::NotFound => "not_found",
            Self::Skipped => "skipped",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How bad a provider says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing against it.
    Information,
    /// Doubtful.
    Warning,
    /// Bad.
    High,
}

impl Severity {
    /// As verdicts spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::High => "high",
        }
    }
}

/// What one provider said about one url.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The outcome of asking a provider.
    pub state: State,
    /// How bad it is; only an answer has one.
    pub severity: Option<Severity>,
    /// The provider's own figure.
    pub score: Option<f64>,
    /// The verdict, or why there is none, in a few words.
    pub summary: String,
    /// The provider's tags and categories.
    pub tags: Vec<String>,
    /// Where to read more.
    pub reference: Option<String>,
}

impl Verdict {
    /// An answer that rates the url: a hit when it is warning or high, else clean.
    pub fn rated(severity: Severity, summary: &str) -> Self {
        let state = match severity {
            Severity::Information => State::Clean,
            Severity::Warning | Severity::High => State::Hit,
        };
        Self::new(state, Some(severity), summary)
    }

    /// An answer that knows nothing of the url.
    pub fn not_found(summary: &str) -> Self {
        Self::new(State::NotFound, Some(Severity::Information), summary)
    }

    /// Nobody was asked, for that reason.
    pub fn skipped(reason: &str) -> Self {
        Self::new(State::Skipped, None, reason)
    }

    /// The provider refuses for now.
    pub fn rate_limited(reason: &str) -> Self {
        Self::new(State::RateLimited, None, reason)
    }

    /// No answer that can be read, for that reason.
    pub fn unavailable(reason: &str) -> Self {
        Self::new(State::Unavailable, None, reason)
    }

    fn new(state: State, severity: Option<Severity>, summary: &str) -> Self {
        Self {
            state,
            severity,
            score: None,
            summary: clip(summary, SUMMARY),
            tags: Vec::new(),
            reference: None,
        }
    }

    pub(super) fn score(mut self, score: f64) -> Self {
        self.score = Some(score);
        self
    }

    /// The first distinct ones, each cut to a bearable length.
    pub(super) fn tags<'a>(mut self, tags: impl IntoIterator<Item = &'a str>) -> Self {
        for tag in tags {
            if self.tags.len() == TAGS {
                break;
            }
            let tag = clip(tag, TAG);
            if !tag.is_empty() && !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        self
    }

    pub(super) fn reference(mut self, reference: Option<String>) -> Self {
        self.reference = reference;
        self
    }
}

/// Severity of a url from all that was said about it: the highest, or `unknown` when nobody answered.
pub fn overall<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> &'static str {
    let highest = verdicts.into_iter().filter_map(|verdict| verdict.severity);
    highest.max().map_or("unknown", Severity::as_str)
}

/// Whether a url is risky: a provider says warning or high.
pub fn risky<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> bool {
    verdicts
        .into_iter()
        .any(|verdict| verdict.severity >= Some(Severity::Warning))
}
