//! Writes the report of a case that nobody collected, of any size and always the same:
//! `report_synthetic MESSAGES FILE [CLICKERS [PLACES]]`. So many people click one malicious url, and as many hosts go
//! there. The messages stand in 80 channels and chats, or in as many as are named.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use linktrail::graph::node::{Alert, Channel, Chat, Host, Message, Team, Url, User, Verdict};
use linktrail::graph::{Edge, Graph, NodeRef, Seen, schema};
use linktrail::journal::Method;
use linktrail::journal::{JournalError, Record};
use linktrail::model::RecordNumber;
use linktrail::model::Window;
use linktrail::model::{
    ChatKind, HostId, MatchKind, MessageId, Severity, State, StoredGap, UserKind, VerdictId,
};
use linktrail::report::{About, Report};
use serde_json::json;

const CASE: &str = "01KBSYNTHET1C0000000000000";
/// Messages of one record, all of one place.
const PAGE: usize = 50;
/// The record of who clicked the lure, and that of the hosts that went there. No page of messages has these numbers.
const CLICKS: RecordNumber = 1_000_000_001;
const VISITS: RecordNumber = 1_000_000_002;
/// One url in so many is malicious.
const RISKY: usize = 50;

const FIRST: &[&str] = &[
    "Amara", "Bruno", "Chiara", "Daan", "Elif", "Farid", "Greta", "Hana", "Ines", "Jonas", "Keiko",
    "Lena", "Mateo", "Nadia", "Oskar", "Priya", "Rosa", "Samir", "Tove", "Yusuf",
];
const LAST: &[&str] = &[
    "Almeida",
    "Berg",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ito",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Rossi",
    "Sato",
    "Tanaka",
    "Weber",
];
const TEAMS: &[&str] = &[
    "Finance Operations",
    "People & Culture",
    "Field Sales",
    "Logistics",
    "Legal",
    "IT Service Desk",
    "Research",
    "Procurement",
];
const CHANNELS: &[&str] = &[
    "General",
    "Invoices",
    "Announcements",
    "Projects",
    "Off topic",
];
const TEXTS: &[&str] = &[
    "The minutes of Tuesday are in the usual place, please have a look before the next meeting",
    "Here is the page that I spoke of",
    "Could somebody check the figures in this one?",
    "Please confirm your account before Friday, or the payment is late",
];
const SITES: &[&str] = &[
    "contoso.sharepoint.com/sites/finance",
    "learn.proseware.example/courses",
    "news.adatum.example",
    "wiki.contoso.com/display",
    "github.com/contoso",
    "tailspin.example/blog",
];
const LURES: &[&str] = &[
    "login.contoso-payroll.example/oauth2",
    "view.fabrikam-invoices.example/doc",
    "secure-share.example/file",
    "teams-update.example/install",
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (messages, path, clickers, places) = match arguments.as_slice() {
        [messages, path] => (messages, path, "0", "80"),
        [messages, path, clickers] => (messages, path, clickers.as_str(), "80"),
        [messages, path, clickers, places] => (messages, path, clickers.as_str(), places.as_str()),
        _ => anyhow::bail!("usage: report_synthetic MESSAGES FILE [CLICKERS [PLACES]]"),
    };
    let messages: usize = messages.parse().context("MESSAGES is a number")?;
    let clickers: usize = clickers.parse().context("CLICKERS is a number")?;
    let places: usize = places.parse().context("PLACES is a number")?;
    let places = places.clamp(1, messages.max(1));
    let mut graph = Builder::new(places)?.graph(messages)?;
    lure(&mut graph, clickers)?;
    let from = start()?;
    let about = About {
        id: CASE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created: from + TimeDelta::days(30),
        window: Window {
            from,
            to: from + TimeDelta::days(30),
        },
    };
    let gaps = [StoredGap {
        stage: "chats".to_owned(),
        source: "graph".to_owned(),
        reason: "403 Forbidden: Chat.Read.All is missing; grant it and run the load again"
            .to_owned(),
        affected: 3,
    }];
    let begun = Instant::now();
    let report = Report {
        about: &about,
        graph: &graph,
        gaps: &gaps,
        notes: &[],
        record: &|number| match number {
            CLICKS => Ok(Some(clicks(clickers))),
            VISITS => Ok(Some(visits(clickers))),
            number => record(number, messages, places),
        },
        quotes: true,
    };
    let file = File::create(path).with_context(|| format!("cannot write {path}"))?;
    report.write(BufWriter::new(file))?;
    let taken = begun.elapsed();
    let size = std::fs::metadata(path)?.len();
    writeln!(
        std::io::stdout(),
        "{path}: {messages} message(s), {clickers} clicker(s), {size} bytes, {:.2} s",
        taken.as_secs_f64()
    )?;
    Ok(())
}

