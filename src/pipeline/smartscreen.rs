//! SmartScreen's warnings about links that Teams opened.
//!
//! A warning carries the browser's process, so only the opening of the same url on the same device tells that the link came
//! from Teams. The two are compared here and not in KQL: with Safe Links the opened url is a wrapper.

use std::collections::{BTreeMap, HashSet};

use super::context::Context;
use crate::http::Failure;
use crate::link;
use crate::model::sorted;
use crate::source::logs::{Problem, Query, Row, chunks};

/// The warnings and openings that belong together.
pub(super) struct Warnings {
    pub(super) rows: Vec<Row>,
    pub(super) problems: Vec<Problem>,
}

/// Finds the warnings about links that Teams opened, and these openings.
pub(super) async fn find(context: &Context) -> Result<Warnings, Failure> {
    let logs = &context.logs;
    let warnings = logs.query(Query::Smartscreen, context.window).await?;
    let devices = warnings.rows.iter().map(device).collect();
    let mut devices = sorted(devices);
    devices.retain(|device| !device.is_empty());
    let devices = chunks(devices, |device: &String| vec![device.clone()]);
    let query = Query::SmartscreenOpens;
    let opens = logs.query_chunks(query, context.window, "devices", devices);
    let opens = opens.await?;
    let mut problems = warnings.problems;
    let mut opened = Vec::new();
    for rows in opens {
        problems.extend(rows.problems);
        opened.extend(rows.rows);
    }
    Ok(Warnings {
        rows: matched(warnings.rows, opened),
        problems,
    })
}

/// The warnings with an opening, and the openings with a warning.
fn matched(warnings: Vec<Row>, opens: Vec<Row>) -> Vec<Row> {
    let mut urls = Urls::default();
    let warnings: Vec<_> = with_events(&mut urls, warnings);
    let opens: Vec<_> = with_events(&mut urls, opens);
    let events = |rows: &[(Event, Row)]| rows.iter().map(|(event, _)| event.clone()).collect();
    let (warned, opened): (HashSet<Event>, HashSet<Event>) = (events(&warnings), events(&opens));
    let warnings = warnings
        .into_iter()
        .filter(|(event, _)| opened.contains(event));
    let opens = opens
        .into_iter()
        .filter(|(event, _)| warned.contains(event));
    warnings.chain(opens).map(|(_, row)| row).collect()
}

/// A device and what was opened on it, as a number.
type Event = (String, usize);

/// The urls so far, each with a number, by the text in the log and by the url behind it.
#[derive(Default)]
struct Urls {
    logged: BTreeMap<String, usize>,
    opened: BTreeMap<String, usize>,
}

impl Urls {
    /// The number of the url behind a text. A text that is no web url, such as a local path, stands for itself.
    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.logged.get(text) {
            return *number;
        }
        let url = link::canonical(text).map(|(url, _)| String::from(url));
        let next = self.opened.len();
        let number = *self
            .opened
            .entry(url.unwrap_or_else(|| text.to_owned()))
            .or_insert(next);
        self.logged.insert(text.to_owned(), number);
        number
    }
}

fn with_events(urls: &mut Urls, rows: Vec<Row>) -> Vec<(Event, Row)> {
    let event = |row: Row| ((device(&row), urls.number(row.text("url"))), row);
    rows.into_iter().map(event).collect()
}

/// The id of the device, in lower case as in the graph.
fn device(row: &Row) -> String {
    row.text("device_id").to_lowercase()
}
