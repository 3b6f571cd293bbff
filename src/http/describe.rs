//! Shortens the error texts of reqwest.

use std::error::Error as _;

/// Describes an error without the url, which reqwest repeats in every error and which the record has already.
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
