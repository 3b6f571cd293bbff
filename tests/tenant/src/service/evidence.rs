//! AlertInfo and AlertEvidence: what Defender keeps of its alerts, made of the newest row of each in the workspace.

use super::answers::{Table, has_any, inside, moment};
use crate::world::World;
use crate::world::facts::Time;
use crate::world::logs::Alert;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A row of AlertEvidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Evidence {
    url: String,
    device_id: String,
    device_name: String,
    object_id: String,
    upn: String,
    fields: String,
}

/// When Defender raised an alert.
fn raised(row: &Alert) -> Time {
    row.start.unwrap_or(row.time)
}

/// The answer to `alerts_defender`.
pub(super) fn alerts(
    world: &World,
    slice: (Time, Time),
    span: (Time, Time),
    needles: &[String],
) -> Table {
    let mut newest: BTreeMap<&str, &Alert> = BTreeMap::new();
    for row in world.tables.alerts.iter().filter(|row| !row.id.is_empty()) {
        let held = newest.entry(&row.id).or_insert(row);
        if row.time > held.time {
            *held = row;
        }
    }
    let mut rows = Vec::new();
    for row in newest.into_values() {
        let time = raised(row);
        let evidence = evidence(&row.entities);
        let names = |piece: &Evidence| {
            has_any(&piece.url, needles) || has_any(&piece.fields.replace("\\/", "/"), needles)
        };
        if !inside(time, slice) || !inside(time, span) || !evidence.iter().any(names) {
            continue;
        }
        let title = match row.display_name.as_str() {
            "" => &row.alert_name,
            name => name,
        };
        let service = match row.provider {
            "MDATP" => "Microsoft Defender for Endpoint",
            "OATP" => "Microsoft Defender for Office 365",
            other => other,
        };
        for piece in evidence {
            rows.push(vec![
                json!(row.defender_id()),
                json!(title),
                json!(row.severity),
                json!(service),
                json!(service),
                json!(moment(time)),
                json!(row.tactics),
                json!(piece.url),
                json!(piece.device_id),
                json!(piece.device_name),
                json!(piece.object_id),
                json!(piece.upn),
                json!(piece.fields),
            ]);
        }
    }
    let text = |name| (name, "string");
    let mut columns: Vec<(&'static str, &'static str)> = [
        "alert_id",
        "name",
        "severity",
        "service",
        "detection",
        "time",
        "category",
        "url",
        "device_id",
        "device_name",
        "object_id",
        "upn",
        "fields",
    ]
    .map(text)
    .to_vec();
    columns[5].1 = "datetime";
    Table { columns, rows }
}

/// A row for each entity; those that stand in another are rows of their own, and a reference is none.
fn evidence(entities: &str) -> Vec<Evidence> {
    let entities: Value = serde_json::from_str(entities).unwrap_or_default();
    let mut rows = Vec::new();
    for (at, entity) in entities.as_array().into_iter().flatten().enumerate() {
        let Some(entity) = entity
            .as_object()
            .filter(|entity| entity.contains_key("Type"))
        else {
            continue;
        };
        let mut row = row(entity, at);
        if let Some(host) = entity.get("Host").and_then(Value::as_object) {
            let host = self::row(host, at);
            row.device_id = host.device_id;
            row.device_name = host.device_name;
        }
        rows.push(row);
    }
    rows.sort();
    rows.dedup();
    rows
}

fn row(entity: &Map<String, Value>, at: usize) -> Evidence {
    let text = |name: &str| {
        let text = entity.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let fields = Value::Object(entity.clone()).to_string();
    let mut row = Evidence {
        fields,
        ..Evidence::default()
    };
    match text("Type").to_lowercase().as_str() {
        // The column has a prefix in some rows, is empty in others, and the fields have the url all the same.
        "url" => {
            let url = text("Url");
            row.url = match at % 3 {
                0 => format!("uri={url}"),
                1 => String::new(),
                _ => url,
            };
        }
        "host" => {
            row.device_id = text("MdatpDeviceId");
            row.device_name = match text("DnsDomain").as_str() {
                "" => text("HostName"),
                domain => format!("{}.{domain}", text("HostName")),
            };
        }
        "account" => {
            row.object_id = text("AadUserId");
            row.upn = match text("Name").as_str() {
                "" => String::new(),
                name => format!("{name}@{}", text("UPNSuffix")),
            };
        }
        _ => {}
    }
    row
}