fn start() -> anyhow::Result<DateTime<Utc>> {
    Ok("2026-10-25T00:00:00Z".parse()?)
}

/// A number that looks like chance, the same for the same `n`.
fn mixed(n: usize) -> usize {
    let mut x = n as u64 ^ 0x9e37_79b9_7f4a_7c15;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((x ^ (x >> 31)) >> 8).unwrap_or_default()
}

fn guid(n: usize) -> String {
    let (a, b) = (mixed(n) as u64, mixed(n + 1_000_000_007) as u64);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a & 0xffff_ffff,
        (a >> 32) & 0xffff,
        (a >> 44) & 0xfff,
        b & 0xfff,
        (b >> 8) & 0xffff_ffff_ffff
    )
}

/// When a message was sent: mostly in office hours.
fn sent(n: usize, messages: usize) -> anyhow::Result<DateTime<Utc>> {
    let (day, within) = (n * 30 / messages.max(1), mixed(n));
    let second = 7 * 3600 + within % (11 * 3600);
    let offset = TimeDelta::days(i64::try_from(day)?) + TimeDelta::seconds(i64::try_from(second)?);
    Ok(start()? + offset)
}

/// Places are told by their number: of ten, one is a chat.
fn is_chat(place: usize) -> bool {
    place % 10 == 9
}

fn place_id(place: usize) -> String {
    match is_chat(place) {
        true => format!("19:{:032x}@thread.v2", mixed(place)),
        false => format!("19:{:032x}@thread.tacv2", mixed(place)),
    }
}

fn place_of(n: usize, places: usize) -> usize {
    mixed(n / PAGE + 77) % places
}

/// Each sender has a part of the places; what they say there comes from one of 400 people.
fn sender_of(n: usize) -> usize {
    mixed(n * 3 + 5) % 400
}

fn url_of(n: usize) -> usize {
    mixed(n * 7 + 1) % (n / 2 + 3)
}

fn address(url: usize) -> String {
    match url.is_multiple_of(RISKY) {
        true => format!(
            "https://{}/{:x}?id={url}",
            LURES[mixed(url) % LURES.len()],
            mixed(url) % 0xffff
        ),
        false => format!(
            "https://{}/{:x}/{url}",
            SITES[mixed(url) % SITES.len()],
            mixed(url) % 0xff_ffff
        ),
    }
}

fn message_id(n: usize) -> String {
    format!("{}", 1_792_800_000_000_u64 + n as u64 * 7_001)
}

struct Builder {
    graph: Graph,
    places: Vec<NodeRef>,
    senders: Vec<NodeRef>,
}

