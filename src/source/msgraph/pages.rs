//! Lists, read page by page.
//!
//! A list is fetched to its end before anything of it is used, and is then read from the journal: its first page may have to
//! be fetched anew when a later one is refused, and then the pages before that one are not used. So a load uses exactly
//! the pages that a replay finds. While a page is parsed on another thread, the next one is read.

use std::collections::{HashSet, VecDeque};
use std::panic::resume_unwind;

use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt, ready};
use futures::stream::{FuturesOrdered, StreamExt};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;
use url::Url;

use super::problem::{self, MOST_EMPTY_PAGES, Subject};
use super::{Graph, Problem, Recorded, answer};
use crate::http::Failure;
use crate::journal::{Exchange, Request};

/// The highest number of pages of a list. With 50 messages a page this allows fifty million.
const MOST_PAGES: usize = 1_000_000;
/// The number of pages of a list that are parsed while the next one is read.
const AHEAD: usize = 4;
/// A body of fewer bytes is parsed at once, since passing it to another thread takes longer.
const SMALL: usize = 8 * 1024;
/// The bytes of a list that are kept in memory while the rest of it is fetched. The others are read from the journal
/// again.
const MOST_KEPT: usize = 4 << 20;

/// A page without its items: whether there are any, and whether and where the list goes on.
#[derive(Deserialize)]
struct Outline {
    value: Vec<IgnoredAny>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

/// The times of a page of messages.
#[derive(Deserialize)]
struct Times {
    value: Vec<Changed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    last_modified_date_time: Option<String>,
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

/// The way through the pages of a list.
struct Course {
    /// The request for the next page.
    request: Request,
    subject: Subject,
    seen: HashSet<Url>,
    empty_in_a_row: usize,
    end: Option<End>,
}

/// Where a list of messages that comes newest first may end, although more pages follow: behind a page that ends before
/// this time. Microsoft Graph documents that order for chat messages without `$orderby`. A list that is seen to come in
/// another one is read as far as it goes.
struct End {
    from: DateTime<Utc>,
    last: Option<DateTime<Utc>>,
    is_newest_first: bool,
}

impl End {
    /// Notes the times of a page, and says whether all that follows was last changed before the time.
    fn is_reached(&mut self, page: &str) -> bool {
        let times = serde_json::from_str(page).map_or(Vec::new(), |page: Times| page.value);
        for changed in times {
            let at = changed.last_modified_date_time;
            let at = at.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
            let at = at.map(|at| at.to_utc());
            self.is_newest_first &= at.is_some() && self.last.is_none_or(|last| at <= Some(last));
            self.last = at;
        }
        self.is_newest_first && self.last.is_some_and(|last| last < self.from)
    }
}

/// What follows a page.
enum Step {
    /// The page holds items, and another page follows.
    On,
    /// The page holds items, and none follows, as it should be or for this reason.
    Last(Option<Problem>),
    /// It is no page.
    Broken(Problem),
}

impl Course {
    fn new(request: Request, subject: Subject, from: Option<DateTime<Utc>>) -> Self {
        let end = from.map(|from| End {
            from,
            last: None,
            is_newest_first: true,
        });
        let seen = HashSet::from([request.url.clone()]);
        Self {
            request,
            subject,
            seen,
            empty_in_a_row: 0,
            end,
        }
    }

    /// Goes on behind the page that this exchange holds.
    fn step(&mut self, graph: &Graph, exchange: &Exchange) -> Step {
        let Subject { what, .. } = self.subject;
        let page = match exchange.status() {
            Some(200) => serde_json::from_str::<Outline>(exchange.body()).ok(),
            _ => None,
        };
        let Some(Outline { value, next }) = page else {
            return Step::Broken(match self.seen.len() {
                1 => problem::of_list(exchange, self.subject),
                _ => problem::of_next_page(exchange, self.subject),
            });
        };
        self.empty_in_a_row = match value.is_empty() {
            true => self.empty_in_a_row + 1,
            false => 0,
        };
        let next = match next.map(|next| graph.following(&next, what)) {
            None => return Step::Last(None),
            Some(Err(problem)) => return Step::Last(Some(problem)),
            Some(Ok(next)) => next,
        };
        if let Some(end) = &mut self.end
            && end.is_reached(exchange.body())
        {
            return Step::Last(None);
        }
        if self.empty_in_a_row == MOST_EMPTY_PAGES {
            return Step::Last(Some(Problem::EmptyPages { what }));
        }
        if self.seen.len() >= MOST_PAGES || !self.seen.insert(next.clone()) {
            return Step::Last(Some(Problem::Loop { what }));
        }
        self.request = answer::next_page(self.request.clone(), next);
        Step::On
    }
}

/// The first pages of a list that was fetched, as far as they are kept in memory.
#[derive(Default)]
struct Kept {
    pages: VecDeque<Exchange>,
    bytes: usize,
}

impl Kept {
    fn add(&mut self, exchange: Exchange) {
        self.bytes += exchange.body().len();
        if self.bytes <= MOST_KEPT {
            self.pages.push_back(exchange);
        }
    }
}

impl Graph {
    /// Reads a list page by page. The first page may have been fetched already. `digest` is called with each item on
    /// any thread, and `visit` with its results in the order of the list. Of messages that come newest first nothing is
    /// read behind a page that ends before `from`.
    pub(super) async fn pages<T, M>(
        &self,
        request: Request,
        subject: Subject,
        first: Option<Exchange>,
        from: Option<DateTime<Utc>>,
        digest: impl Fn(Recorded<T>) -> M + Clone + Send + 'static,
        visit: &mut impl FnMut(M),
    ) -> Result<Option<Problem>, Failure>
    where
        T: DeserializeOwned,
        M: Send + 'static,
    {
        let course = || Course::new(request.clone(), subject, from);
        let kept = match self.client.replays() {
            true => first.into_iter().collect(),
            false => self.fetch_pages(&request, &course, first).await?.pages,
        };
        self.read_pages(course(), kept, digest, visit).await
    }

