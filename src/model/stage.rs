//! The stages of the pipeline, in their order.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A stage of the pipeline. The order of the variants is the order in which the stages run.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Finds where the investigation starts.
    Seeds,
    /// Reads the teams of the users it starts from.
    Teams,
    /// Reads the messages with links in the channels of those teams.
    Messages,
    /// Extracts the links of the messages.
    Links,
    /// Asks the providers of threat intelligence about the urls.
    Intel,
    /// Looks for every message of the tenant that holds a risky url, and for what became of it.
    Spread,
    /// Reads the chats of those who sent a risky url.
    Chats,
    /// Looks for the hosts that went to the urls.
    Hosts,
    /// Looks for the alerts that name the urls.
    Alerts,
}

impl Stage {
    /// All stages, in the order in which they run.
    pub const ALL: [Self; 9] = [
        Self::Seeds,
        Self::Teams,
        Self::Messages,
        Self::Links,
        Self::Intel,
        Self::Spread,
        Self::Chats,
        Self::Hosts,
        Self::Alerts,
    ];

    /// The name in options, in `case.json` and in gaps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seeds => "seeds",
            Self::Teams => "teams",
            Self::Messages => "messages",
            Self::Links => "links",
            Self::Intel => "intel",
            Self::Spread => "spread",
            Self::Chats => "chats",
            Self::Hosts => "hosts",
            Self::Alerts => "alerts",
        }
    }

    /// The position in [`Stage::ALL`], from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_has_one_name_and_one_place() {
        for (at, stage) in Stage::ALL.into_iter().enumerate() {
            assert_eq!(stage.number(), at + 1);
            assert_eq!(
                serde_json::to_value(stage).unwrap(),
                serde_json::Value::from(stage.as_str())
            );
            let value = stage.to_possible_value().unwrap();
            assert_eq!(value.get_name(), stage.as_str());
        }
    }
}
