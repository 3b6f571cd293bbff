//! Microsoft's clouds, and what Microsoft Graph does not serve in some of them.
//!
//! The facts are from Microsoft's page on the differences of the Teams API in national clouds.

use serde::{Deserialize, Serialize};

use super::stage::Stage;

/// The cloud that a tenant belongs to. Tenants of GCC, the government community cloud, belong to the public one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// The worldwide cloud, with GCC.
    #[default]
    Public,
    /// GCC High.
    Usgov,
    /// The cloud of the Department of Defense.
    UsgovDod,
    /// The cloud that 21Vianet runs in China.
    China,
}

/// Something that a cloud does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lack {
    /// The stage that does without it.
    pub stage: Stage,
    /// What it is, and what linktrail does instead. One sentence without an end.
    pub what: &'static str,
}

const US_GOVERNMENT: &[Lack] = &[
    Lack {
        stage: Stage::Messages,
        what: "Microsoft Graph does not serve shared channels in this cloud; of their messages only what the logs hold is known",
    },
    Lack {
        stage: Stage::Chats,
        what: "Microsoft Graph does not sort the messages of a chat in this cloud; chats are read without $orderby and filtered here, which takes more requests and leaves nothing out",
    },
    Lack {
        stage: Stage::Chats,
        what: "Microsoft Graph does not serve the chats of meetings to applications in this cloud; of their messages only what the logs hold is known",
    },
];

impl Cloud {
    /// The name of the cloud in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Usgov => "usgov",
            Self::UsgovDod => "usgov-dod",
            Self::China => "china",
        }
    }

    /// True for the worldwide cloud, which cases of earlier versions do not name.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
    pub fn is_public(&self) -> bool {
        *self == Self::Public
    }

    /// Why nothing can be loaded from this cloud; `None` when something can.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::China => Some(
                "[tenant] cloud is `china`, and Microsoft Graph has no Teams API there, so there is nothing to load; a case that exists is still read with load --replay",
            ),
            Self::Public | Self::Usgov | Self::UsgovDod => None,
        }
    }

    /// What Microsoft Graph does not serve in this cloud. What GCC lacks is not known beforehand, since it shares its
    /// addresses with the worldwide cloud.
    pub fn lacks(self) -> &'static [Lack] {
        match self {
            Self::Usgov | Self::UsgovDod => US_GOVERNMENT,
            Self::Public | Self::China => &[],
        }
    }

    /// Whether chat messages are asked for with `$orderby`, and so with `$filter`, which needs it. Where it is refused all
    /// the same, as in GCC, they are asked for without it.
    pub fn sorts_chat_messages(self) -> bool {
        !matches!(self, Self::Usgov | Self::UsgovDod)
    }

    /// Whether applications can read the chats of meetings.
    pub fn serves_meeting_chats(self) -> bool {
        !matches!(self, Self::Usgov | Self::UsgovDod)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Cloud; 4] = [Cloud::Public, Cloud::Usgov, Cloud::UsgovDod, Cloud::China];

    #[test]
    fn a_cloud_is_written_by_its_name() {
        for cloud in ALL {
            let json = serde_json::json!(cloud.as_str());
            assert_eq!(serde_json::to_value(cloud).ok(), Some(json.clone()));
            assert_eq!(serde_json::from_value::<Cloud>(json).ok(), Some(cloud));
            assert_eq!(cloud.is_public(), cloud == Cloud::Public);
        }
    }

    #[test]
    fn only_china_is_refused_and_only_the_government_clouds_lack_something() {
        for cloud in ALL {
            assert_eq!(cloud.refusal().is_some(), cloud == Cloud::China);
            let is_government = matches!(cloud, Cloud::Usgov | Cloud::UsgovDod);
            assert_eq!(!cloud.lacks().is_empty(), is_government);
            assert_eq!(cloud.sorts_chat_messages(), !is_government);
            assert_eq!(cloud.serves_meeting_chats(), !is_government);
        }
    }
}