    /// Fetches all pages of a list. When the token for a later one is refused, the list is fetched anew from its first
    /// page, once in a run.
    async fn fetch_pages(
        &self,
        request: &Request,
        start: &impl Fn() -> Course,
        first: Option<Exchange>,
    ) -> Result<Kept, Failure> {
        let mut kept = Kept::default();
        let mut course = start();
        let mut first = first;
        loop {
            let exchange = match first.take() {
                Some(exchange) => exchange,
                None => self.client.send(&course.request).await?,
            };
            let step = course.step(self, &exchange);
            kept.add(exchange);
            match step {
                Step::On => {}
                Step::Broken(Problem::BrokenOff { .. }) => break,
                Step::Last(_) | Step::Broken(_) => return Ok(kept),
            }
        }
        let mut kept = Kept::default();
        let mut course = start();
        let mut exchange = self.client.send_anew(request).await?;
        loop {
            let step = course.step(self, &exchange);
            kept.add(exchange);
            if !matches!(step, Step::On) {
                return Ok(kept);
            }
            exchange = self.client.send(&course.request).await?;
            if !answer::is_page(&exchange.answer) {
                exchange = self.client.send_anew(&course.request).await?;
            }
        }
    }

    /// Reads the pages of a list: those that are kept, then the recorded ones.
    async fn read_pages<T, M>(
        &self,
        mut course: Course,
        mut kept: VecDeque<Exchange>,
        digest: impl Fn(Recorded<T>) -> M + Clone + Send + 'static,
        visit: &mut impl FnMut(M),
    ) -> Result<Option<Problem>, Failure>
    where
        T: DeserializeOwned,
        M: Send + 'static,
    {
        let what = course.subject.what;
        let mut parsing = FuturesOrdered::new();
        let mut whole = true;
        let mut take = |parsed: Items<M>| {
            parsed.items.into_iter().for_each(&mut *visit);
            whole &= parsed.whole;
        };
        let end = loop {
            let exchange = match kept.pop_front() {
                Some(exchange) => Ok(exchange),
                // A replay counts what it reads. A load has counted it when it fetched it.
                None if self.client.replays() => self.client.send(&course.request).await,
                None => self.journal.send(&course.request).await,
            };
            let exchange = match exchange {
                Ok(exchange) => exchange,
                Err(failure) => break Err(failure),
            };
            let step = course.step(self, &exchange);
            if !matches!(step, Step::Broken(_)) {
                parsing.push_back(parse(exchange, digest.clone()));
            }
            while parsing.len() >= AHEAD {
                parsing.next().await.into_iter().for_each(&mut take);
            }
            match step {
                Step::On => {}
                Step::Last(problem) => break Ok(problem),
                Step::Broken(problem) => break Ok(Some(problem)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the list may end behind each of these pages of times.
    fn ends(pages: &[&[&str]]) -> Vec<bool> {
        let mut end = End {
            from: DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default(),
            last: None,
            is_newest_first: true,
        };
        let page = |times: &&[&str]| {
            let item = |time: &&str| serde_json::json!({"lastModifiedDateTime": time});
            let items: Vec<_> = times.iter().map(item).collect();
            serde_json::json!({ "value": items }).to_string()
        };
        pages
            .iter()
            .map(|times| end.is_reached(&page(times)))
            .collect()
    }

    const NEW: &str = "2026-10-02T10:00:00.123Z";
    const OLD: &str = "2026-01-02T10:00:00Z";
    const OLDER: &str = "2025-01-02T10:00:00Z";

    #[test]
    fn a_list_ends_where_it_is_older_than_what_is_wanted() {
        assert_eq!(
            ends(&[&[NEW, NEW], &[NEW, OLD], &[OLDER]]),
            [false, true, true]
        );
        assert_eq!(ends(&[&[], &[NEW], &[]]), [false, false, false]);
    }

    #[test]
    fn a_list_in_another_order_is_read_to_its_end() {
        assert_eq!(ends(&[&[OLD, NEW], &[OLD]]), [false, false]);
        assert_eq!(
            ends(&[&[NEW], &["yesterday"], &[OLD]]),
            [false, false, false]
        );
    }
}
