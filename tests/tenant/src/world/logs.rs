//! Rows of the Sentinel tables. The raw columns are what queries see; `fact_*` fields say what a row
//! is about and are read by the ground truth only.

use super::facts::{DeviceIx, LinkIx, MessageIx, Place, Time, UserIx};
pub(crate) use super::message_logs::{
    MessageEvent, MessageUrl, PostDelivery, Recipient, Submission,
};
use std::collections::{BTreeMap, BTreeSet};

/// OfficeActivity.
#[derive(Clone, Debug)]
pub struct Office {
    /// TimeGenerated.
    pub time: Time,
    /// Operation.
    pub operation: &'static str,
    /// OfficeWorkload.
    pub workload: &'static str,
    /// AADGroupId as written.
    pub team: String,
    /// TeamName.
    pub team_name: String,
    /// ChannelGuid.
    pub channel: String,
    /// ChannelName.
    pub channel_name: String,
    /// MessageId.
    pub message: String,
    /// UserId.
    pub user: String,
    /// The message this row is about.
    pub fact_message: Option<MessageIx>,
    /// The user this row names.
    pub fact_user: Option<UserIx>,
}

/// How a log row names its user: what the columns hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Object id and UPN.
    Both,
    /// UPN alone.
    Upn,
    /// Object id alone, the UPN column empty.
    Id,
    /// Neither.
    No,
}

/// DeviceEvents.
#[derive(Clone, Debug)]
pub struct DeviceEvent {
    /// TimeGenerated.
    pub time: Time,
    /// ActionType.
    pub action: &'static str,
    /// DeviceId as written.
    pub device_id: String,
    /// DeviceName.
    pub device_name: String,
    /// RemoteUrl.
    pub url: String,
    /// InitiatingProcessAccountUpn.
    pub upn: String,
    /// InitiatingProcessAccountObjectId.
    pub object_id: String,
    /// InitiatingProcessFileName.
    pub app: String,
    /// ReportId.
    pub report: i64,
    /// The device.
    pub fact_device: DeviceIx,
    /// The url, when it is one.
    pub fact_link: Option<LinkIx>,
    /// Who, and how the row says so.
    pub fact_user: Option<(UserIx, Named)>,
}

/// UrlClickEvents.
#[derive(Clone, Debug)]
pub struct Click {
    /// TimeGenerated.
    pub time: Time,
    /// Url as written.
    pub url: String,
    /// ActionType.
    pub action: &'static str,
    /// AccountUpn.
    pub upn: String,
    /// Workload.
    pub workload: &'static str,
    /// IPAddress.
    pub ip: String,
    /// ThreatTypes.
    pub threats: &'static str,
    /// IsClickedThrough; null in some rows.
    pub clicked_through: Option<bool>,
    /// AppName.
    pub app: &'static str,
    /// NetworkMessageId.
    pub network_message: String,
    /// ReportId.
    pub report: String,
    /// UrlChain: a list of urls in JSON, or nothing.
    pub chain: String,
    /// The url.
    pub fact_link: Option<LinkIx>,
    /// Who clicked.
    pub fact_user: UserIx,
    /// The urls to which it led, in their order, the clicked one left out.
    pub fact_chain: Vec<LinkIx>,
}

/// What a connection in a proxy or network log was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Exactly this url.
    Url(LinkIx),
    /// The host of this url: the host alone, or another path on it.
    HostOf(LinkIx),
    /// Neither, however alike it looks.
    Other,
}

/// CommonSecurityLog.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// TimeGenerated.
    pub time: Time,
    /// SourceIP.
    pub source: String,
    /// RequestURL as written.
    pub url: String,
    /// DestinationHostName.
    pub destination: String,
    /// AdditionalExtensions.
    pub extensions: String,
    /// What was asked for.
    pub fact_about: About,
    /// The devices that reported that address within that hour.
    pub fact_devices: Vec<DeviceIx>,
}

/// DeviceNetworkInfo.
#[derive(Clone, Debug)]
pub struct NetworkInfo {
    /// TimeGenerated.
    pub time: Time,
    /// The device.
    pub device: DeviceIx,
    /// IPAddresses.
    pub addresses: Vec<String>,
}

/// DeviceNetworkEvents.
#[derive(Clone, Debug)]
pub struct NetworkEvent {
    /// TimeGenerated.
    pub time: Time,
    /// DeviceId as written.
    pub device_id: String,
    /// DeviceName.
    pub device_name: String,
    /// RemoteUrl.
    pub url: String,
    /// InitiatingProcessAccountUpn.
    pub upn: String,
    /// InitiatingProcessAccountObjectId.
    pub object_id: String,
    /// The device.
    pub fact_device: DeviceIx,
    /// What was connected to.
    pub fact_about: About,
    /// Who, and how the row says so.
    pub fact_user: Option<(UserIx, Named)>,
}

/// A host as an alert names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertHost {
    /// A device of this world, and whether its MDE DeviceId is given beside its name.
    Device(DeviceIx, bool),
    /// A machine that no other log knows.
    Unmanaged(String),
}

/// A Teams message as an entity of an alert names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertMessage {
    /// Its id, and the thread in which it stands.
    Message(MessageIx),
    /// Only the thread.
    Thread(Place),
}

