//! The options and settings that determine a graph. `case.json` stores them, so that a replay needs nothing else.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use url::Url;

use super::cloud::Cloud;
use super::time::Window;
use super::verdict::Signal;

/// The reason for a starting point that the analyst named. For all others the reason is the name of the query.
pub const BY_HAND: &str = "by hand";

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
    /// Those who sent, received, opened or clicked a risky url.
    Touched,
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

/// How much of a message's text the graph stores.
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

/// The options of `load`, including defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// The length of the window in minutes, if it ends when the case is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_minutes: Option<i64>,
    /// The start of the window, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// The end of the window, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// How far before the end of the window hosts are searched for, in minutes.
    pub pivot_since_minutes: i64,
    /// The users to start from, by UPN or object id.
    pub users: Vec<String>,
    /// The urls to start from.
    pub urls: Vec<String>,
    /// The ids of the teams to start from.
    pub teams: Vec<String>,
    /// The messages to start from: links to them, or `thread/id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
    /// The urls that the analyst names malicious.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub malicious: Vec<String>,
    /// The urls and hosts that the analyst names benign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub benign: Vec<String>,
    /// Which messages of the channels are read.
    pub channels: Channels,
    /// Whose chats are read.
    pub chats_of: ChatsOf,
    /// Which urls are searched for on hosts and in alerts.
    pub pivot_on: PivotOn,
    /// The highest number of rounds of chats.
    pub rounds: u32,
}

/// The settings of the configuration that determine the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The tenant id.
    pub tenant: String,
    /// The cloud of the tenant. Cases of earlier versions do not name it.
    #[serde(default, skip_serializing_if = "Cloud::is_public")]
    pub cloud: Cloud,
    /// The id of the Sentinel workspace; `None` when the logs are only asked for in advanced hunting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Whether logs are asked for in advanced hunting of Microsoft Defender. Cases of earlier versions do not say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hunting: bool,
    /// Domains whose urls are never sent to outside providers.
    pub internal_domains: Vec<String>,
    /// The providers of threat intelligence, in the order in which they are asked.
    pub providers: Vec<String>,
    /// Whether the queries of urls are sent unchanged.
    pub send_query: bool,
    /// Hosts and paths that are never sent to outside providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_send: Vec<String>,
    /// The lists for the provider `file`.
    pub files: Vec<String>,
    /// The signals that make a url risky.
    pub signals: Vec<Signal>,
    /// Domains that others may imitate, in addition to the internal ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected_domains: Vec<String>,
    /// Domains that many parties share, in addition to those that linktrail knows.
    pub shared_domains: Vec<String>,
    /// How much of a message's text the graph stores.
    pub store: Store,
    /// Tables and sources whose absence is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// The addresses of the services.
    pub endpoints: Endpoints,
}

impl Settings {
    /// The first key that forbids what a case with the settings `case` would do: ask a provider that must not be asked,
    /// send data that must not be sent, or send credentials to another address.
    pub fn forbids(&self, case: &Self) -> Option<&'static str> {
        let fewer =
            |ours: &[String], theirs: &[String]| theirs.iter().any(|item| !ours.contains(item));
        let (ours, theirs) = (&self.endpoints, &case.endpoints);
        [
            ("[tenant] id", self.tenant != case.tenant),
            (
                "[sentinel] workspace_id",
                case.workspace.is_some() && self.workspace != case.workspace,
            ),
            ("[defender] hunting", case.hunting && !self.hunting),
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

/// The base urls of the services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Microsoft Graph.
    pub graph: Url,
    /// Log Analytics.
    pub log_analytics: Url,
    /// Providers of threat intelligence, by name.
    pub intel: BTreeMap<String, Url>,
}

/// All options and settings that determine the graph of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    /// The options from the command line.
    #[serde(flatten)]
    pub options: Options,
    /// The settings from the configuration.
    pub settings: Settings,
}

impl Options {
    /// The window of a case that was created at this time.
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

    /// The part of a window in which hosts are searched for.
    pub fn pivot_window(&self, window: Window) -> Window {
        let length = TimeDelta::try_minutes(self.pivot_since_minutes).unwrap_or_default();
        Window {
            from: window.to - length,
            to: window.to,
        }
    }
}
