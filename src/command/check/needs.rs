//! What a load needs of the tenant, what it costs to be without, and where it comes from: the one list of permissions and
//! tables that `linktrail check` goes by. `docs/permissions.md` names the same.

/// A permission of Microsoft Graph.
#[derive(Debug)]
pub(super) struct Permission {
    /// The application permission.
    pub(super) name: &'static str,
    /// The id of the application permission (`appRole`) in Microsoft Graph.
    pub(super) id: &'static str,
    /// The delegated permissions of which one is enough for a person who signs in. The first is the one to ask for.
    pub(super) delegated: &'static [&'static str],
    /// What a load lacks without it.
    pub(super) without: &'static str,
    /// How a load does without it and has no gap; empty when there is no such way.
    pub(super) does_without: &'static str,
}

/// The application id of Microsoft Graph.
pub(super) const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// The application id of the query API of Log Analytics.
pub(super) const LOG_ANALYTICS: &str = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5";

/// The permissions that a load uses. All of them only read.
pub(super) const PERMISSIONS: &[Permission] = &[
    Permission {
        name: "User.Read.All",
        id: "df021288-bdef-4463-88db-98f22de89214",
        delegated: &["User.ReadBasic.All", "User.Read.All"],
        without: "people are shown by their ids: no names, no titles, and nobody is known to be a guest",
        does_without: "",
    },
    Permission {
        name: "Team.ReadBasic.All",
        id: "2280dda6-0bfd-44ee-a2f4-cb867cfc4c1e",
        delegated: &["Team.ReadBasic.All"],
        without: "nobody's teams are found, so only teams that a log or `--team` names are read, and who could see a message is not known",
        does_without: "",
    },
    Permission {
        name: "Channel.ReadBasic.All",
        id: "59a6b24b-4225-4393-8165-ebaec5f55d7a",
        delegated: &["Channel.ReadBasic.All"],
        without: "channels have the names that the audit log gives them, or none",
        does_without: "",
    },
    Permission {
        name: "ChannelMessage.Read.All",
        id: "7b2449af-6ccd-4f4d-9f78-e550c193f0d1",
        delegated: &["ChannelMessage.Read.All"],
        without: "no message of a channel is read: its text, its links and what it answers are known only as far as the logs tell them",
        does_without: "",
    },
    Permission {
        name: "Chat.Read.All",
        id: "6b7d71aa-70aa-4810-a8d9-5d9fb2830017",
        delegated: &["Chat.Read"],
        without: "no chat is read: a link that went on in chats is seen only in the logs",
        does_without: "`load --chats-of none` reads no chats and does without it",
    },
];

/// The permission for the logs of Defender, which only `[defender] hunting` needs.
pub(super) const HUNTING: Permission = Permission {
    name: "ThreatHunting.Read.All",
    id: "dd98c7f5-2d42-42d3-a0e4-633161547251",
    delegated: &["ThreatHunting.Read.All"],
    without: "no table of Microsoft Defender is read",
    does_without: "",
};

/// A table of the logs.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// What brings it into the workspace.
    pub(super) connector: &'static str,
    /// What a load lacks without it.
    pub(super) without: &'static str,
}

const DEFENDER: &str = "Microsoft Defender XDR";

/// The tables that a load reads.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "AlertEvidence",
        connector: DEFENDER,
        without: "what Defender's alerts name is not known",
    },
    Table {
        name: "AlertInfo",
        connector: DEFENDER,
        without: "Defender's own alerts are not found",
    },
    Table {
        name: "CloudAppEvents",
        connector: DEFENDER,
        without: "what people reported is not found, and where OfficeActivity is absent too, nothing lists which messages hold a link",
    },
    Table {
        name: "CommonSecurityLog",
        connector: "Common Event Format (CEF) of your proxy or firewall",
        without: "no host is found by what the proxy saw",
    },
    Table {
        name: "DeviceEvents",
        connector: DEFENDER,
        without: "SmartScreen's warnings about links opened from Teams are not found, and with them where an incident begins",
    },
    Table {
        name: "DeviceNetworkEvents",
        connector: DEFENDER,
        without: "connections that Defender saw on devices are not found",
    },
    Table {
        name: "DeviceNetworkInfo",
        connector: DEFENDER,
        without: "an address in the proxy's log cannot be told to be a device's",
    },
    Table {
        name: "MessageEvents",
        connector: DEFENDER,
        without: "messages that Defender flagged, and chats that Graph cannot read, are not found, nor who received a message",
    },
    Table {
        name: "MessagePostDeliveryEvents",
        connector: DEFENDER,
        without: "whether a message was removed after delivery is not known",
    },
    Table {
        name: "MessageUrlInfo",
        connector: DEFENDER,
        without: "the links of messages that Defender saw are not known, and with them who else was sent a malicious one",
    },
    Table {
        name: "OfficeActivity",
        connector: "Microsoft 365",
        without: "nothing lists which messages hold a link, so few messages are found",
    },
    Table {
        name: "SecurityAlert",
        connector: "the products that raise alerts",
        without: "alerts that name a link are not found",
    },
    Table {
        name: "ThreatIntelIndicators",
        connector: "Threat intelligence",
        without: "the provider `sentinel` has nothing to say",
    },
    Table {
        name: "ThreatIntelligenceIndicator",
        connector: "Threat intelligence",
        without: "the provider `sentinel` has nothing to say",
    },
    Table {
        name: "UrlClickEvents",
        connector: DEFENDER,
        without: "clicks that Safe Links saw, allowed or blocked are not found, so most of who opened a link is missing",
    },
];

/// What is known of a table; `None` for one that no load reads.
pub(super) fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::logs::Query;

    #[test]
    fn every_table_that_a_query_reads_is_known() {
        for name in Query::ALL.into_iter().flat_map(Query::tables) {
            assert!(
                table(name).is_some(),
                "{name} has no row in TABLES: say what brings it and what a load lacks without it"
            );
        }
    }

    #[test]
    fn the_names_are_sorted_and_distinct() {
        let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }

    #[test]
    fn the_page_on_permissions_names_the_same() {
        let page = include_str!("../../../docs/permissions.md");
        let permissions = PERMISSIONS.iter().map(|permission| permission.name);
        let read = Query::ALL.into_iter().flat_map(Query::tables);
        for name in permissions.chain(read) {
            assert!(page.contains(name), "docs/permissions.md lacks {name}");
        }
    }
}
