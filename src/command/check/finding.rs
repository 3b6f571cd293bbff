//! What one check found: its state, what it costs, and how to mend it.

use serde::Serialize;

/// The part of the result that a check stands in, in the order of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    Configuration,
    SignIn,
    Permissions,
    Tables,
    Intel,
    Neo4j,
    Machine,
}

impl Topic {
    /// The heading in the text.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::SignIn => "Sign-in",
            Self::Permissions => "Permissions in Microsoft Graph",
            Self::Tables => "Logs",
            Self::Intel => "Threat intelligence",
            Self::Neo4j => "Neo4j",
            Self::Machine => "This machine",
        }
    }

    /// What stands before the name in `what`.
    fn prefix(self) -> &'static str {
        match self {
            Self::Configuration | Self::Machine => "",
            Self::SignIn => "sign-in ",
            Self::Permissions => "permission ",
            Self::Tables => "table ",
            Self::Intel => "provider ",
            Self::Neo4j => "neo4j ",
        }
    }
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// It is as a load needs it.
    Ok,
    /// A permission, a right or a key is missing.
    Missing,
    /// It is not there.
    Absent,
    /// It was tried, and went wrong.
    Failed,
    /// It was not tried, since it is not configured or something before it failed.
    Skipped,
}

impl State {
    /// The word in the result.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Absent => "absent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What it means for a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing is missing from a load.
    Fine,
    /// A load would have a gap.
    Gap,
    /// A load would end at once.
    Stop,
    /// No load begins with such a configuration.
    Configuration,
}

/// How to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fix {
    /// What to do, as a sentence without a full stop.
    pub(super) say: String,
    /// A command that does it.
    pub(super) command: Option<Command>,
}

/// A command that mends something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Grants an application permission of Microsoft Graph with this id. Several are granted by one command.
    Grant(&'static str),
    /// A whole command line.
    Line(String),
}

impl Fix {
    /// A fix without a command.
    pub(super) fn say(say: impl Into<String>) -> Option<Self> {
        Some(Self {
            say: say.into(),
            command: None,
        })
    }

    /// A fix with a command.
    pub(super) fn run(say: impl Into<String>, command: Command) -> Option<Self> {
        Some(Self {
            say: say.into(),
            command: Some(command),
        })
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) topic: Topic,
    /// The name within its topic.
    pub(super) name: String,
    pub(super) state: State,
    /// What was found.
    pub(super) detail: String,
    /// What a load has to do without; empty when nothing is missing.
    pub(super) without: String,
    pub(super) fix: Option<Fix>,
    pub(super) weight: Weight,
    /// True when something that a load reads was asked for, and answered.
    pub(super) is_read: bool,
}

impl Check {
    /// A check that found what a load needs.
    pub(super) fn ok(topic: Topic, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            topic,
            name: name.into(),
            state: State::Ok,
            detail: detail.into(),
            without: String::new(),
            fix: None,
            weight: Weight::Fine,
            is_read: matches!(topic, Topic::Permissions | Topic::Tables),
        }
    }

    /// A check that found something else, so that a load would have a gap.
    pub(super) fn gap(
        topic: Topic,
        name: impl Into<String>,
        state: State,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            state,
            weight: Weight::Gap,
            is_read: false,
            ..Self::ok(topic, name, detail)
        }
    }

    /// A check that was not made.
    pub(super) fn skipped(
        topic: Topic,
        name: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Skipped,
            is_read: false,
            ..Self::ok(topic, name, detail)
        }
    }

    pub(super) fn without(self, without: impl Into<String>) -> Self {
        let without = without.into();
        Self { without, ..self }
    }

    pub(super) fn fix(self, fix: Option<Fix>) -> Self {
        Self { fix, ..self }
    }

    /// The same of something that nobody asked for, as what a token says of itself.
    pub(super) fn unread(self) -> Self {
        Self {
            is_read: false,
            ..self
        }
    }

    pub(super) fn weighing(self, weight: Weight) -> Self {
        Self { weight, ..self }
    }

    /// The `what` of the result.
    pub(super) fn what(&self) -> String {
        format!("{}{}", self.topic.prefix(), self.name)
    }
}

/// What all checks together mean for a load.
pub(super) fn worst(checks: &[Check]) -> Weight {
    let worst = checks.iter().map(|check| check.weight).max();
    let worst = worst.unwrap_or(Weight::Fine);
    match checks.iter().any(|check| check.is_read) {
        true => worst,
        false => worst.max(Weight::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_be_loaded_where_nothing_can_be_read() {
        let read = Check::ok(Topic::Tables, "DeviceEvents", "");
        let missing = Check::gap(Topic::Permissions, "Chat.Read.All", State::Missing, "");
        let wrong = missing.clone().weighing(Weight::Configuration);
        let signed_in = Check::ok(Topic::SignIn, "graph", "");
        assert_eq!(worst(&[signed_in.clone(), read.clone()]), Weight::Fine);
        assert_eq!(worst(&[read.clone(), missing.clone()]), Weight::Gap);
        assert_eq!(worst(&[signed_in, missing.clone()]), Weight::Stop);
        assert_eq!(worst(&[read, missing, wrong]), Weight::Configuration);
        assert_eq!(worst(&[]), Weight::Stop);
        let by_its_token = Check::ok(Topic::Permissions, "Chat.Read.All", "").unread();
        assert_eq!(worst(&[by_its_token]), Weight::Stop);
    }
}