impl Builder {
    fn new(count: usize) -> anyhow::Result<Self> {
        let mut graph = Graph::new(CASE);
        let seen = Seen::at(1, Some(start()?));
        let teams: Vec<NodeRef> = TEAMS
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let team = Team {
                    id: guid(n).into(),
                    name: Some((*name).to_owned()),
                };
                graph.put(team, seen)
            })
            .collect();
        let mut places = Vec::new();
        for place in 0..count {
            let id = place_id(place);
            if is_chat(place) {
                let kind = if place % 20 == 9 {
                    ChatKind::Group
                } else {
                    ChatKind::OneOnOne
                };
                let chat = Chat {
                    id: id.into(),
                    kind: Some(kind),
                    topic: None,
                    ..Chat::default()
                };
                places.push(graph.put(chat, seen));
                continue;
            }
            let name = CHANNELS[place % CHANNELS.len()].to_owned();
            let channel = graph.put(
                Channel {
                    id: id.into(),
                    name: Some(name),
                    membership: None,
                },
                seen,
            );
            graph.link(
                teams[place / 5 % teams.len()],
                Edge::HasChannel,
                channel,
                seen,
            );
            places.push(channel);
        }
        let senders = (0..400)
            .map(|n| {
                let (first, last) = (FIRST[n % 20], LAST[n / 20]);
                let upn = format!(
                    "{}.{}@contoso.com",
                    first.to_lowercase(),
                    last.to_lowercase()
                );
                let user = User {
                    mail: Some(upn.clone()),
                    upn: Some(upn),
                    name: Some(format!("{first} {last}")),
                    kind: Some(UserKind::Member),
                    ..User::by_id(&guid(n + 5_000))
                };
                graph.put(user, seen)
            })
            .collect();
        Ok(Self {
            graph,
            places,
            senders,
        })
    }

    fn graph(mut self, messages: usize) -> anyhow::Result<Graph> {
        for n in 0..messages {
            self.message(n, messages)?;
        }
        Ok(self.graph)
    }

    fn message(&mut self, n: usize, messages: usize) -> anyhow::Result<()> {
        let at = Some(sent(n, messages)?);
        let seen = Seen::at((n / PAGE) as u64 + 2, at);
        let place = place_of(n, self.places.len());
        let (spot, sender) = (self.places[place], self.senders[sender_of(n)]);
        let url = url_of(n);
        let risky = url.is_multiple_of(RISKY);
        let message = Message {
            id: MessageId::in_place(&place_id(place), &message_id(n)),
            created: at,
            modified: at,
            edited: Some(false),
            importance: Some("normal".to_owned()),
            preview: Some(TEXTS[if risky { 3 } else { n % 3 }].to_owned()),
            ..Message::default()
        };
        let message = self.graph.put(message, seen);
        let raw = address(url);
        let url_node = self.graph.put(Url(url::Url::parse(&raw)?), seen);
        self.graph.link(sender, Edge::Sent { at }, message, seen);
        self.graph.link(message, Edge::PostedIn { at }, spot, seen);
        let contains = Edge::Contains {
            origin: "href",
            text: Some("the page".to_owned()),
            raw: raw.clone(),
            wrapped_by: Vec::new(),
            mismatch: false,
            defanged: false,
        };
        self.graph.link(message, contains, url_node, seen);
        if risky {
            self.graph.set(message, schema::message::RISKY, true);
            self.graph.set(url_node, schema::url::RISKY, true);
            self.graph.set(sender, schema::user::RISKY_SENDER, true);
            self.follow(n, url, url_node, sent(n, messages)?);
        }
        Ok(())
    }

    /// What came of a malicious url: a verdict, clicks, connections, a warning, and now and then an alert.
    fn follow(&mut self, n: usize, url: usize, node: NodeRef, at: DateTime<Utc>) {
        let severity = if url.is_multiple_of(3 * RISKY) {
            Severity::High
        } else {
            Severity::Warning
        };
        self.graph
            .set(node, schema::url::SEVERITY, Some(severity).into());
        let verdict = Verdict {
            severity: Some(severity),
            score: Some(3.0),
            summary: Some("3 pulses".to_owned()),
            tags: vec!["phishing".to_owned()],
            checked: Some(at),
            ..Verdict::new(VerdictId::new(CASE, "otx", &address(url)), State::Hit)
        };
        let verdict = self.graph.put(verdict, Seen::in_record(1));
        self.graph
            .link(node, Edge::HasVerdict, verdict, Seen::in_record(1));
        for k in 0..mixed(n) % 3 {
            let later =
                Some(at + TimeDelta::minutes(i64::try_from(7 + k * 31).unwrap_or_default()));
            let seen = Seen::at(1, later);
            let user = self.senders[mixed(n + k * 13) % self.senders.len()];
            let device = mixed(n + k * 17) % 300;
            let host = Host {
                id: HostId::device(&guid(device + 9_000)),
                name: Some(format!("lt-{device:04}.contoso.com")),
                os: Some("Windows11".to_owned()),
            };
            let host = self.graph.put(host, seen);
            let clicked = Edge::Clicked {
                count: 1,
                action: if k == 0 {
                    "ClickAllowed"
                } else {
                    "ClickBlocked"
                }
                .to_owned(),
                clicked_through: k == 0,
                ip: format!("198.51.100.{}", device % 250),
            };
            self.graph.link(user, clicked, node, seen);
            self.graph.link(user, Edge::Used { count: 1 }, host, seen);
            if k == 0 {
                let connected = Edge::ConnectedTo {
                    matched: MatchKind::Url,
                    sources: vec!["proxy".to_owned()],
                    count: 2,
                };
                self.graph.link(host, connected, node, seen);
            } else {
                self.graph
                    .link(host, Edge::WarnedAbout { count: 1 }, node, seen);
            }
            if mixed(n).is_multiple_of(5) {
                let alert = Alert {
                    id: guid(url + 70_000).into(),
                    name: Some("A potentially malicious URL click was detected".to_owned()),
                    severity: Some("High".to_owned()),
                    provider: Some("OATP".to_owned()),
                    product: Some("Microsoft Defender for Office 365".to_owned()),
                    time: later,
                    status: Some("New".to_owned()),
                    tactics: vec!["InitialAccess".to_owned()],
                };
                let alert = self.graph.put(alert, seen);
                self.graph.link(alert, Edge::Mentions, node, seen);
            }
        }
    }
}

const LURE: &str = "https://one-for-all.example/prize";

fn clicker(n: usize) -> String {
    format!("clicker{n}@contoso.com")
}

fn visitor(n: usize) -> (String, String) {
    (guid(n + 2_000_000_000), format!("visitor-{n}.contoso.com"))
}

