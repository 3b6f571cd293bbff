//! The KQL files, and how parameters are put into them.
//!
//! A file is a header comment, a prelude of `let` lines whose literals are examples, and a body. Parameters only
//! replace those literals: with a datetime, or with a JSON array of strings inside `dynamic(…)`.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::place::Place;
use crate::model::format_time;

/// A query in `kql/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the header of each file says what it finds")]
pub enum Query {
    LogEnds,
    Smartscreen,
    SmartscreenOpens,
    UrlClicks,
    MessageUrls,
    MessagesOn,
    PostDelivery,
    Reported,
    LinkMessages,
    LinkMessagesCloud,
    ProxyHosts,
    DefenderHosts,
    ClicksOn,
    Alerts,
    AlertsDefender,
    ThreatIndicators,
    ThreatIndicatorsLegacy,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    /// A time.
    Time(DateTime<Utc>),
    /// A list of texts.
    List(Vec<String>),
}

impl Query {
    /// All queries.
    pub const ALL: [Self; 17] = [
        Self::LogEnds,
        Self::Smartscreen,
        Self::SmartscreenOpens,
        Self::UrlClicks,
        Self::MessageUrls,
        Self::MessagesOn,
        Self::PostDelivery,
        Self::Reported,
        Self::LinkMessages,
        Self::LinkMessagesCloud,
        Self::ProxyHosts,
        Self::DefenderHosts,
        Self::ClicksOn,
        Self::Alerts,
        Self::AlertsDefender,
        Self::ThreatIndicators,
        Self::ThreatIndicatorsLegacy,
    ];

