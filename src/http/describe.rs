//! Error texts of reqwest, made short.

use std::error::Error as _;

/// Says what went wrong, without the url that reqwest repeats in every error: the record has it already.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else {
        "the request failed"
    };
    let mut innermost = error.source();
    while let Some(inner) = innermost.and_then(|inner| inner.source()) {
        innermost = Some(inner);
    }
    match innermost {
        Some(cause) => format!("{what} ({cause})"),
        None => what.to_owned(),
    }
}
