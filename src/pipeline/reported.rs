//! Messages and calls of Teams that people or administrators reported. A report names its sender and no message, so it
//! is taken to be about the newest message that fits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::context::Context;
use super::findings::Findings;
use super::logged_messages::{LoggedMessage, PutMessage};
use super::people;
use super::starts::Seeds;
use super::verdicts::Verdicts;
use crate::graph::{Edge, Seen};
use crate::model::{RecordNumber, Stage, sorted};
use crate::source::logs::{Query, Row, Rows};
use crate::terminal::clean;

const STAGE: Stage = Stage::Seeds;
/// The most reported calls that are named.
const MOST_CALLS: usize = 10;
/// The longest name in a note, in characters.
const NAME: usize = 120;

/// A report, which is written again when it is graded.
struct Report {
    /// The row that was written first, with who reported, when, and whom.
    first: Row,
    /// The newest verdict.
    verdict: Option<(Option<DateTime<Utc>>, String)>,
    records: Vec<RecordNumber>,
    /// The messages of the sender, each by its newest row.
    messages: BTreeMap<String, Row>,
}

/// Puts the reported messages into the graph, with who reported them. Returns them.
pub(super) fn put(
    context: &Context,
    findings: &mut Findings,
    seeds: &mut Seeds,
    verdicts: &mut Verdicts,
    rows: Rows,
) -> Vec<PutMessage> {
    let mut put = Vec::new();
    let mut notes = Notes::default();
    for report in reports(rows.rows) {
        let first = &report.first;
        if !is_first(first) {
            notes.graded_only += 1;
            continue;
        }
        if !first.text("content").eq_ignore_ascii_case("ChatMessage") {
            notes.call(first);
            continue;
        }
        if first.text("reported_sender").is_empty() {
            notes.without_sender += 1;
            continue;
        }
        let mut candidates = report.candidates();
        let Some(message) = candidates.pop() else {
            notes.without_message += 1;
            continue;
        };
        notes.of_several += u64::from(!candidates.is_empty());
        put.push(report.put(findings, seeds, verdicts, message));
    }
    notes.add(context, findings);
    put
}

/// The reports in the rows, in the order in which they were graded, so that the newest verdict stands where somebody
/// reported a message twice.
fn reports(rows: Vec<Row>) -> Vec<Report> {
    let mut reports: BTreeMap<String, Report> = BTreeMap::new();
    for row in rows {
        let id = match row.text("submission_id") {
            "" => ["reporter_id", "reporter_upn", "reported_sender", "reported"]
                .map(|column| row.text(column))
                .join(" "),
            id => id.to_owned(),
        };
        let message = row.text("teams_message_id").to_owned();
        let graded = row.text("verdict");
        let verdict = (!graded.is_empty()).then(|| (row.time("reported"), graded.to_owned()));
        let report = reports.entry(id).or_insert_with(|| Report {
            first: row.clone(),
            verdict: None,
            records: Vec::new(),
            messages: BTreeMap::new(),
        });
        report.records.push(row.record);
        report.verdict = report.verdict.take().max(verdict);
        if !message.is_empty() {
            let known = report
                .messages
                .entry(message)
                .or_insert_with(|| row.clone());
            if known.time("time") < row.time("time") {
                *known = row.clone();
            }
        }
        if order(&row) < order(&report.first) {
            report.first = row;
        }
    }
    let mut reports: Vec<Report> = reports.into_values().collect();
    reports.sort_by_key(|report| report.verdict.as_ref().and_then(|(at, _)| *at));
    reports
}

/// Of the rows of a report, that of the person who reported comes first: a grading can bear the same time.
fn order(row: &Row) -> (bool, Option<DateTime<Utc>>) {
    (!is_first(row), row.time("reported"))
}

/// True for a row of the person who reported; others are about the grading.
fn is_first(row: &Row) -> bool {
    matches!(row.text("operation"), "UserSubmission" | "AdminSubmission")
}