    /// The name of its file, without the extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogEnds => "log_ends",
            Self::Smartscreen => "smartscreen",
            Self::SmartscreenOpens => "smartscreen_opens",
            Self::UrlClicks => "url_clicks",
            Self::MessageUrls => "message_urls",
            Self::MessagesOn => "messages_on",
            Self::PostDelivery => "post_delivery",
            Self::Reported => "reported",
            Self::LinkMessages => "link_messages",
            Self::LinkMessagesCloud => "link_messages_cloud",
            Self::ProxyHosts => "proxy_hosts",
            Self::DefenderHosts => "defender_hosts",
            Self::ClicksOn => "clicks_on",
            Self::Alerts => "alerts",
            Self::AlertsDefender => "alerts_defender",
            Self::ThreatIndicators => "threat_indicators",
            Self::ThreatIndicatorsLegacy => "threat_indicators_legacy",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Self::LogEnds => include_str!("../../../kql/log_ends.kql"),
            Self::Smartscreen => include_str!("../../../kql/smartscreen.kql"),
            Self::SmartscreenOpens => include_str!("../../../kql/smartscreen_opens.kql"),
            Self::UrlClicks => include_str!("../../../kql/url_clicks.kql"),
            Self::MessageUrls => include_str!("../../../kql/message_urls.kql"),
            Self::MessagesOn => include_str!("../../../kql/messages_on.kql"),
            Self::PostDelivery => include_str!("../../../kql/post_delivery.kql"),
            Self::Reported => include_str!("../../../kql/reported.kql"),
            Self::LinkMessages => include_str!("../../../kql/link_messages.kql"),
            Self::LinkMessagesCloud => include_str!("../../../kql/link_messages_cloud.kql"),
            Self::ProxyHosts => include_str!("../../../kql/proxy_hosts.kql"),
            Self::DefenderHosts => include_str!("../../../kql/defender_hosts.kql"),
            Self::ClicksOn => include_str!("../../../kql/clicks_on.kql"),
            Self::Alerts => include_str!("../../../kql/alerts.kql"),
            Self::AlertsDefender => include_str!("../../../kql/alerts_defender.kql"),
            Self::ThreatIndicators => include_str!("../../../kql/threat_indicators.kql"),
            Self::ThreatIndicatorsLegacy => {
                include_str!("../../../kql/threat_indicators_legacy.kql")
            }
        }
    }

    /// The tables that it reads, from the header of its file.
    pub fn tables(self) -> impl Iterator<Item = &'static str> {
        self.listed("// tables:")
    }

    /// The columns that it returns, from the header of its file.
    pub(super) fn columns(self) -> impl Iterator<Item = &'static str> {
        self.listed("// columns:")
    }

    fn listed(self, field: &str) -> impl Iterator<Item = &'static str> {
        let mut lines = self.file().lines();
        let line = lines.find_map(|line| line.strip_prefix(field));
        let items = line.unwrap_or_default().split(',').map(str::trim);
        items.filter(|item| !item.is_empty())
    }

    /// The places where it can be asked. Advanced hunting hides SecurityAlert, and has more to say of its own alerts than a
    /// workspace has.
    pub fn places(self) -> &'static [Place] {
        match self {
            Self::Alerts => &[Place::Workspace],
            Self::AlertsDefender => &[Place::Hunting],
            _ => &[Place::Workspace, Place::Hunting],
        }
    }

    /// The query that asks another table for the same, where the tables of this one are absent.
    pub fn stand_in(self) -> Option<Self> {
        match self {
            Self::LinkMessages => Some(Self::LinkMessagesCloud),
            Self::Alerts => Some(Self::AlertsDefender),
            Self::ThreatIndicators => Some(Self::ThreatIndicatorsLegacy),
            _ => None,
        }
    }

    /// True for queries that join by the hour, so that only whole hours can be cut off.
    pub fn joins(self) -> bool {
        self.prelude().any(|(name, _)| name == "window_from")
    }

    /// True for queries about events, which reach their log after they happened. An indicator of a threat is no event.
    pub(super) fn is_of_events(self) -> bool {
        !matches!(self, Self::ThreatIndicators | Self::ThreatIndicatorsLegacy)
    }

    /// The number of lines of the file that are not sent. Added to a line number in an error of the service, it gives
    /// the line in the file.
    pub fn header_lines(self) -> usize {
        self.file()
            .lines()
            .take_while(|line| line.starts_with("//"))
            .count()
    }

    fn prelude(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.file()
            .lines()
            .skip(self.header_lines())
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("let ")?.split_once(" = "))
    }

    pub(super) fn body(self) -> &'static str {
        self.file().split_once("\n\n").map_or("", |(_, body)| body)
    }

    /// The query with these parameters, as a workspace understands it. A parameter without a value would keep its example;
    /// a test excludes that.
    pub fn render(self, values: &[(&str, Parameter)]) -> String {
        self.with_prelude(self.body(), values)
    }

    /// A body with the prelude of this query.
    pub(super) fn with_prelude(self, body: &str, values: &[(&str, Parameter)]) -> String {
        let mut text = String::new();
        for (name, example) in self.prelude() {
            let literal = match values.iter().find(|(known, _)| *known == name) {
                Some((_, Parameter::Time(at))) => format!("datetime({})", format_time(*at)),
                Some((_, Parameter::List(items))) => dynamic(items),
                None => example.trim_end_matches(';').to_owned(),
            };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "let {name} = {literal};");
        }
        text.push('\n');
        text.push_str(body);
        text
    }

    /// The names of its parameters.
    pub fn parameters(self) -> impl Iterator<Item = &'static str> {
        self.prelude().map(|(name, _)| name)
    }
}

/// Formats `dynamic(["…"])`. Kusto accepts JSON escapes there; only `"`, `\` and control characters are escaped.
fn dynamic(items: &[String]) -> String {
    let mut text = String::from("dynamic([");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        quote(item, &mut text);
    }
    text.push_str("])");
    text
}

fn quote(item: &str, text: &mut String) {
    text.push('"');
    for c in item.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            c if c < ' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_the_parts_that_rendering_needs() {
        for query in Query::ALL {
            assert_eq!(Query::of(&query.render(&[])), Some(query));
            assert!(
                query.file().starts_with(&format!("// {}: ", query.name())),
                "{}",
                query.name()
            );
            assert!(query.tables().count() > 0, "{}", query.name());
            assert!(
                query.parameters().any(|name| name == "slice_from"),
                "{}",
                query.name()
            );
            assert!(
                !query.body().trim().is_empty() && !query.body().contains("let slice_from"),
                "{}",
                query.name()
            );
        }
    }

    #[test]
    fn values_cannot_leave_their_literal() {
        let hostile = ["\")]; drop", "a\\", "line\nbreak", "'''", "\u{1b}[31m"].map(str::to_owned);
        let text = dynamic(&hostile);
        assert_eq!(
            text,
            r#"dynamic(["\")]; drop", "a\\", "line\u000abreak", "'''", "\u001b[31m"])"#
        );
        let inside = &text["dynamic(".len()..text.len() - 1];
        assert_eq!(
            serde_json::from_str::<Vec<String>>(inside).unwrap(),
            hostile
        );
    }
}
