//! Microsoft's clouds: for whom their tokens are, and what Graph does not serve in them.

/// The cloud that a tenant is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one.
    #[default]
    Public,
    /// GCC: at the addresses of the worldwide one, and yet without what the US government lacks.
    Gcc,
    /// GCC High.
    Usgov,
    /// The Department of Defense.
    UsgovDod,
}

impl Cloud {
    /// `tenant.cloud` of a configuration for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public | Self::Gcc => "public",
            Self::Usgov => "usgov",
            Self::UsgovDod => "usgov-dod",
        }
    }

    /// The address of Entra, which client assertions are for.
    pub(crate) fn authority(self) -> &'static str {
        match self {
            Self::Public | Self::Gcc => "https://login.microsoftonline.com",
            Self::Usgov | Self::UsgovDod => "https://login.microsoftonline.us",
        }
    }

    /// The audience of tokens for Graph.
    pub(crate) fn graph(self) -> &'static str {
        match self {
            Self::Public | Self::Gcc => "https://graph.microsoft.com",
            Self::Usgov => "https://graph.microsoft.us",
            Self::UsgovDod => "https://dod-graph.microsoft.us",
        }
    }

    /// The audience of tokens for Log Analytics.
    pub(crate) fn log_analytics(self) -> &'static str {
        match self {
            Self::Public | Self::Gcc => "https://api.loganalytics.io",
            Self::Usgov | Self::UsgovDod => "https://api.loganalytics.us",
        }
    }

    /// Whether an application may ask for a token for this audience; nothing else is registered in the tenant.
    pub(crate) fn has_resource(self, audience: &str) -> bool {
        [self.graph(), self.log_analytics()].contains(&audience)
    }

    /// Whether a client can know by its configuration that this is not the worldwide cloud.
    pub(crate) fn is_known_to_the_client(self) -> bool {
        matches!(self, Self::Usgov | Self::UsgovDod)
    }

    /// Whether the messages of a chat can be sorted.
    pub(crate) fn sorts_chat_messages(self) -> bool {
        self == Self::Public
    }

    /// Whether applications may read the chats of meetings.
    pub(crate) fn serves_meeting_chats(self) -> bool {
        !self.is_known_to_the_client()
    }

    /// Whether channels that are shared are served.
    pub(crate) fn serves_shared_channels(self) -> bool {
        self == Self::Public
    }
}