impl Report {
    /// The messages that can be meant, the newest one last.
    fn candidates(&self) -> Vec<LoggedMessage> {
        let row = &self.first;
        let at = row.time("reported");
        let is_of_admin = row.text("operation").starts_with("Admin");
        let (id, address) = (row.text("reporter_id"), row.text("reporter_upn"));
        let messages = self
            .messages
            .values()
            .cloned()
            .filter_map(LoggedMessage::of);
        let mut fitting: Vec<LoggedMessage> = messages
            .filter(|message| at.is_none() || message.created() <= at)
            .filter(|message| {
                is_of_admin || message.is_in_channel() || message.was_received_by(id, address)
            })
            .collect();
        fitting.sort_by_key(|message| (message.created(), message.id().to_string()));
        fitting
    }

    /// Puts the message that is meant into the graph, and links it to who reported it.
    fn put(
        &self,
        findings: &mut Findings,
        seeds: &mut Seeds,
        verdicts: &mut Verdicts,
        message: LoggedMessage,
    ) -> PutMessage {
        let why = Query::Reported.name();
        let row = &self.first;
        let graph = &mut findings.graph;
        let put = message.put(graph, &mut seeds.urls, &mut verdicts.words);
        let seen = Seen::at(row.record, row.time("reported"));
        let reporter = people::put_logged(
            graph,
            row.text("reporter_id"),
            row.text("reporter_upn"),
            seen,
        );
        seeds.starts.add(put.node, why, seen);
        if let Some(reporter) = reporter {
            let name = row.text("reporter_name");
            let name = (!name.is_empty()).then(|| name.to_owned());
            verdicts.words.name(reporter, name);
            let edge = || Edge::Reported {
                at: row.time("reported"),
                verdict: self.verdict.as_ref().map(|(_, verdict)| verdict.clone()),
            };
            graph.link(reporter, edge(), put.node, seen);
            for record in &self.records {
                graph.link(reporter, edge(), put.node, Seen::in_record(*record));
            }
            seeds.people.push(reporter);
        }
        if let Some(sender) = put.sender {
            seeds.start_from_user(sender, why, seen);
        }
        put
    }
}

/// What reports leave open.
#[derive(Default)]
struct Notes {
    /// The reports of calls, by who reported whom.
    calls: BTreeMap<(String, String), u64>,
    without_sender: u64,
    /// The reports that were made before the window.
    graded_only: u64,
    without_message: u64,
    of_several: u64,
}

impl Notes {
    fn call(&mut self, row: &Row) {
        let named = |columns: &[&str]| {
            let mut texts = columns.iter().map(|column| row.text(column));
            let text = texts.find(|text| !text.is_empty()).unwrap_or("somebody");
            clean(text).chars().take(NAME).collect::<String>()
        };
        let reporter = named(&["reporter_upn", "reporter_name", "reporter_id"]);
        let sender = named(&["reported_sender"]);
        *self.calls.entry((reporter, sender)).or_default() += 1;
    }

    fn add(self, context: &Context, findings: &mut Findings) {
        let source = context.logs.first().source();
        let mut note = |reason: &str, count: u64| findings.notes.add(STAGE, source, reason, count);
        let mut calls: Vec<_> = self.calls.into_iter().collect();
        let others: u64 = calls.iter().skip(MOST_CALLS).map(|(_, count)| count).sum();
        calls.truncate(MOST_CALLS);
        for ((reporter, sender), count) in calls {
            let reason = format!(
                "{reporter} reported a call from {sender}; a log of calls is not read, so ask {reporter} what was said and done"
            );
            note(&reason, count);
        }
        note("other reported calls; look at them in Defender", others);
        note(
            "reports that were made before the window, and of which only the grading is in it",
            self.graded_only,
        );
        note(
            "reports of messages that name no sender; look at them in Defender",
            self.without_sender,
        );
        note(
            "reports of messages that no log holds from that sender to that person before the report; Defender logs messages with links only",
            self.without_message,
        );
        note(
            "reports that several messages of the same sender would fit; each is taken to be about the newest one before it",
            self.of_several,
        );
    }
}

