//! Lists, read page by page. While a page is parsed on another thread, the next one is fetched.

use std::collections::HashSet;
use std::panic::resume_unwind;

use futures::future::{BoxFuture, FutureExt, ready};
use futures::stream::{FuturesOrdered, StreamExt};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use url::Url;

use super::{Graph, MOST_EMPTY_PAGES, Problem, Recorded, Subject, object};
use crate::http::Failure;
use crate::journal::{Exchange, Request};

/// The highest number of pages of a list. With 50 messages a page this allows fifty million.
const MOST_PAGES: usize = 1_000_000;
/// The number of pages of a list that are parsed while the next one is fetched.
const AHEAD: usize = 4;
/// A body of fewer bytes is parsed at once, since passing it to another thread takes longer.
const SMALL: usize = 8 * 1024;

/// A page without its items: whether there are any, and whether and where the list goes on.
#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    value: Vec<IgnoredAny>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Default, Deserialize)]
struct Page<'p> {
    #[serde(borrow, default)]
    value: Vec<&'p RawValue>,
}

/// The items of a page, and whether all of them could be parsed.
struct Items<M> {
    items: Vec<M>,
    whole: bool,
}

impl Graph {
    /// Reads a list page by page. The first page may have been fetched already. `digest` is called with each item on
    /// any thread, and `visit` with its results in the order of the list.
    pub(super) async fn pages<T, M>(
        &self,
        request: Request,
        subject: Subject,
        first: Option<Exchange>,
        digest: impl Fn(Recorded<T>) -> M + Clone + Send + 'static,
        visit: &mut impl FnMut(M),
    ) -> Result<Option<Problem>, Failure>
    where
        T: DeserializeOwned,
        M: Send + 'static,
    {
        let what = subject.what;
        let mut request = request;
        let mut ready = first;
        let mut seen = HashSet::new();
        let mut parsing = FuturesOrdered::new();
        let mut empty_in_a_row = 0;
        let mut whole = true;
        let mut take = |parsed: Items<M>| {
            parsed.items.into_iter().for_each(&mut *visit);
            whole &= parsed.whole;
        };
        let end = loop {
            if seen.len() >= MOST_PAGES || !seen.insert(request.url.clone()) {
                break Ok(Some(Problem::Loop { what }));
            }
            let exchange = match ready.take() {
                Some(exchange) => exchange,
                None => match self.client.send(&request).await {
                    Ok(exchange) => exchange,
                    Err(failure) => break Err(failure),
                },
            };
            let Outline { value, next } = match object(&exchange, subject) {
                Ok(outline) => outline.value,
                Err(problem) => break Ok(Some(problem)),
            };
            empty_in_a_row = match value.is_empty() {
                true => empty_in_a_row + 1,
                false => 0,
            };
            parsing.push_back(parse(exchange, digest.clone()));
            while parsing.len() >= AHEAD {
                parsing.next().await.into_iter().for_each(&mut take);
            }
            match next.map(|next| self.following(&next, what)) {
                None => break Ok(None),
                Some(Err(problem)) => break Ok(Some(problem)),
                Some(Ok(_)) if empty_in_a_row == MOST_EMPTY_PAGES => {
                    break Ok(Some(Problem::EmptyPages { what }));
                }
                Some(Ok(next)) => request.url = next,
            }
        };
        while let Some(parsed) = parsing.next().await {
            take(parsed);
        }
        // A single malformed item must not prevent the others from being read.
        Ok(end?.or((!whole).then_some(Problem::NotUnderstood { what })))
    }

    /// The address of the next page, if it is at Microsoft Graph: the token is sent nowhere else.
    fn following(&self, next: &str, what: &'static str) -> Result<Url, Problem> {
        let next = Url::parse(next).map_err(|_| Problem::NotUnderstood { what })?;
        let is_same_place = next.scheme() == self.base.scheme()
            && next.host() == self.base.host()
            && next.port_or_known_default() == self.base.port_or_known_default()
            && next.username().is_empty()
            && next.password().is_none();
        match is_same_place {
            true => Ok(next),
            false => Err(Problem::Elsewhere {
                what,
                host: next.host_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}

/// Parses a page, on another thread unless it is small.
fn parse<T, M>(
    exchange: Exchange,
    digest: impl Fn(Recorded<T>) -> M + Send + 'static,
) -> BoxFuture<'static, Items<M>>
where
    T: DeserializeOwned,
    M: Send + 'static,
{
    if exchange.body().len() < SMALL {
        return ready(items(&exchange, digest)).boxed();
    }
    let parsing = tokio::task::spawn_blocking(move || items(&exchange, digest));
    async {
        match parsing.await {
            Ok(items) => items,
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
    .boxed()
}

fn items<T: DeserializeOwned, M>(
    exchange: &Exchange,
    digest: impl Fn(Recorded<T>) -> M,
) -> Items<M> {
    let page: Page<'_> = serde_json::from_str(exchange.body()).unwrap_or_default();
    let count = page.value.len();
    let values = page.value.into_iter();
    let items = values.filter_map(|item| {
        let value = serde_json::from_str(item.get()).ok()?;
        let record = exchange.record;
        Some(digest(Recorded { record, value }))
    });
    let items: Vec<M> = items.collect();
    let whole = items.len() == count;
    Items { items, whole }
}
