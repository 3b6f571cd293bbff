//! Decides what is an answer of a log service.

use crate::journal::Answer;

/// True when the service answered. It answers in JSON, so HTML or cut JSON with status 200 comes from a proxy. Status 504
/// says that the query takes longer than the service allows, and would say so again.
pub(super) fn is_answer(answer: &Answer) -> bool {
    match answer.status() {
        Some(200) => answer.json().is_some(),
        Some(504) => true,
        _ => answer.is_by_status(),
    }
}
