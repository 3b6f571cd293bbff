//! What the queries about Teams messages mean, over what Defender's tables hold of them.

use super::answers::{Bounds, Table, has_any, moment};
use crate::Recipients;
use crate::world::World;
use crate::world::facts::{Kind, Place};
use crate::world::logs::*;
use crate::world::message_logs::{ZEROS, address, object_id};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The columns that the queries make of MessageEvents, behind the id.
const OF_MESSAGE: [(&str, &str); 17] = [
    ("message_id", "string"),
    ("parent_id", "string"),
    ("edited", "string"),
    ("sender_upn", "string"),
    ("sender_id", "string"),
    ("sender_name", "string"),
    ("sender_type", "string"),
    ("team_id", "string"),
    ("team_name", "string"),
    ("thread_id", "string"),
    ("thread_name", "string"),
    ("thread_type", "string"),
    ("subject", "string"),
    ("recipients", "string"),
    ("owned", "bool"),
    ("external", "bool"),
    ("delivery", "string"),
];

/// The names of the columns in the table, in that order.
const IN_TABLE: [&str; 17] = [
    "MessageId",
    "ParentMessageId",
    "LastEditedTime",
    "SenderEmailAddress",
    "SenderObjectId",
    "SenderDisplayName",
    "SenderType",
    "GroupId",
    "GroupName",
    "ThreadId",
    "ThreadName",
    "ThreadType",
    "MessageSubject",
    "RecipientDetails",
    "IsOwnedThread",
    "IsExternalThread",
    "DeliveryLocation",
];

/// Answers about messages in one tenant.
pub(super) struct Messages<'a> {
    /// The world.
    pub(super) world: &'a World,
    /// The bounds of the query.
    pub(super) bounds: &'a Bounds,
    /// How RecipientDetails are told.
    pub(super) recipients: Recipients,
    /// Columns of MessageEvents that the query names as empty.
    pub(super) empty: &'a [String],
}

