//! What a provider's answer means, in the words that all providers share.

use super::clip::clip;

use crate::model::UrlSeverity;
pub use crate::model::{Severity, State};

/// Longest summary, in characters.
const SUMMARY: usize = 300;
/// Longest tag, in characters.
const TAG: usize = 64;
/// Most tags of one verdict.
const TAGS: usize = 20;

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

/// Severity of a url from all that was said about it: the highest, or unknown when nobody answered.
pub fn overall<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> UrlSeverity {
    let highest = verdicts.into_iter().filter_map(|verdict| verdict.severity);
    highest.max().into()
}

/// Whether a url is risky: a provider says warning or high.
pub fn risky<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> bool {
    verdicts
        .into_iter()
        .any(|verdict| verdict.severity >= Some(Severity::Warning))
}
