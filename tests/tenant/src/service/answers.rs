//! What each `kql/*.kql` means, executed over the world's raw rows. Written from the agreed columns and
//! conditions, not from the files.

use super::message_answers::Messages;
use super::prelude::Known;
use crate::Recipients;
use crate::world::World;
use crate::world::build::hour_of;
use crate::world::facts::Time;
use crate::world::logs::*;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A result table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Name and Kusto type of each column.
    pub columns: Vec<(&'static str, &'static str)>,
    /// Rows.
    pub rows: Vec<Vec<Value>>,
}

/// A moment as Kusto writes it: up to seven decimals.
pub(crate) fn moment(time: Time) -> String {
    let text = time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
    let text = text[..text.len() - 2]
        .trim_end_matches('0')
        .trim_end_matches('.');
    format!("{text}Z")
}

/// Kusto's `has`: `needle` stands in `text`, ignoring case, with no letter or digit at either side.
pub(crate) fn has(text: &str, needle: &str) -> bool {
    let (text, needle) = (text.to_lowercase(), needle.to_lowercase());
    if needle.is_empty() {
        return false;
    }
    let free = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    let mut from = 0;
    while let Some(at) = text[from..].find(&needle) {
        let (start, end) = (from + at, from + at + needle.len());
        if free(text[..start].chars().next_back()) && free(text[end..].chars().next()) {
            return true;
        }
        from = start + needle.chars().next().map_or(1, char::len_utf8);
    }
    false
}

pub(super) fn has_any(text: &str, needles: &[String]) -> bool {
    needles.iter().any(|n| has(text, n))
}

/// The tables of events.
pub(crate) const LOGS: &[&str] = &[
    "CloudAppEvents",
    "CommonSecurityLog",
    "DeviceEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "MessageEvents",
    "MessagePostDeliveryEvents",
    "MessageUrlInfo",
    "OfficeActivity",
    "SecurityAlert",
    "UrlClickEvents",
];

/// The tables each query reads.
pub(crate) fn tables(query: &str) -> &'static [&'static str] {
    match query {
        "log_ends" => LOGS,
        "smartscreen" | "smartscreen_opens" => &["DeviceEvents"],
        "url_clicks" | "clicks_on" => &["UrlClickEvents"],
        "message_urls" | "messages_on" => &["MessageEvents", "MessageUrlInfo"],
        "post_delivery" => &["MessagePostDeliveryEvents"],
        "reported" => &["CloudAppEvents", "MessageEvents"],
        "link_messages" => &["OfficeActivity"],
        "link_messages_cloud" => &["CloudAppEvents"],
        "alerts_defender" => &["AlertInfo", "AlertEvidence"],
        "proxy_hosts" => &["CommonSecurityLog", "DeviceNetworkInfo"],
        "defender_hosts" => &["DeviceNetworkEvents"],
        "alerts" => &["SecurityAlert"],
        "threat_indicators" => &["ThreatIntelIndicators"],
        "threat_indicators_legacy" => &["ThreatIntelligenceIndicator"],
        _ => &[],
    }
}

/// The query's window, slice and the request's own time span.
pub(super) struct Bounds {
    slice: (Time, Time),
    window: (Time, Time),
    span: (Time, Time),
}

impl Bounds {
    /// Whether a row of the side that is split is within.
    pub(super) fn fact(&self, time: Time) -> bool {
        inside(time, self.slice) && inside(time, self.span)
    }

    /// Whether a row of another side is within.
    pub(super) fn other(&self, time: Time) -> bool {
        inside(time, self.window) && inside(time, self.span)
    }
}

pub(super) fn inside(time: Time, (from, to): (Time, Time)) -> bool {
    time >= from && time < to
}

