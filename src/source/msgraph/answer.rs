//! Decides what is an answer of Microsoft Graph. The table in `docs/operations.md` says the same.
//!
//! What is no answer is asked for again when the case is gone on with. So whatever can heal must be no answer here: a
//! permission that is granted later, a list whose owner is new, a token for the next page that ran out, a proxy.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::journal::{Answer, Request};

/// Any error of Microsoft Graph. Something else that answers 404, such as a proxy, has no such body.
#[derive(Deserialize)]
struct ErrorBody {
    #[allow(dead_code, reason = "only its presence counts")]
    error: ErrorCode,
}

#[derive(Deserialize)]
struct ErrorCode {
    #[allow(dead_code, reason = "only its presence counts")]
    code: IgnoredAny,
}

/// A single object: everything that is asked for singly has an id.
#[derive(Deserialize)]
struct Object {
    id: String,
}

#[derive(Deserialize)]
struct Page<'p> {
    #[serde(borrow)]
    value: Vec<Item<'p>>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// Something in a list of Microsoft Graph, which always has an id.
#[derive(Deserialize)]
struct Item<'p> {
    #[serde(borrow)]
    id: Option<&'p RawValue>,
}

impl Item<'_> {
    fn is_named(&self) -> bool {
        let is_name = |id: &RawValue| !matches!(id.get(), "null" | "\"\"");
        self.id.is_some_and(is_name)
    }
}

/// True when a single object was answered for: here it is, or Graph itself says that it does not exist or cannot be
/// asked for in this way.
pub(super) fn is_object(answer: &Answer) -> bool {
    match answer {
        Answer::Response {
            status: 200, body, ..
        } => serde_json::from_str(body).is_ok_and(|object: Object| !object.id.is_empty()),
        Answer::Response {
            status: 400 | 404 | 410,
            body,
            ..
        } => is_error(body),
        _ => false,
    }
}

/// True when a list was answered for, which only a page of it does. Not even 404 does: the owner of the list is known
/// from elsewhere, so it may be that a permission or its copy elsewhere at Microsoft is missing. For a next page it means
/// that the token for it ran out. A page on which something has no id is used without it, and asked for again.
pub(super) fn is_page(answer: &Answer) -> bool {
    page(answer).is_some_and(|page| page.value.iter().all(Item::is_named))
}

/// Like [`is_page`], for the first page of a list that cannot be empty, since a log names something in it.
pub(super) fn is_page_of_some(answer: &Answer) -> bool {
    is_page(answer)
        && page(answer).is_some_and(|page| !page.value.is_empty() || page.next.is_some())
}

/// True when Graph itself refuses the options of the request, such as `$orderby` where it does not sort: the list has to
/// be asked for without them.
pub(super) fn is_refusal_of_options(answer: &Answer) -> bool {
    match answer {
        Answer::Response {
            status: 400, body, ..
        } => is_error(body),
        _ => false,
    }
}

/// Like [`is_page`], for the first page of a list that can be asked for without its options too.
pub(super) fn is_page_or_refusal_of_options(answer: &Answer) -> bool {
    is_page(answer) || is_refusal_of_options(answer)
}

/// True when the token for a next page is refused. Later attempts with the same token end in the same way, so the list
/// has to be read from its first page again.
pub(super) fn is_token_refused(answer: &Answer) -> bool {
    matches!(answer.status(), Some(400 | 404 | 409 | 410 | 412 | 423))
}

/// The request for a next page: any page answers it, an empty one too.
pub(super) fn next_page(mut request: Request, url: url::Url) -> Request {
    request.url = url;
    request.is_answer = is_page;
    request
}

fn page(answer: &Answer) -> Option<Page<'_>> {
    match answer {
        Answer::Response {
            status: 200, body, ..
        } => serde_json::from_str(body).ok(),
        _ => None,
    }
}

pub(super) fn is_error(body: &str) -> bool {
    serde_json::from_str::<ErrorBody>(body).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NoAnswer;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::Response {
            status,
            headers: Default::default(),
            body: body.to_owned(),
        }
    }

    const ERROR: &str = r#"{"error":{"code":"NotFound","message":"NotFound"}}"#;
    const HTML: &str = "<html><body>Sign in</body></html>";

    #[test]
    fn an_object_is_answered_by_itself_or_by_graphs_own_refusal() {
        assert!(is_object(&answer(200, r#"{"id":"1"}"#)));
        for status in [400, 404, 410] {
            assert!(is_object(&answer(status, ERROR)), "{status}");
            for other in [HTML, "", "{}", r#"{"error":"no such path"}"#] {
                assert!(!is_object(&answer(status, other)), "{status} {other}");
            }
        }
        for body in [HTML, "", "{}", "[]", "null", r#"{"id":""}"#, r#"{"id":"1""#] {
            assert!(!is_object(&answer(200, body)), "{body}");
        }
        for status in [
            204, 301, 302, 401, 402, 403, 405, 409, 412, 423, 429, 500, 503,
        ] {
            assert!(!is_object(&answer(status, ERROR)), "{status}");
        }
        assert!(!is_object(&Answer::Nothing(
            NoAnswer::Failed(String::new())
        )));
    }

    #[test]
    fn a_list_is_answered_by_a_page_and_by_nothing_else() {
        assert!(is_page(&answer(200, r#"{"value":[]}"#)));
        for body in [
            HTML,
            "",
            "{}",
            "[]",
            r#"{"value":null}"#,
            r#"{"value":[{"id":"1"}"#,
            r#"{"value":[{"id":"1"},{"id":null}]}"#,
            r#"{"value":[{"id":""}]}"#,
            r#"{"value":[{"name":"a"}]}"#,
        ] {
            assert!(!is_page(&answer(200, body)), "{body}");
        }
        for status in [204, 302, 400, 401, 403, 404, 409, 410, 412, 423, 429, 500] {
            assert!(!is_page(&answer(status, ERROR)), "{status}");
        }
    }

    #[test]
    fn options_are_refused_by_graph_alone() {
        assert!(is_refusal_of_options(&answer(400, ERROR)));
        assert!(is_page_or_refusal_of_options(&answer(400, ERROR)));
        assert!(is_page_or_refusal_of_options(&answer(
            200,
            r#"{"value":[]}"#
        )));
        for (status, body) in [
            (400, HTML),
            (400, ""),
            (404, ERROR),
            (403, ERROR),
            (200, ERROR),
        ] {
            assert!(!is_refusal_of_options(&answer(status, body)), "{status}");
            assert!(
                !is_page_or_refusal_of_options(&answer(status, body)),
                "{status}"
            );
        }
    }

    #[test]
    fn a_list_of_what_a_log_names_is_not_empty() {
        assert!(!is_page_of_some(&answer(200, r#"{"value":[]}"#)));
        assert!(is_page_of_some(&answer(200, r#"{"value":[{"id":"1"}]}"#)));
        let more = r#"{"value":[],"@odata.nextLink":"https://graph.microsoft.com/v1.0/x"}"#;
        assert!(is_page_of_some(&answer(200, more)));
    }
}
