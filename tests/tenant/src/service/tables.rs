//! Where each table is, by which column it has its time, and which columns it has beside those that never differ.

/// Tables of Microsoft Defender, which stream to a workspace.
const STREAMED: [&str; 6] = [
    "DeviceEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "MessageEvents",
    "MessageUrlInfo",
    "UrlClickEvents",
];
/// Tables of Microsoft Defender, which stream to a workspace where that is set up.
const BY_CHOICE: [&str; 3] = ["AlertEvidence", "AlertInfo", "CloudAppEvents"];
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

/// Some columns of a table, those among them that differ from place to place.
pub(crate) fn columns(table: &str, in_hunting: bool) -> Vec<&'static str> {
    let mut columns = vec![match in_hunting {
        true => time(table),
        false => "TimeGenerated",
    }];
    match table {
        "MessageEvents" => {
            columns.extend(["TeamsMessageId", "ThreadId", "GroupId", "ThreatTypes"]);
            match in_hunting {
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
pub(crate) fn needed(query: &str, table: &str) -> &'static [&'static str] {
    match (query, table) {
        ("message_urls", "MessageUrlInfo") => &["ThreatTypes"],
        _ => &[],
    }
}