/// Runs a recognised query; none when it is of no kind known here.
pub(crate) fn run(
    world: &World,
    known: &Known,
    span: (Time, Time),
    recipients: Recipients,
) -> Option<Table> {
    let slice = (known.moment("slice_from")?, known.moment("slice_to")?);
    let window = match (known.moment("window_from"), known.moment("window_to")) {
        (Some(from), Some(to)) => (from, to),
        _ => slice,
    };
    let bounds = Bounds {
        slice,
        window,
        span,
    };
    let needles = known.texts("needles");
    let empty = known.emptied("MessageEvents");
    let messages = Messages {
        world,
        bounds: &bounds,
        recipients,
        empty: &empty,
    };
    let mut table = match known.name.as_str() {
        "smartscreen" => device_events(world, &bounds, "warning", |r| {
            r.action == "SmartScreenUrlWarning"
        }),
        "smartscreen_opens" => device_events(world, &bounds, "open", |r| {
            let app = r.app.to_lowercase();
            let device = |id: &String| id.eq_ignore_ascii_case(&r.device_id);
            r.action == "BrowserLaunchedToOpenUrl"
                && ["teams.exe", "ms-teams.exe", "msteams.exe"].contains(&app.as_str())
                && known.texts("devices").iter().any(device)
        }),
        "url_clicks" => clicks(world, &bounds, |c| {
            c.workload.eq_ignore_ascii_case("teams")
                && (c.action != "ClickAllowed"
                    || c.clicked_through == Some(true)
                    || !c.threats.is_empty())
        }),
        "clicks_on" => clicks(world, &bounds, |c| {
            has_any(&c.url, needles) || has_any(&c.chain, needles)
        }),
        "message_urls" => messages.flagged(),
        "messages_on" => messages.on(needles),
        "post_delivery" => messages.post_delivery(known.texts("messages")),
        "reported" => messages.reported(),
        // The audit records of Teams are the same, wherever they are kept.
        "link_messages" | "link_messages_cloud" => {
            link_messages(world, &bounds, known.texts("teams"))
        }
        "proxy_hosts" => proxy_hosts(world, &bounds, needles),
        "defender_hosts" => defender_hosts(world, &bounds, needles),
        "alerts" => alerts(world, &bounds, needles),
        "alerts_defender" => super::evidence::alerts(world, slice, span, needles),
        "threat_indicators" | "threat_indicators_legacy" => {
            super::intel::indicators(world, needles)
        }
        _ => return None,
    };
    // Kusto promises no order.
    table.rows.reverse();
    Some(table)
}