impl<'a> Messages<'a> {
    /// The newest row of each message, in order of the ids.
    fn newest(&self, wanted: impl Fn(&MessageEvent) -> bool) -> Vec<&'a MessageEvent> {
        let mut newest: BTreeMap<&str, &MessageEvent> = BTreeMap::new();
        let rows = self.world.tables.message_events.iter();
        for row in rows.filter(|row| !row.teams_message.is_empty() && wanted(row)) {
            let held = newest.entry(&row.teams_message).or_insert(row);
            if row.time > held.time {
                *held = row;
            }
        }
        newest.into_values().collect()
    }

    /// The distinct urls of each message within the window: url and threats.
    fn urls(&self) -> HashMap<&'a str, BTreeSet<(&'a str, &'static str)>> {
        let mut urls: HashMap<&str, BTreeSet<(&str, &'static str)>> = HashMap::new();
        for row in &self.world.tables.message_urls {
            let is_there = !row.teams_message.is_empty() && !row.url.is_empty();
            if is_there && self.bounds.other(row.time) {
                let held = urls.entry(&row.teams_message).or_default();
                held.insert((&row.url, row.threats));
            }
        }
        urls
    }

    /// Messages with their urls, a row for each.
    fn with_urls(
        &self,
        wanted: impl Fn(&MessageEvent) -> bool,
        counts: impl Fn(&MessageEvent, &str) -> bool,
    ) -> Table {
        let urls = self.urls();
        let mut rows = Vec::new();
        // The newest row of the window belongs to the slice in which it stands.
        let newest = self.newest(|row| self.bounds.other(row.time) && wanted(row));
        for event in newest.into_iter().filter(|row| self.bounds.fact(row.time)) {
            let urls = urls.get(event.teams_message.as_str());
            for (url, threats) in urls.into_iter().flatten() {
                if counts(event, threats) {
                    let mut row = vec![
                        json!(moment(event.time)),
                        json!(url),
                        json!(event.teams_message),
                    ];
                    row.extend(self.columns(event));
                    row.extend([json!(event.threats), json!(threats)]);
                    rows.push(row);
                }
            }
        }
        let mut columns = vec![
            ("time", "datetime"),
            ("url", "string"),
            ("teams_message_id", "string"),
        ];
        columns.extend(OF_MESSAGE);
        columns.extend([("message_threats", "string"), ("url_threats", "string")]);
        Table { columns, rows }
    }

    /// `message_urls`.
    pub(super) fn flagged(&self) -> Table {
        self.with_urls(
            |_| true,
            |event, threats| !event.threats.is_empty() || !threats.is_empty(),
        )
    }

    /// `messages_on`.
    pub(super) fn on(&self, needles: &[String]) -> Table {
        let ids: BTreeSet<String> = needles.iter().map(|needle| needle.to_lowercase()).collect();
        let is_named = |id: &str| ids.contains(&id.to_lowercase());
        let rows = self.world.tables.message_urls.iter();
        let named: BTreeSet<&str> = rows
            .filter(|row| self.bounds.other(row.time) && !row.teams_message.is_empty())
            .filter(|row| has_any(&row.url, needles) || is_named(&row.teams_message))
            .map(|row| row.teams_message.as_str())
            .collect();
        self.with_urls(
            |event| named.contains(event.teams_message.as_str()),
            |_, _| true,
        )
    }

    /// `post_delivery`.
    pub(super) fn post_delivery(&self, messages: &[String]) -> Table {
        let rows = self.world.tables.post_deliveries.iter();
        let rows = rows
            .filter(|row| self.bounds.fact(row.time) && messages.contains(&row.teams_message))
            .map(|row| {
                [
                    moment(row.time),
                    row.teams_message.clone(),
                    row.action.to_owned(),
                    row.action_type.to_owned(),
                    row.result.to_owned(),
                    row.location.to_owned(),
                ]
            });
        let distinct: BTreeSet<[String; 6]> = rows.collect();
        Table {
            columns: vec![
                ("time", "datetime"),
                ("teams_message_id", "string"),
                ("action", "string"),
                ("action_type", "string"),
                ("result", "string"),
                ("location", "string"),
            ],
            rows: distinct
                .into_iter()
                .map(|row| row.into_iter().map(Value::from).collect())
                .collect(),
        }
    }

    /// `reported`.
    pub(super) fn reported(&self) -> Table {
        let is_of_teams = |row: &&Submission| {
            ["chatmessage", "teamscall"].contains(&row.content.to_lowercase().as_str())
        };
        let is_report = |row: &&Submission| {
            let operation = row.operation.to_lowercase();
            operation.starts_with("usersubmission") || operation.starts_with("adminsubmission")
        };
        let reports = self.world.tables.submissions.iter();
        let reports: BTreeSet<[String; 9]> = reports
            .filter(|row| self.bounds.fact(row.time))
            .filter(is_of_teams)
            .filter(is_report)
            .map(|row| {
                [
                    moment(row.time),
                    row.id.clone(),
                    row.operation.to_owned(),
                    row.content.to_owned(),
                    row.reporter_id.clone(),
                    row.reporter_upn.clone(),
                    row.reporter_name.clone(),
                    row.sender.to_lowercase(),
                    row.verdict.to_owned(),
                ]
            })
            .collect();
        // Of a message the newest row counts that names this sender.
        let senders: BTreeSet<&str> = reports.iter().map(|report| report[7].as_str()).collect();
        let mut of_sender: BTreeMap<&str, Vec<&MessageEvent>> = BTreeMap::new();
        for sender in senders.into_iter().filter(|sender| !sender.is_empty()) {
            let is_from = |row: &MessageEvent| self.text(row, 3).to_lowercase() == sender;
            let found = self.newest(|row| self.bounds.other(row.time) && is_from(row));
            if !found.is_empty() {
                of_sender.insert(sender, found);
            }
        }
        let mut rows = Vec::new();
        for report in &reports {
            let messages = of_sender.get(report[7].as_str());
            let given = || report.iter().map(|text| json!(text));
            for event in messages.into_iter().flatten() {
                let mut row: Vec<Value> = given().collect();
                row.extend([json!(moment(event.time)), json!(event.teams_message)]);
                row.extend(self.columns(event));
                row.push(json!(event.threats));
                rows.push(row);
            }
            if messages.is_none() {
                let mut row: Vec<Value> = given().collect();
                row.extend([Value::Null, json!("")]);
                row.extend(OF_MESSAGE.map(|(_, kind)| match kind {
                    "string" => json!(""),
                    _ => Value::Null,
                }));
                row.push(json!(""));
                rows.push(row);
            }
        }
        let mut columns = vec![
            ("reported", "datetime"),
            ("submission_id", "string"),
            ("operation", "string"),
            ("content", "string"),
            ("reporter_id", "string"),
            ("reporter_upn", "string"),
            ("reporter_name", "string"),
            ("reported_sender", "string"),
            ("verdict", "string"),
            ("time", "datetime"),
            ("teams_message_id", "string"),
        ];
        columns.extend(OF_MESSAGE);
        columns.push(("message_threats", "string"));
        Table { columns, rows }
    }

    fn columns(&self, event: &MessageEvent) -> Vec<Value> {
        (0..IN_TABLE.len()).map(|n| self.cell(event, n)).collect()
    }

    fn cell(&self, event: &MessageEvent, column: usize) -> Value {
        match IN_TABLE[column] {
            "RecipientDetails" => self.recipients(event),
            "IsOwnedThread" => json!(event.owned),
            "IsExternalThread" => json!(event.external),
            _ => json!(self.text(event, column)),
        }
    }

    /// The text of a column.
    fn text(&self, event: &MessageEvent, column: usize) -> String {
        let name = IN_TABLE[column];
        if event.empty.contains(&name) || self.empty.iter().any(|empty| empty == name) {
            return String::new();
        }
        let world = self.world;
        let message = &world.messages[event.fact_message];
        let channel = match message.place {
            Place::Channel(channel) => Some(&world.channels[channel]),
            Place::Chat(_) => None,
        };
        let team = channel.map(|channel| &world.teams[channel.team]);
        let sender = message.sender.map(|user| &world.users[user]);
        match name {
            "MessageId" => message.id.clone(),
            "ParentMessageId" => match message.root {
                Some(root) => world.messages[root].id.clone(),
                None => message.id.clone(),
            },
            "LastEditedTime" => moment(event.edited),
            "SenderEmailAddress" => event
                .fact_sender
                .map(|(user, named)| address(world, user, named).to_owned())
                .unwrap_or_default(),
            "SenderObjectId" => match event.fact_sender {
                Some((user, named)) => object_id(world, user, named).to_owned(),
                None => ZEROS.to_owned(),
            },
            "SenderDisplayName" => sender
                .and_then(|user| user.name.clone())
                .unwrap_or_default(),
            "SenderType" => event.sender_type.to_owned(),
            "GroupId" => team.map(|team| team.id.clone()).unwrap_or_default(),
            "GroupName" => team.map(|team| team.name.clone()).unwrap_or_default(),
            "ThreadId" => world.place_id(message.place).to_owned(),
            "ThreadName" => match message.place {
                Place::Channel(channel) => world.channels[channel].name.clone(),
                Place::Chat(chat) => world.chats[chat].topic.clone().unwrap_or_default(),
            },
            "ThreadType" => match message.place {
                Place::Channel(_) => "space".to_owned(),
                Place::Chat(chat) if world.chats[chat].kind == "meeting" => "meeting".to_owned(),
                Place::Chat(_) => "chat".to_owned(),
            },
            "MessageSubject" => message.subject.clone().unwrap_or_default(),
            _ => event.delivery.to_owned(),
        }
    }

    /// RecipientDetails: those of a chat one by one, of a channel its group.
    fn recipients(&self, event: &MessageEvent) -> Value {
        let world = self.world;
        let element = |address: &str, name: &str, id: &str| {
            json!({
                "RecipientSmtpAddress": address, "RecipientDisplayName": name,
                "RecipientObjectId": id, "RecipientType": "User",
            })
        };
        let message = &world.messages[event.fact_message];
        let elements: Vec<Value> = match message.place {
            Place::Channel(channel) => {
                let team = &world.teams[world.channels[channel].team];
                let group = team.id.split('-').next().unwrap_or_default();
                let group = format!("team-{group}@{}", world.internal_domains[0]);
                vec![element(&group, &team.name, ZEROS)]
            }
            Place::Chat(_) => event
                .recipients
                .iter()
                .map(|recipient| {
                    let (user, named) = (recipient.fact_user, recipient.named);
                    let facts = &world.users[user];
                    let name = facts.name.as_deref().unwrap_or_default();
                    let id = match facts.kind {
                        Kind::Phantom => ZEROS,
                        _ => object_id(world, user, named),
                    };
                    element(address(world, user, named), name, id)
                })
                .collect(),
        };
        let texts = || -> Vec<String> { elements.iter().map(Value::to_string).collect() };
        match self.recipients {
            Recipients::Text => json!(json!(elements).to_string()),
            Recipients::List => json!(elements),
            Recipients::Texts => json!(json!(texts()).to_string()),
        }
    }
}
