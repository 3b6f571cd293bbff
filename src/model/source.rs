//! The sources of records, gaps and counted requests.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

/// A service or a file that the investigation reads.
///
/// Providers of threat intelligence are not variants: each defines its own name, so that a new one only needs its own
/// file and a line in `intel::PROVIDERS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A list of indicators on this machine.
    File,
    /// Microsoft Graph.
    Graph,
    /// Advanced hunting of Microsoft Defender, where its own tables are, and those of a connected workspace.
    Hunting,
    /// Log Analytics, where the tables of Microsoft Sentinel are.
    LogAnalytics,
    /// Microsoft Entra, which issues tokens.
    Login,
    /// A provider of threat intelligence, by its name.
    Provider(&'static str),
}

impl Source {
    /// The sources other than providers.
    pub const OWN: [Self; 5] = [
        Self::File,
        Self::Graph,
        Self::Hunting,
        Self::LogAnalytics,
        Self::Login,
    ];

    /// The key in `requests` and in gaps, and the `source` of its records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Graph => "graph",
            Self::Hunting => "hunting",
            Self::LogAnalytics => "log_analytics",
            Self::Login => "login",
            Self::Provider(name) => name,
        }
    }

    /// The source of a record; `None` when it is a provider.
    pub fn parse(name: &str) -> Option<Self> {
        Self::OWN.into_iter().find(|source| source.as_str() == name)
    }
}

/// Sorted by name, since gaps are sorted that way. A provider with the name of another source comes after it, since the
/// two are not equal.
impl Ord for Source {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |source: &Self| (source.as_str(), matches!(source, Self::Provider(_)));
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str((*self).as_str())
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str((*self).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_by_its_name() {
        for source in Source::OWN {
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
        assert_eq!(Source::parse("otx"), None);
    }

    #[test]
    fn sources_are_sorted_by_name() {
        let mut sources = [Source::Provider("otx"), Source::LogAnalytics, Source::File];
        sources.sort();
        assert_eq!(
            sources.map(Source::as_str),
            ["file", "log_analytics", "otx"]
        );
        let namesake = Source::Provider("file");
        assert_ne!(namesake, Source::File);
        assert_eq!(namesake.cmp(&Source::File), Ordering::Greater);
    }
}