/// A malicious url that many click, each on a host of their own.
fn lure(graph: &mut Graph, clickers: usize) -> anyhow::Result<()> {
    if clickers == 0 {
        return Ok(());
    }
    let at = Some(start()?);
    let url = graph.put(Url(url::Url::parse(LURE)?), Seen::at(CLICKS, at));
    graph.set(url, schema::url::RISKY, true);
    graph.see(url, Seen::at(VISITS, at));
    for n in 0..clickers {
        let user = User {
            upn: Some(clicker(n)),
            ..User::by_id(&guid(n + 1_000_000_000))
        };
        let user = graph.put(user, Seen::at(CLICKS, at));
        let (id, name) = visitor(n);
        let host = Host {
            id: HostId::device(&id),
            name: Some(name),
            os: None,
        };
        let host = graph.put(host, Seen::at(VISITS, at));
        let clicked = Edge::Clicked {
            count: 1,
            action: "ClickAllowed".to_owned(),
            clicked_through: true,
            ip: "198.51.100.7".to_owned(),
        };
        graph.link(user, clicked, url, Seen::at(CLICKS, at));
        graph.link(user, Edge::Used { count: 1 }, host, Seen::at(VISITS, at));
        let connected = Edge::ConnectedTo {
            matched: MatchKind::Host,
            sources: vec!["proxy".to_owned()],
            count: 1,
        };
        graph.link(host, connected, url, Seen::at(VISITS, at));
    }
    Ok(())
}

/// Rows of the workspace.
fn table(number: RecordNumber, columns: &[&str], rows: &[serde_json::Value]) -> Record {
    let columns: Vec<_> = columns.iter().map(|name| json!({"name": name})).collect();
    let table = json!({"name": "PrimaryResult", "columns": columns, "rows": rows});
    answer(
        number,
        "log_analytics",
        "https://api.loganalytics.io/v1/workspaces/x/query".to_owned(),
        json!({ "tables": [table] }).to_string(),
    )
}

fn clicks(clickers: usize) -> Record {
    let rows: Vec<_> = (0..clickers)
        .map(|n| json!([LURE, "ClickAllowed", clicker(n), true]))
        .collect();
    table(CLICKS, &["url", "action", "upn", "clicked_through"], &rows)
}

fn visits(clickers: usize) -> Record {
    let rows: Vec<_> = (0..clickers)
        .map(|n| {
            let (id, name) = visitor(n);
            json!([id, name, "one-for-all.example:443", clicker(n), 1])
        })
        .collect();
    let columns = ["device_id", "device_name", "url", "upn", "events"];
    table(VISITS, &columns, &rows)
}

/// A page of messages, as Microsoft Graph answers. The first record is one that the page does not quote.
fn record(
    number: RecordNumber,
    messages: usize,
    places: usize,
) -> Result<Option<Record>, JournalError> {
    let page = usize::try_from(number).unwrap_or_default();
    let Some(first) = page.checked_sub(2).map(|page| page * PAGE) else {
        return Ok(Some(answer(
            number,
            "log_analytics",
            "https://api.loganalytics.io/v1/workspaces/x/query".to_owned(),
            "{\"tables\":[]}".to_owned(),
        )));
    };
    let place = place_of(first, places);
    let items: Vec<_> = (first..messages.min(first + PAGE))
        .map(|n| {
            let sender = sender_of(n);
            let text = if url_of(n).is_multiple_of(RISKY) { TEXTS[3] } else { TEXTS[n % 3] };
            json!({
                "id": message_id(n),
                "createdDateTime": sent(n, messages).unwrap_or_default(),
                "from": {"user": {"id": guid(sender + 5_000), "displayName": format!("{} {}", FIRST[sender % 20], LAST[sender / 20])}},
                "body": {"contentType": "html", "content": format!("<p>{text}: <a href=\"{}\">the page</a></p>", address(url_of(n)))},
            })
        })
        .collect();
    let url = match is_chat(place) {
        true => format!(
            "https://graph.microsoft.com/v1.0/chats/{}/messages?$top=50",
            place_id(place)
        ),
        false => format!(
            "https://graph.microsoft.com/v1.0/teams/{}/channels/{}/messages?$top=50",
            guid(place / 5 % TEAMS.len()),
            place_id(place)
        ),
    };
    Ok(Some(answer(
        number,
        "graph",
        url,
        json!({ "value": items }).to_string(),
    )))
}

fn answer(number: RecordNumber, source: &str, url: String, body: String) -> Record {
    Record {
        id: format!("{CASE}/{number}"),
        at: start().unwrap_or_default() + TimeDelta::days(30),
        source: source.to_owned(),
        method: if source == "graph" {
            Method::Get
        } else {
            Method::Post
        },
        url,
        request: None,
        status: Some(200),
        headers: Default::default(),
        body,
        chain: None,
    }
}