/// SecurityAlert: one row, of which an alert can have several.
#[derive(Clone, Debug)]
pub struct Alert {
    /// TimeGenerated.
    pub time: Time,
    /// SystemAlertId.
    pub id: String,
    /// VendorOriginalId: the id of the alert in Defender, in some rows.
    pub vendor_id: String,
    /// DisplayName.
    pub display_name: String,
    /// AlertName.
    pub alert_name: String,
    /// AlertSeverity.
    pub severity: &'static str,
    /// ProviderName.
    pub provider: &'static str,
    /// ProductName.
    pub product: &'static str,
    /// StartTime.
    pub start: Option<Time>,
    /// Status.
    pub status: &'static str,
    /// Tactics.
    pub tactics: &'static str,
    /// Entities: JSON in a string.
    pub entities: String,
    /// The urls among the entities.
    pub fact_links: Vec<LinkIx>,
    /// The hosts among the entities.
    pub fact_hosts: Vec<AlertHost>,
    /// The accounts among the entities, and how they are named.
    pub fact_users: Vec<(UserIx, Named)>,
    /// The messages and threads among the entities, one for each entity.
    pub fact_messages: Vec<AlertMessage>,
}

impl Alert {
    /// The id of its node.
    pub fn node_id(&self) -> &str {
        match self.vendor_id.as_str() {
            "" => &self.id,
            vendor => vendor,
        }
    }

    /// AlertId in Defender's own tables.
    pub fn defender_id(&self) -> String {
        match self.vendor_id.as_str() {
            "" => format!("da{}", self.id),
            vendor => vendor.to_owned(),
        }
    }
}

/// All tables of the workspace.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// OfficeActivity.
    pub office: Vec<Office>,
    /// DeviceEvents.
    pub device_events: Vec<DeviceEvent>,
    /// UrlClickEvents.
    pub clicks: Vec<Click>,
    /// MessageEvents.
    pub message_events: Vec<MessageEvent>,
    /// MessageUrlInfo.
    pub message_urls: Vec<MessageUrl>,
    /// MessagePostDeliveryEvents.
    pub post_deliveries: Vec<PostDelivery>,
    /// Reports in CloudAppEvents, whose audit records of messages are those of OfficeActivity.
    pub submissions: Vec<Submission>,
    /// CommonSecurityLog.
    pub proxy: Vec<Proxy>,
    /// DeviceNetworkInfo.
    pub network_info: Vec<NetworkInfo>,
    /// DeviceNetworkEvents.
    pub network_events: Vec<NetworkEvent>,
    /// SecurityAlert.
    pub alerts: Vec<Alert>,
}

impl Tables {
    /// Ingests what Defender told of messages and clicks a second time, and of messages once more, three hours later.
    pub(crate) fn ingest_twice(&mut self) {
        self.message_urls.extend_from_within(..);
        self.post_deliveries.extend_from_within(..);
        self.clicks.extend_from_within(..);
        let later = self.message_events.clone().into_iter().map(|row| {
            let time = row.time + chrono::TimeDelta::hours(3);
            MessageEvent { time, ..row }
        });
        let later: Vec<MessageEvent> = later.collect();
        self.message_events.extend_from_within(..);
        self.message_events.extend(later);
    }
}

/// What the tables lack for now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extents {
    /// Tables that are absent in the workspace.
    pub absent: BTreeSet<&'static str>,
    /// Tables that advanced hunting does not show.
    pub not_hunted: BTreeSet<&'static str>,
    /// The time before which a table holds nothing.
    pub begins: BTreeMap<&'static str, Time>,
    /// The time from which on a table holds nothing yet.
    pub ends: BTreeMap<&'static str, Time>,
}

impl Extents {
    fn holds(&self, table: &str, time: Time) -> bool {
        self.begins.get(table).is_none_or(|begin| time >= *begin)
            && self.ends.get(table).is_none_or(|end| time < *end)
    }

    /// True when no table lacks a row.
    pub(crate) fn is_whole(&self) -> bool {
        self.begins.is_empty() && self.ends.is_empty()
    }

    /// Takes away the rows that the tables lack.
    pub(crate) fn cut(&self, tables: &mut Tables) {
        tables
            .office
            .retain(|row| self.holds("OfficeActivity", row.time));
        tables
            .device_events
            .retain(|row| self.holds("DeviceEvents", row.time));
        tables
            .clicks
            .retain(|row| self.holds("UrlClickEvents", row.time));
        tables
            .message_events
            .retain(|row| self.holds("MessageEvents", row.time));
        tables
            .message_urls
            .retain(|row| self.holds("MessageUrlInfo", row.time));
        tables
            .post_deliveries
            .retain(|row| self.holds("MessagePostDeliveryEvents", row.time));
        tables
            .submissions
            .retain(|row| self.holds("CloudAppEvents", row.time));
        tables
            .proxy
            .retain(|row| self.holds("CommonSecurityLog", row.time));
        tables
            .network_info
            .retain(|row| self.holds("DeviceNetworkInfo", row.time));
        tables
            .network_events
            .retain(|row| self.holds("DeviceNetworkEvents", row.time));
        tables
            .alerts
            .retain(|row| self.holds("SecurityAlert", row.time));
    }
}