/// The oldest and the newest event of each table. A table holds more than the rows of interest, so it goes on all the time
/// and for an hour after the window of the world.
pub(crate) fn log_ends(
    world: &World,
    known: &Known,
    extents: &Extents,
    absent: &[&'static str],
) -> Option<Table> {
    let (from, to) = (known.moment("slice_from")?, known.moment("slice_to")?);
    let row = |table: &'static str| end_of(world, (from, to), extents, table);
    Some(Table {
        columns: END_COLUMNS.to_vec(),
        rows: LOGS
            .iter()
            .copied()
            .filter(|table| !absent.contains(table))
            .map(row)
            .collect(),
    })
}

/// The columns of an answer about the ends of logs.
pub(super) const END_COLUMNS: [(&str, &str); 3] = [
    ("log", "string"),
    ("oldest", "datetime"),
    ("newest", "datetime"),
];

/// The row of one log.
pub(super) fn end_of(
    world: &World,
    (from, to): (Time, Time),
    extents: &Extents,
    table: &'static str,
) -> Vec<Value> {
    let begin = extents.begins.get(table).copied().unwrap_or(from).max(from);
    let end = extents.ends.get(table).copied();
    let end = end.unwrap_or(world.anchor + TimeDelta::hours(1)).min(to);
    let newest = end - TimeDelta::seconds(1);
    match begin <= newest {
        true => vec![json!(table), json!(moment(begin)), json!(moment(newest))],
        false => vec![json!(table), Value::Null, Value::Null],
    }
}

fn device_events(
    world: &World,
    bounds: &Bounds,
    kind: &str,
    wanted: impl Fn(&DeviceEvent) -> bool,
) -> Table {
    let mut found = BTreeSet::new();
    let rows = world.tables.device_events.iter();
    for row in rows.filter(|r| bounds.fact(r.time) && !r.url.is_empty() && wanted(r)) {
        found.insert((
            row.time,
            row.report,
            kind,
            row.device_id.clone(),
            row.device_name.clone(),
            row.url.clone(),
            row.upn.clone(),
            row.object_id.clone(),
            row.app.clone(),
        ));
    }
    Table {
        columns: vec![
            ("kind", "string"),
            ("time", "datetime"),
            ("device_id", "string"),
            ("device_name", "string"),
            ("url", "string"),
            ("upn", "string"),
            ("object_id", "string"),
            ("app", "string"),
        ],
        rows: found
            .into_iter()
            .map(|(time, _, kind, id, name, url, upn, object, app)| {
                vec![
                    json!(kind),
                    json!(moment(time)),
                    json!(id),
                    json!(name),
                    json!(url),
                    json!(upn),
                    json!(object),
                    json!(app),
                ]
            })
            .collect(),
    }
}

fn clicks(world: &World, bounds: &Bounds, wanted: impl Fn(&Click) -> bool) -> Table {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut once = BTreeSet::new();
    for c in world
        .tables
        .clicks
        .iter()
        .filter(|c| bounds.fact(c.time) && wanted(c))
    {
        // Distinct before the null becomes false: the file coalesces in its projection.
        if !once.insert(format!("{c:?}")) {
            continue;
        }
        rows.push(vec![
            json!(moment(c.time)),
            json!(c.url),
            json!(c.action),
            json!(c.upn),
            json!(c.workload),
            json!(c.ip),
            json!(c.threats),
            json!(c.clicked_through.unwrap_or(false)),
            json!(c.app),
            json!(c.network_message),
            json!(c.report),
            json!(c.chain),
        ]);
    }
    Table {
        columns: vec![
            ("time", "datetime"),
            ("url", "string"),
            ("action", "string"),
            ("upn", "string"),
            ("workload", "string"),
            ("ip", "string"),
            ("threat_types", "string"),
            ("clicked_through", "bool"),
            ("app", "string"),
            ("network_message_id", "string"),
            ("report_id", "string"),
            ("chain", "string"),
        ],
        rows,
    }
}

/// Count, earliest and latest of a group.
#[derive(Clone, Copy)]
struct Group(u64, Time, Time);

impl Group {
    fn add<K: Ord>(groups: &mut BTreeMap<K, Group>, key: K, time: Time) {
        let group = groups.entry(key).or_insert(Group(0, time, time));
        *group = Group(group.0 + 1, group.1.min(time), group.2.max(time));
    }

    fn columns(self) -> [Value; 3] {
        [json!(self.0), json!(moment(self.1)), json!(moment(self.2))]
    }
}

fn link_messages(world: &World, bounds: &Bounds, teams: &[String]) -> Table {
    let mut groups = BTreeMap::new();
    for r in world.tables.office.iter().filter(|r| bounds.fact(r.time)) {
        let listed = r.workload.eq_ignore_ascii_case("MicrosoftTeams")
            && [
                "MessageCreatedHasLink",
                "MessageUpdatedHasLink",
                "MessageEditedHasLink",
            ]
            .contains(&r.operation)
            && teams
                .iter()
                .any(|t| t.to_lowercase() == r.team.to_lowercase())
            && !r.message.is_empty()
            && !r.channel.is_empty();
        if listed {
            let key = [
                r.operation.to_owned(),
                r.team.to_lowercase(),
                r.channel.clone(),
                r.message.clone(),
                r.user.clone(),
                r.team_name.clone(),
                r.channel_name.clone(),
            ];
            Group::add(&mut groups, key, r.time);
        }
    }
    Table {
        columns: vec![
            ("operation", "string"),
            ("team_id", "string"),
            ("channel_id", "string"),
            ("message_id", "string"),
            ("user", "string"),
            ("team_name", "string"),
            ("channel_name", "string"),
            ("events", "long"),
            ("first", "datetime"),
            ("last", "datetime"),
        ],
        rows: grouped(groups),
    }
}

fn grouped<const N: usize>(groups: BTreeMap<[String; N], Group>) -> Vec<Vec<Value>> {
    groups
        .into_iter()
        .map(|(key, group)| {
            let mut row: Vec<Value> = key.iter().map(|k| json!(k)).collect();
            row.extend(group.columns());
            row
        })
        .collect()
}

fn proxy_hosts(world: &World, bounds: &Bounds, needles: &[String]) -> Table {
    let mut held: BTreeMap<(String, Time), BTreeSet<(String, String)>> = BTreeMap::new();
    for row in world
        .tables
        .network_info
        .iter()
        .filter(|r| bounds.other(r.time))
    {
        let device = &world.devices[row.device];
        for address in &row.addresses {
            held.entry((address.to_lowercase(), hour_of(row.time)))
                .or_default()
                .insert((device.id.clone(), device.name.clone()));
        }
    }
    let mut groups = BTreeMap::new();
    for row in world.tables.proxy.iter().filter(|r| bounds.fact(r.time)) {
        // What the extensions say counts where nothing else says it.
        let extensions = match row.url.is_empty() && row.destination.is_empty() {
            true => row.extensions.as_str(),
            false => "",
        };
        let named = [row.url.as_str(), &row.destination, extensions];
        if !named.iter().any(|text| has_any(text, needles)) {
            continue;
        }
        let devices = held.get(&(row.source.to_lowercase(), hour_of(row.time)));
        for (id, name) in devices.into_iter().flatten() {
            let key = [
                id.clone(),
                name.clone(),
                row.url.clone(),
                row.destination.clone(),
                extensions.to_owned(),
            ];
            Group::add(&mut groups, key, row.time);
        }
    }
    Table {
        columns: vec![
            ("device_id", "string"),
            ("device_name", "string"),
            ("url", "string"),
            ("destination", "string"),
            ("extensions", "string"),
            ("events", "long"),
            ("first", "datetime"),
            ("last", "datetime"),
        ],
        rows: grouped(groups),
    }
}

fn defender_hosts(world: &World, bounds: &Bounds, needles: &[String]) -> Table {
    let mut groups = BTreeMap::new();
    for row in world
        .tables
        .network_events
        .iter()
        .filter(|r| bounds.fact(r.time))
    {
        if has_any(&row.url, needles) {
            let key = [
                row.device_id.clone(),
                row.device_name.clone(),
                row.url.clone(),
                row.upn.clone(),
                row.object_id.clone(),
            ];
            Group::add(&mut groups, key, row.time);
        }
    }
    Table {
        columns: vec![
            ("device_id", "string"),
            ("device_name", "string"),
            ("url", "string"),
            ("upn", "string"),
            ("object_id", "string"),
            ("events", "long"),
            ("first", "datetime"),
            ("last", "datetime"),
        ],
        rows: grouped(groups),
    }
}

fn alerts(world: &World, bounds: &Bounds, needles: &[String]) -> Table {
    let mut newest: BTreeMap<&str, &Alert> = BTreeMap::new();
    for row in world
        .tables
        .alerts
        .iter()
        .filter(|r| bounds.other(r.time) && !r.id.is_empty())
    {
        let held = newest.entry(&row.id).or_insert(row);
        if row.time > held.time {
            *held = row;
        }
    }
    let rows = newest
        .into_values()
        .filter(|row| bounds.fact(row.time))
        .filter(|row| {
            has_any(&row.entities, needles) || has_any(&row.entities.replace("\\/", "/"), needles)
        })
        .map(|row| {
            let name = if row.display_name.is_empty() {
                &row.alert_name
            } else {
                &row.display_name
            };
            vec![
                json!(row.id),
                json!(row.vendor_id),
                json!(name),
                json!(row.severity),
                json!(row.provider),
                json!(row.product),
                json!(moment(row.start.unwrap_or(row.time))),
                json!(moment(row.time)),
                json!(row.status),
                json!(row.tactics),
                json!(row.entities),
            ]
        })
        .collect();
    Table {
        columns: vec![
            ("alert_id", "string"),
            ("vendor_id", "string"),
            ("name", "string"),
            ("severity", "string"),
            ("provider", "string"),
            ("product", "string"),
            ("time", "datetime"),
            ("generated", "datetime"),
            ("status", "string"),
            ("tactics", "string"),
            ("entities", "string"),
        ],
        rows,
    }
}
