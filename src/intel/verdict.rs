//! The verdict of a provider, in the same terms for all providers.

use super::clip::clip;

use crate::model::UrlSeverity;
pub use crate::model::{Severity, State};

/// The longest summary, in characters.
const SUMMARY: usize = 300;
/// The longest tag, in characters.
const TAG: usize = 64;
/// The highest number of tags in one verdict.
const TAGS: usize = 20;

/// The verdict of one provider on one url.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The outcome of asking the provider.
    pub state: State,
    /// How bad the url is; `None` unless the provider rated it.
    pub severity: Option<Severity>,
    /// The provider's own score.
    pub score: Option<f64>,
    /// The verdict, or the reason why there is none, in a few words.
    pub summary: String,
    /// The provider's tags and categories.
    pub tags: Vec<String>,
    /// The address of a page with details.
    pub reference: Option<String>,
}

impl Verdict {
    /// A rating: a hit if the severity is warning or high, and otherwise clean.
    pub fn rated(severity: Severity, summary: &str) -> Self {
        let state = match severity {
            Severity::Information => State::Clean,
            Severity::Warning | Severity::High => State::Hit,
        };
        Self::new(state, Some(severity), summary)
    }

    /// The provider does not know the url.
    pub fn not_found(summary: &str) -> Self {
        Self::new(State::NotFound, Some(Severity::Information), summary)
    }

    /// The provider was not asked, for this reason.
    pub fn skipped(reason: &str) -> Self {
        Self::new(State::Skipped, None, reason)
    }

    /// The provider has refused the request for now.
    pub fn rate_limited(reason: &str) -> Self {
        Self::new(State::RateLimited, None, reason)
    }

    /// There is no valid answer, for this reason.
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

    /// Sets the tags: the first distinct ones, each shortened to the limit.
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

/// The severity of a url over all verdicts: the highest, or unknown when no provider rated it.
pub fn overall<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> UrlSeverity {
    let highest = verdicts.into_iter().filter_map(|verdict| verdict.severity);
    highest.max().into()
}

/// True when a provider rates the url with warning or high.
pub fn risky<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> bool {
    verdicts
        .into_iter()
        .any(|verdict| verdict.severity >= Some(Severity::Warning))
}
