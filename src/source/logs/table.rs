//! The tables that the queries read, and what differs about them from place to place: the column of the time, and columns
//! that have another name or are absent. The queries name what is documented for Log Analytics.

use std::collections::BTreeSet;

use super::place::Place;

/// The column of the time in a workspace, and of those tables that advanced hunting has from a connected workspace.
pub(super) const GENERATED: &str = "TimeGenerated";
/// The column of the time in the tables of Microsoft Defender. It is the time of the event, where a workspace has the time
/// of arrival when a row came late.
pub(super) const TIMESTAMP: &str = "Timestamp";

/// Where a table is at home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    /// In Microsoft Defender. A connector can copy it into a workspace.
    Defender,
    /// In a workspace. Advanced hunting has it only when that workspace is connected.
    Workspace,
}

/// A column that some tenants do not have under this name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uncertain {
    /// The name in the queries. All of these columns are texts.
    pub(super) name: &'static str,
    /// Another name for the same.
    pub(super) other: Option<&'static str>,
    /// The place where it may be absent; `None` for all of them.
    only: Option<Place>,
    /// True when something else says the same, so that nothing of weight is lost where it is absent.
    pub(super) is_told_elsewhere: bool,
}

const fn renamed(name: &'static str, other: &'static str) -> Uncertain {
    Uncertain {
        name,
        other: Some(other),
        only: None,
        is_told_elsewhere: false,
    }
}

const fn optional(name: &'static str) -> Uncertain {
    Uncertain {
        name,
        other: None,
        only: None,
        is_told_elsewhere: false,
    }
}

/// A table.
struct Table {
    name: &'static str,
    home: Home,
    uncertain: &'static [Uncertain],
}

const fn of_defender(name: &'static str) -> Table {
    Table {
        name,
        home: Home::Defender,
        uncertain: &[],
    }
}

const fn of_workspace(name: &'static str) -> Table {
    Table {
        name,
        home: Home::Workspace,
        uncertain: &[],
    }
}

/// All tables.
const TABLES: &[Table] = &[
    of_defender("AlertEvidence"),
    of_defender("AlertInfo"),
    of_defender("CloudAppEvents"),
    of_workspace("CommonSecurityLog"),
    of_defender("DeviceEvents"),
    of_defender("DeviceNetworkEvents"),
    of_defender("DeviceNetworkInfo"),
    Table {
        name: "MessageEvents",
        home: Home::Defender,
        // Two schemas are public: what streams, and what is documented.
        uncertain: &[
            renamed("MessageFormatSubtype", "MessageSubtype"),
            renamed("MessageFormatType", "MessageType"),
            renamed("MessageSubject", "Subject"),
            // Graph names channels and chats, but for those of another tenant, which are shown by their kind then.
            Uncertain {
                is_told_elsewhere: true,
                ..optional("ThreadName")
            },
            renamed("ThreadSubtype", "ThreadSubType"),
            // The id of the thread shows its kind.
            Uncertain {
                is_told_elsewhere: true,
                ..optional("ThreadType")
            },
        ],
    },
    of_defender("MessagePostDeliveryEvents"),
    Table {
        name: "MessageUrlInfo",
        home: Home::Defender,
        uncertain: &[Uncertain {
            only: Some(Place::Hunting),
            ..optional("ThreatTypes")
        }],
    },
    of_workspace("OfficeActivity"),
    of_workspace("SecurityAlert"),
    of_workspace("ThreatIntelIndicators"),
    of_workspace("ThreatIntelligenceIndicator"),
    of_defender("UrlClickEvents"),
];

fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// The names of all tables.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// The column of the time of a table at a place.
pub(super) fn time_column(name: &str, place: Place) -> &'static str {
    let home = table(name).map_or(Home::Workspace, |table| table.home);
    match (place, home) {
        (Place::Hunting, Home::Defender) => TIMESTAMP,
        _ => GENERATED,
    }
}

/// The columns of a table that may be absent at a place.
pub(super) fn uncertain(name: &str, place: Place) -> impl Iterator<Item = Uncertain> {
    let columns = table(name).map_or(&[][..], |table| table.uncertain);
    let columns = columns.iter().copied();
    columns.filter(move |column| column.only.is_none_or(|only| only == place))
}

/// True for a table whose events are rare, so that its last one does not tell whether later ones have arrived: few
/// messages are removed after delivery.
pub fn is_rare(table: &str) -> bool {
    table == "MessagePostDeliveryEvents"
}

/// The columns that a table has at a place.
pub type Columns = BTreeSet<String>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::logs::Query;

    #[test]
    fn every_table_of_a_query_is_known() {
        for query in Query::ALL {
            for name in query.tables() {
                assert!(table(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_time_has_the_column_of_the_place() {
        for (name, hunting) in [
            ("DeviceNetworkInfo", TIMESTAMP),
            ("CommonSecurityLog", GENERATED),
            ("OfficeActivity", GENERATED),
            ("CloudAppEvents", TIMESTAMP),
            ("ThreatIntelIndicators", GENERATED),
        ] {
            assert_eq!(time_column(name, Place::Hunting), hunting, "{name}");
            assert_eq!(time_column(name, Place::Workspace), GENERATED, "{name}");
        }
    }
}
