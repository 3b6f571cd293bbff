//! Where each table is, by which column it has its time, and which columns it has beside those that never differ.

use super::prelude::Known;

/// Tables of Microsoft Defender, which stream to a workspace.
const STREAMED: [&str; 8] = [
    "CloudAppEvents",
    "DeviceEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "MessageEvents",
    "MessagePostDeliveryEvents",
    "MessageUrlInfo",
    "UrlClickEvents",
];
/// Tables of Microsoft Defender, which stream to a workspace where that is set up.
const BY_CHOICE: [&str; 2] = ["AlertEvidence", "AlertInfo"];
/// Tables of a workspace.
const OWN: [&str; 5] = [
    "CommonSecurityLog",
    "OfficeActivity",
    "SecurityAlert",
    "ThreatIntelIndicators",
    "ThreatIntelligenceIndicator",
];

/// The name of a table, if there is such a one at all.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    let mut all = STREAMED.iter().chain(&BY_CHOICE).chain(&OWN);
    all.find(|table| **table == name).copied()
}

/// True for a table of Microsoft Defender.
pub(crate) fn is_of_defender(table: &str) -> bool {
    !OWN.contains(&table)
}

/// True for a table that every workspace has, unless a test or the world takes it away.
pub(crate) fn is_usual(table: &str) -> bool {
    !BY_CHOICE.contains(&table)
}

/// The column of the time in advanced hunting.
pub(crate) fn time(table: &str) -> &'static str {
    match is_of_defender(table) {
        true => "Timestamp",
        false => "TimeGenerated",
    }
}

/// The columns of MessageEvents in which tenants differ: those that stream, and those that are documented.
const LIVE: [&str; 6] = [
    "ThreadType",
    "ThreadName",
    "ThreadSubType",
    "MessageType",
    "MessageSubtype",
    "Subject",
];
const DOCUMENTED: [&str; 4] = [
    "ThreadSubtype",
    "MessageFormatType",
    "MessageFormatSubtype",
    "MessageSubject",
];

/// Some columns of a table, those among them that differ from place to place. The two spellings of MessageEvents are
/// `turned` round in some tenants.
pub(crate) fn columns(table: &str, in_hunting: bool, turned: bool) -> Vec<&'static str> {
    let mut columns = vec![match in_hunting {
        true => time(table),
        false => "TimeGenerated",
    }];
    match table {
        "MessageEvents" => {
            columns.extend(["TeamsMessageId", "ThreadId", "GroupId", "ThreatTypes"]);
            match in_hunting != turned {
                true => columns.extend(LIVE),
                false => columns.extend(DOCUMENTED),
            }
        }
        "MessageUrlInfo" => {
            columns.extend(["TeamsMessageId", "Url", "UrlDomain", "ReportId"]);
            if !in_hunting {
                columns.push("ThreatTypes");
            }
        }
        _ => {}
    }
    columns
}

/// The columns of a table that a query needs and that some tenants lack.
fn needed(query: &str, table: &str) -> &'static [&'static str] {
    match (query, table) {
        ("message_urls" | "messages_on", "MessageUrlInfo") => &["ThreatTypes"],
        ("message_urls" | "messages_on" | "reported", "MessageEvents") => {
            &["MessageSubject", "ThreadName", "ThreadType"]
        }
        _ => &[],
    }
}

/// A column by which a query reads a table and which is not there; none when all are.
pub(crate) fn lacking(
    query: &Known,
    table: &str,
    in_hunting: bool,
    turned: bool,
) -> Option<String> {
    let has = columns(table, in_hunting, turned);
    let time = has[0];
    let reads: Vec<_> = query.reads.iter().filter(|r| r.table == table).collect();
    for (n, read) in reads.iter().enumerate() {
        if read.time != time {
            return Some(read.time.clone());
        }
        let named = |name: &str| read.named.iter().find(|(named, _)| named == name);
        // The rest of every query says TimeGenerated.
        if time != "TimeGenerated" && named("TimeGenerated").is_none_or(|(_, is)| is != time) {
            return Some("TimeGenerated".to_owned());
        }
        // Of two reads the first only picks the ids.
        let needed = needed(&query.name, table).iter();
        let mut needed = needed.filter(|_| n + 1 == reads.len());
        if let Some(column) = needed.find(|c| !has.contains(c) && named(c).is_none()) {
            return Some((*column).to_owned());
        }
        let mut values = read.named.iter().map(|(_, value)| value);
        if let Some(value) = values.find(|v| *v != "\"\"" && !has.contains(&v.as_str())) {
            return Some(value.clone());
        }
    }
    None
}
