//! Stage 1, seeds: finds the starting points of the investigation: SmartScreen warnings, clicks that Safe Links blocked
//! or that continued past its warning, messages with a known threat, reported messages, and whatever the analyst named.

use futures::try_join;

use super::context::Context;
use super::defender_words::DefenderWords;
use super::findings::Findings;
use super::known::Spread;
use super::logged_messages::LoggedMessages;
use super::spread;
use super::starts::Seeds;
use super::verdicts::Verdicts;
use super::{clicks, devices, log_ends, people, reported, smartscreen};
use crate::graph::node::Team;
use crate::graph::{Edge, Graph, Seen};
use crate::http::Failure;
use crate::model::{BY_HAND, Options, Stage, TeamId};
use crate::source::logs::{Query, Row, Rows};

const STAGE: Stage = Stage::Seeds;

/// Finds the starting points of the investigation.
pub(super) async fn find(
    context: &Context,
    findings: &mut Findings,
    verdicts: &mut Verdicts,
    spread: &mut Spread,
) -> Result<Seeds, Failure> {
    let (ends, warnings, clicks, threats, reports) = try_join!(
        log_ends::ask(context),
        smartscreen::find(context),
        context.logs.query(Query::UrlClicks, context.window),
        context.logs.query(Query::MessageUrls, context.window),
        context.logs.query(Query::Reported, context.window),
    )?;
    let (graph, mut seeds) = (&mut findings.graph, Seeds::default());
    for row in &warnings.rows {
        seeds.add_smartscreen(graph, row);
    }
    for row in &clicks.rows {
        seeds.add_click(graph, &mut verdicts.words, row);
    }
    findings.note_lacking(STAGE, &threats);
    for problems in [warnings.problems, clicks.problems] {
        findings.add_log_problems(STAGE, problems);
    }
    seeds.add_threats(context, findings, verdicts, spread, threats);
    seeds
        .add_reports(context, findings, verdicts, spread, reports)
        .await?;
    log_ends::add(context, findings, ends);
    if let Some(problem) = context.no_hunting() {
        findings.add_out_of_reach(STAGE, problem, 1);
    }
    seeds.add_by_hand(&mut findings.graph, &context.options);
    Ok(seeds)
}

impl Seeds {
    /// Adds a row of the queries `smartscreen` and `smartscreen_opens`: a warning on a host, or the link that a user opened
    /// in Teams.
    fn add_smartscreen(&mut self, graph: &mut Graph, row: &Row) {
        let why = Query::Smartscreen.name();
        let seen = Seen::at(row.record, row.time("time"));
        let host = devices::put_logged(graph, row, seen);
        let user = people::put_logged(graph, row.text("object_id"), row.text("upn"), seen);
        if let (Some(user), Some(host)) = (user, host) {
            graph.link(user, Edge::Used { count: 1 }, host, seen);
        }
        // A browser can be started with a local path, which is not a url.
        let Some(url) = self.urls.put_text(graph, row.text("url"), seen) else {
            return;
        };
        self.starts.add(url, why, seen);
        match (row.text("kind"), host, user) {
            ("warning", Some(host), _) => {
                graph.link(host, Edge::WarnedAbout { count: 1 }, url, seen);
            }
            ("open", _, Some(user)) => {
                let app = row.text("app").to_lowercase();
                graph.link(user, Edge::Opened { count: 1, app }, url, seen);
                self.start_from_user(user, why, seen);
            }
            _ => {}
        }
    }

    /// Adds a row of the query `url_clicks`.
    fn add_click(&mut self, graph: &mut Graph, words: &mut DefenderWords, row: &Row) {
        let why = Query::UrlClicks.name();
        let Some(click) = clicks::put(graph, &mut self.urls, words, &mut self.counted, row) else {
            return;
        };
        let seen = Seen::at(row.record, row.time("time"));
        self.starts.add(click.url, why, seen);
        if let Some(user) = click.user {
            self.start_from_user(user, why, seen);
        }
    }

    /// Adds the rows of the query `message_urls`: messages with a known threat, and their urls. A message of a chat
    /// names no team.
    fn add_threats(
        &mut self,
        context: &Context,
        findings: &mut Findings,
        verdicts: &mut Verdicts,
        spread: &mut Spread,
        rows: Rows,
    ) {
        let why = Query::MessageUrls.name();
        let graph = &mut findings.graph;
        let mut messages = LoggedMessages::default();
        for row in rows.rows {
            let seen = Seen::at(row.record, row.time("time"));
            if let Some(url) = self.urls.put_text(graph, row.text("url"), seen) {
                self.starts.add(url, why, seen);
            }
            messages.add(row);
        }
        findings.add_unknown_messages(context, STAGE, messages.nameless);
        let put = messages.put(&mut findings.graph, &mut self.urls, &mut verdicts.words);
        for message in &put {
            if let Some(sender) = message.sender {
                self.start_from_user(sender, why, message.sent);
            }
            if let Some(team) = &message.team {
                self.teams.insert(team.clone());
            }
        }
        self.people.extend(spread.remember(&put));
        self.messages.extend(put);
        findings.add_log_problems(STAGE, rows.problems);
    }

    /// Adds the rows of the query `reported`, with the links of the reported messages.
    async fn add_reports(
        &mut self,
        context: &Context,
        findings: &mut Findings,
        verdicts: &mut Verdicts,
        spread: &mut Spread,
        mut rows: Rows,
    ) -> Result<(), Failure> {
        findings.add_log_problems(STAGE, std::mem::take(&mut rows.problems));
        let put = reported::put(context, findings, self, verdicts, rows);
        self.people.extend(spread.remember(&put));
        let ids = reported::ids(&put);
        self.messages.extend(put);
        let urls = &mut self.urls;
        let people = spread::find_named(context, findings, urls, verdicts, spread, ids).await?;
        self.people.extend(people);
        Ok(())
    }

    /// Adds what the analyst named. It has neither a record nor a time.
    fn add_by_hand(&mut self, graph: &mut Graph, options: &Options) {
        let seen = Seen::default();
        for user in &options.users {
            let (id, upn) = if user.contains('@') {
                ("", user.as_str())
            } else {
                (user.as_str(), "")
            };
            if let Some(user) = people::put_logged(graph, id, upn, seen) {
                self.start_from_user(user, BY_HAND, seen);
            }
        }
        for url in options.urls.iter().chain(&options.malicious) {
            if let Some(url) = self.urls.put_text(graph, url, seen) {
                self.starts.add(url, BY_HAND, seen);
            }
        }
        for team in &options.teams {
            let id = TeamId::from(team.as_str());
            let team = Team {
                id: id.clone(),
                name: None,
            };
            let team = graph.put(team, seen);
            self.starts.add(team, BY_HAND, seen);
            self.teams.insert(id);
        }
    }
}
