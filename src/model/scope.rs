//! What shapes a graph: kept in `case.json`, so that a replay needs nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use url::Url;

use super::time::Window;

/// Which messages of a channel to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Those that the audit log lists as holding a link.
    Listed,
    /// All of them, in the channels where the audit log lists any.
    All,
}

/// Whose chats to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatsOf {
    /// Those who sent a risky url.
    Risky,
    /// Everybody who sent a message of the investigation.
    All,
    /// Nobody's.
    None,
}

/// Which urls to look for on hosts and in alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PivotOn {
    /// Risky ones.
    Risky,
    /// All of them.
    All,
}

/// How much of a message's text the graph holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// Its first 280 characters.
    Preview,
    /// Nothing.
    None,
    /// All of it.
    Full,
}

/// The options of `load`, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Length of the window, in minutes, when it ends at the start of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_minutes: Option<i64>,
    /// Start of the window, when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// End of the window, when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// How far to look back from the end of the window for hosts, in minutes.
    pub pivot_since_minutes: i64,
    /// Users to start from.
    pub users: Vec<String>,
    /// Urls to start from.
    pub urls: Vec<String>,
    /// Teams to start from.
    pub teams: Vec<String>,
    /// Which messages of the channels.
    pub channels: Channels,
    /// Whose chats.
    pub chats_of: ChatsOf,
    /// Which urls.
    pub pivot_on: PivotOn,
    /// How many rounds of chats.
    pub rounds: u32,
}

/// The settings of the configuration that shape the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Tenant id.
    pub tenant: String,
    /// Sentinel workspace id.
    pub workspace: String,
    /// Domains whose urls never leave.
    pub internal_domains: Vec<String>,
    /// Intelligence providers, in the order they are asked.
    pub providers: Vec<String>,
    /// Send queries as they are.
    pub send_query: bool,
    /// Places that nobody is asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_send: Vec<String>,
    /// Lists for the provider `file`.
    pub files: Vec<String>,
    /// Signals that make a url risky.
    pub signals: Vec<String>,
    /// Domains that others may imitate, beside the internal ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected_domains: Vec<String>,
    /// Further domains that many parties share.
    pub shared_domains: Vec<String>,
    /// How much of a message's text the graph holds.
    pub store: Store,
    /// Where the services are.
    pub endpoints: Endpoints,
}

impl Settings {
    /// The first key that forbids what a case with those settings would do: ask who is not to be asked, tell what is
    /// to be kept back, or send credentials where these settings do not send them.
    pub fn forbids(&self, case: &Self) -> Option<&'static str> {
        let fewer =
            |ours: &[String], theirs: &[String]| theirs.iter().any(|item| !ours.contains(item));
        let (ours, theirs) = (&self.endpoints, &case.endpoints);
        [
            ("[tenant] id", self.tenant != case.tenant),
            ("[sentinel] workspace_id", self.workspace != case.workspace),
            (
                "[tenant] internal_domains",
                fewer(&case.internal_domains, &self.internal_domains),
            ),
            (
                "[intel] never_send",
                fewer(&case.never_send, &self.never_send),
            ),
            ("[intel] send_query", !self.send_query && case.send_query),
            ("[intel] providers", fewer(&self.providers, &case.providers)),
            ("[intel] file", fewer(&self.files, &case.files)),
            ("[endpoints] graph", ours.graph != theirs.graph),
            (
                "[endpoints] log_analytics",
                ours.log_analytics != theirs.log_analytics,
            ),
            (
                "[endpoints], for a provider,",
                theirs
                    .intel
                    .iter()
                    .any(|(name, url)| ours.intel.get(name) != Some(url)),
            ),
        ]
        .into_iter()
        .find_map(|(key, forbids)| forbids.then_some(key))
    }
}

/// Base urls of the services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Microsoft Graph.
    pub graph: Url,
    /// Log Analytics.
    pub log_analytics: Url,
    /// Intelligence providers, by name.
    pub intel: BTreeMap<String, Url>,
}

/// Everything that shapes the graph of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// From the command line.
    #[serde(flatten)]
    pub options: Options,
    /// From the configuration.
    pub settings: Settings,
}

impl Options {
    /// The window of a case made at that moment.
    pub fn window(&self, created: DateTime<Utc>) -> Window {
        match (self.from, self.to) {
            (Some(from), Some(to)) => Window { from, to },
            _ => {
                let length = TimeDelta::try_minutes(self.since_minutes.unwrap_or_default())
                    .unwrap_or_default();
                Window {
                    from: created - length,
                    to: created,
                }
            }
        }
    }

    /// The part of a window in which hosts are looked for.
    pub fn pivot_window(&self, window: Window) -> Window {
        let length = TimeDelta::try_minutes(self.pivot_since_minutes).unwrap_or_default();
        Window {
            from: window.to - length,
            to: window.to,
        }
    }
}
