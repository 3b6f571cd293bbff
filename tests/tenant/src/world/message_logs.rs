//! Rows of Defender's tables about Teams messages. As elsewhere, `fact_*` says what a row is about. Columns that
//! say nothing else than the facts do are made of them when somebody asks.

use super::World;
use super::facts::{LinkIx, MessageIx, Place, Style, Time, UserIx};
use super::logs::Named;

/// The object id of whoever has none.
pub(crate) const ZEROS: &str = "00000000-0000-0000-0000-000000000000";

/// Somebody in RecipientDetails, and how: by object id and address, by one of them, or by the name alone. An object
/// id that is not given is empty in some places and all zeros in others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub fact_user: UserIx,
    /// How.
    pub named: Named,
}

/// MessageEvents.
#[derive(Clone, Debug)]
pub struct MessageEvent {
    /// TimeGenerated.
    pub time: Time,
    /// TeamsMessageId.
    pub teams_message: String,
    /// LastEditedTime; that of the creation when it was never edited.
    pub edited: Time,
    /// SenderType.
    pub sender_type: &'static str,
    /// RecipientDetails of a chat. That of a channel names its group.
    pub recipients: Vec<Recipient>,
    /// IsOwnedThread.
    pub owned: Option<bool>,
    /// IsExternalThread.
    pub external: Option<bool>,
    /// DeliveryLocation.
    pub delivery: &'static str,
    /// ThreatTypes.
    pub threats: &'static str,
    /// Columns that are empty, whatever the facts say.
    pub empty: &'static [&'static str],
    /// The message.
    pub fact_message: MessageIx,
    /// Who sent it, and how the row says so; none for an application.
    pub fact_sender: Option<(UserIx, Named)>,
}

/// MessageUrlInfo.
#[derive(Clone, Debug)]
pub struct MessageUrl {
    /// TimeGenerated.
    pub time: Time,
    /// TeamsMessageId.
    pub teams_message: String,
    /// Url as written, wrappers and all.
    pub url: String,
    /// ThreatTypes.
    pub threats: &'static str,
    /// The url.
    pub fact_link: LinkIx,
    /// What is around it.
    pub fact_style: Style,
}

/// MessagePostDeliveryEvents.
#[derive(Clone, Debug)]
pub struct PostDelivery {
    /// TimeGenerated.
    pub time: Time,
    /// TeamsMessageId.
    pub teams_message: String,
    /// Action.
    pub action: &'static str,
    /// ActionType.
    pub action_type: &'static str,
    /// ActionResult.
    pub result: &'static str,
    /// LatestDeliveryLocation.
    pub location: &'static str,
    /// The message.
    pub fact_message: MessageIx,
}

/// CloudAppEvents about a message or a call that somebody reported.
#[derive(Clone, Debug)]
pub struct Submission {
    /// TimeGenerated.
    pub time: Time,
    /// ActionType.
    pub operation: &'static str,
    /// SubmissionId.
    pub id: String,
    /// SubmissionContentType.
    pub content: &'static str,
    /// AccountObjectId.
    pub reporter_id: String,
    /// UserId.
    pub reporter_upn: String,
    /// SubmitterDisplayName.
    pub reporter_name: String,
    /// P2Sender: the address of who sent what was reported.
    pub sender: String,
    /// TriageVerdict of GradingResult.
    pub verdict: &'static str,
    /// Who reported; in a row about the grading it is whoever graded.
    pub fact_reporter: UserIx,
    /// Whose message or call it was; none where the row does not say so.
    pub fact_sender: Option<UserIx>,
}

/// The address of somebody in Defender's tables: the mail address, else the UPN.
pub(crate) fn address(world: &World, user: UserIx, named: Named) -> &str {
    let facts = &world.users[user];
    match named {
        // Where the address is all there is, it is the UPN, as in most tenants.
        Named::Upn => &facts.upn,
        Named::Both => facts.mail.as_deref().unwrap_or(&facts.upn),
        Named::Id | Named::No => "",
    }
}

/// The object id of somebody in Defender's tables.
pub(crate) fn object_id(world: &World, user: UserIx, named: Named) -> &str {
    match named {
        Named::Both | Named::Id => &world.users[user].id,
        Named::Upn if user.is_multiple_of(2) => ZEROS,
        Named::Upn | Named::No => "",
    }
}

/// TeamsMessageId: the path of a message in Graph. That of a reply has its root in it in some tenants.
pub(crate) fn teams_message_id(world: &World, message: MessageIx) -> String {
    let facts = &world.messages[message];
    let id = &facts.id;
    match facts.place {
        Place::Chat(chat) => format!("/chats/{}/messages/{id}", world.chats[chat].id),
        Place::Channel(channel) => {
            let channel = &world.channels[channel];
            let team = &world.teams[channel.team].id;
            let start = format!("/teams/{team}/channels/{}/messages", channel.id);
            match facts.root.filter(|_| message.is_multiple_of(2)) {
                Some(root) => format!("{start}/{}/replies/{id}", world.messages[root].id),
                None => format!("{start}/{id}"),
            }
        }
    }
}