/// The ids by which the links of reported messages are asked for.
pub(super) fn ids(messages: &[PutMessage]) -> Vec<String> {
    let ids = messages.iter().map(|message| message.defender_id.clone());
    sorted(ids.filter(|id| !id.is_empty()).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pipeline::logged_messages::tests::rows;

    fn row(submission: &str, message: &str, changes: &[(&str, Value)]) -> Value {
        let path = match message {
            "" => String::new(),
            message => format!("/chats/19:a@thread.v2/messages/{message}"),
        };
        let mut row = json!({
            "reported": "2026-07-23T12:00:00Z", "submission_id": submission,
            "operation": "UserSubmission", "content": "ChatMessage",
            "reporter_id": "a0000000-0000-4000-8000-000000000001",
            "reporter_upn": "anna@contoso.example", "reporter_name": "Anna",
            "reported_sender": "helpdesk@fabrikam.example", "verdict": "",
            "time": "2026-07-23T11:00:00Z", "teams_message_id": path, "message_id": message,
            "thread_id": if message.is_empty() { "" } else { "19:a@thread.v2" },
            "recipients": "[{\"RecipientSmtpAddress\":\"Anna@contoso.example\"}]"
        });
        for (column, value) in changes {
            row[*column] = value.clone();
        }
        row
    }

    /// The message that each report is taken to be about, with the number of others that would fit and the verdict.
    fn read(given: &[Value]) -> Vec<(Option<String>, usize, Option<String>)> {
        let reports = reports(rows(Query::Reported, given));
        reports
            .into_iter()
            .map(|report| {
                let mut candidates = report.candidates();
                let chosen = candidates.pop();
                let verdict = report.verdict.map(|(_, verdict)| verdict);
                let chosen = chosen.and_then(|message| {
                    let id = message.id();
                    Some(id.as_str().rsplit_once('/')?.1.to_owned())
                });
                (chosen, candidates.len(), verdict)
            })
            .collect()
    }

    #[test]
    fn a_report_is_about_the_newest_message_that_the_reporter_received_before_it() {
        // Ids are times: 11:00, 11:30, 12:30 and 11:59.
        let given = [
            row("s1", "1784804400000", &[]),
            row("s1", "1784806200000", &[]),
            row("s1", "1784809800000", &[]),
            row("s1", "1784807940000", &[("recipients", json!("[]"))]),
        ];
        assert_eq!(read(&given), [(Some("1784806200000".to_owned()), 1, None)]);
        // An administrator need not have received it.
        let of_admin = given.map(|mut row| {
            row["operation"] = json!("AdminSubmission");
            row
        });
        assert_eq!(
            read(&of_admin),
            [(Some("1784807940000".to_owned()), 2, None)]
        );
    }

    #[test]
    fn a_report_that_is_graded_later_is_one() {
        let graded = |at: &str, verdict: &str| {
            [
                ("reported", json!(at)),
                ("operation", json!("UserSubmissionTriage")),
                ("verdict", json!(verdict)),
                ("reporter_upn", json!("robot@contoso.example")),
                ("reporter_id", json!("")),
            ]
        };
        let id = "1784804400000";
        let given = [
            row("s1", id, &graded("2026-07-23T14:00:00Z", "Phish")),
            row("s1", id, &graded("2026-07-23T13:00:00Z", "NoThreatsFound")),
            row("s1", id, &[]),
            row("s2", "", &[]),
        ];
        let found = read(&given);
        assert_eq!(
            found,
            [
                (None, 0, None),
                (Some(id.to_owned()), 0, Some("Phish".to_owned()))
            ]
        );
        let first = reports(rows(Query::Reported, &given)).pop().unwrap().first;
        assert_eq!(first.text("reporter_upn"), "anna@contoso.example");
    }
}
