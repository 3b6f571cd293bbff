//! Stage 1: where the investigation starts. Warnings of SmartScreen, clicks that Safe Links stopped or that went on
//! past it, messages with a known threat, and what the analyst names.

use futures::try_join;
use url::Url;

use super::Investigation;
use crate::graph::node::{self, Host, Team};
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::link;
use crate::model::Stage;
use crate::source::logs::Query;
use crate::source::logs::Row;

const STAGE: Stage = Stage::Seeds;

pub(super) async fn run(run: &mut Investigation) -> Result<(), Failure> {
    let (warnings, clicks, threats) = try_join!(
        run.sentinel.query(Query::Smartscreen, run.window),
        run.sentinel.query(Query::UrlClicks, run.window),
        run.sentinel.query(Query::MessageUrls, run.window),
    )?;
    for row in &warnings.rows {
        smartscreen(run, row);
    }
    for row in &clicks.rows {
        let seen = Seen::at(row.record, row.time("time"));
        if let Some((user, url)) = run.click(row) {
            run.start_from(url, "url_clicks", seen);
            if let Some(user) = user {
                run.seed_user(user, "url_clicks", seen);
            }
        }
    }
    for row in &threats.rows {
        let seen = Seen::at(row.record, row.time("time"));
        if let Some(url) = run.logged_url(row.text("url"), seen) {
            run.start_from(url, "message_urls", seen);
        }
        if let Some(user) = run.mail_sender(row.text("sender_id"), row.text("sender_upn"), seen) {
            run.seed_user(user, "message_urls", seen);
        }
    }
    for rows in [warnings, clicks, threats] {
        run.sentinel_gaps(STAGE, rows.problems);
    }
    by_hand(run);
    Ok(())
}

fn smartscreen(run: &mut Investigation, row: &Row) {
    let seen = Seen::at(row.record, row.time("time"));
    let host = Host::new(row.text("device_id"), row.text("device_name"))
        .map(|host| run.graph.put(host, seen));
    let user = run.logged_user(row.text("object_id"), row.text("upn"), seen);
    if let (Some(user), Some(host)) = (user, host) {
        run.graph.link(user, Edge::Used { count: 1 }, host, seen);
    }
    // A browser can be started with a local path, which is no url.
    let Some(url) = run.logged_url(row.text("url"), seen) else {
        return;
    };
    run.start_from(url, "smartscreen", seen);
    match (row.text("kind"), host, user) {
        ("warning", Some(host), _) => {
            run.graph
                .link(host, Edge::WarnedAbout { count: 1 }, url, seen)
        }
        ("open", _, Some(user)) => {
            let app = row.text("app").to_lowercase();
            run.graph
                .link(user, Edge::Opened { count: 1, app }, url, seen);
            run.seed_user(user, "smartscreen", seen);
        }
        _ => {}
    }
}

fn by_hand(run: &mut Investigation) {
    let options = run.scope.options.clone();
    for user in &options.users {
        let (id, upn) = if user.contains('@') {
            ("", user.as_str())
        } else {
            (user.as_str(), "")
        };
        if let Some(user) = run.logged_user(id, upn, Seen::default()) {
            run.seed_user(user, "by hand", Seen::default());
        }
    }
    for url in &options.urls {
        if let Some(url) = run.logged_url(url, Seen::default()) {
            run.start_from(url, "by hand", Seen::default());
        }
    }
    for team in &options.teams {
        let id = team.to_lowercase();
        let node = run.graph.put(
            Team {
                id: id.as_str().into(),
                name: None,
            },
            Seen::default(),
        );
        run.start_from(node, "by hand", Seen::default());
        run.teams.insert(id);
    }
}

impl Investigation {
    /// Makes a user one whose teams are read.
    fn seed_user(&mut self, user: NodeRef, why: &'static str, seen: Seen) {
        self.start_from(user, why, seen);
        self.seed_users.insert(user);
    }

    /// A url that a log names, with its domain; none for what is no url.
    pub(super) fn logged_url(&mut self, raw: &str, seen: Seen) -> Option<NodeRef> {
        let (url, _) = link::canonical(raw)?;
        Some(self.url(url, seen))
    }

    /// A url and its domain.
    pub(super) fn url(&mut self, url: Url, seen: Seen) -> NodeRef {
        let domain = link::domain(&url).filter(|domain| is_registrable(domain, &url));
        let node = self.graph.put(node::Url(url.clone()), seen);
        if let Some(domain) = domain {
            let domain = self.graph.put(node::Domain(domain), seen);
            self.graph.link(node, Edge::OnDomain, domain, seen);
        }
        self.addresses.entry(node).or_insert(url);
        node
    }

    /// A row of UrlClickEvents: who clicked what. A click that was counted already only adds its record.
    pub(super) fn click(&mut self, row: &Row) -> Option<(Option<NodeRef>, NodeRef)> {
        let seen = Seen::at(row.record, row.time("time"));
        let url = self.logged_url(row.text("url"), seen)?;
        let user = self.logged_user("", row.text("upn"), seen);
        if let Some(user) = user {
            let count = i64::from(self.first_time(row.identity()));
            let edge = Edge::Clicked {
                count,
                action: row.text("action").to_owned(),
                clicked_through: row.boolean("clicked_through"),
                ip: row.text("ip").to_owned(),
            };
            self.graph.link(user, edge, url, seen);
        }
        Some((user, url))
    }
}

/// Whether somebody registered it: not an address, a single label or a public suffix itself, which stand for
/// themselves in [`link::Domain`] and would join urls that have nothing to do with one another.
fn is_registrable(domain: &link::Domain, url: &Url) -> bool {
    matches!(url.host(), Some(url::Host::Domain(_)))
        && domain.registrable.contains('.')
        && domain.suffix.as_ref() != Some(&domain.registrable)
}
