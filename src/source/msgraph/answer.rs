//! Decides what is an answer of Microsoft Graph.

use crate::journal::Answer;

/// True when Microsoft Graph answered. It answers in JSON, so HTML or cut JSON with status 200 comes from a proxy.
pub(super) fn is_answer(answer: &Answer) -> bool {
    answer.is_by_status() && (answer.status() != Some(200) || answer.json().is_some())
}
