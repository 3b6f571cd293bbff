//! A journal that keeps nothing on disk, for requests that belong to no case.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::exchange::{Answer, Exchange, Request};
use super::index::Key;

/// Answers in memory, as long as the process lasts. It has exchanges and no records: nothing of it can be read back, checked
/// or handed on.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    exchanges: Mutex<Exchanges>,
}

#[derive(Debug, Default)]
struct Exchanges {
    latest: HashMap<Key, Exchange>,
    count: u64,
}

impl MemoryJournal {
    /// The latest answer to this request; `None` when there is none.
    pub(super) fn find(&self, request: &Request) -> Option<Exchange> {
        self.lock().latest.get(&Key::of(request)).cloned()
    }

    /// The time of the latest answer; `None` when there is none.
    pub(super) fn newest(&self) -> Option<DateTime<Utc>> {
        let exchanges = self.lock();
        exchanges.latest.values().map(|exchange| exchange.at).max()
    }

    /// Adds an answer.
    pub(super) fn append(&self, request: &Request, at: DateTime<Utc>, answer: Answer) -> Exchange {
        let mut exchanges = self.lock();
        exchanges.count += 1;
        let record = exchanges.count;
        let exchange = Exchange { record, at, answer };
        let kept = exchange.clone();
        exchanges.latest.insert(Key::of(request), kept);
        exchange
    }

    fn lock(&self) -> MutexGuard<'_, Exchanges> {
        self.exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::journal::Journal;
    use crate::model::Source;

    #[test]
    fn the_latest_answer_is_found_and_nothing_can_be_read_back() {
        let journal = Journal::from(MemoryJournal::default());
        let request = Request::file(Source::Graph, "a").unwrap();
        assert_eq!(journal.find(&request).unwrap(), None);
        let at = "2026-11-28T09:00:00Z".parse().unwrap();
        let answer = |status| Answer::Response {
            status,
            headers: BTreeMap::new(),
            body: String::new(),
        };
        for (number, status) in [(1, 503), (2, 200)] {
            let added = journal.append(&request, at, answer(status)).unwrap();
            assert_eq!((added.record, added.status()), (number, Some(status)));
            assert_eq!(journal.find(&request).unwrap(), Some(added));
        }
        assert_eq!(journal.newest(), Some(at));
        let other = Request::file(Source::Graph, "b").unwrap();
        assert_eq!(journal.find(&other).unwrap(), None);
        assert_eq!((journal.records(), journal.head()), (0, None));
        assert!(journal.get(1).unwrap().is_none());
        journal.sync().unwrap();
    }
}
