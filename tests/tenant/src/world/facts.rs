//! The vocabulary of a world: who exists, what was written where, and which urls are bad.
//!
//! Every record carries the fact it stands for beside what the APIs show of it, so that the ground
//! truth never has to be read back out of a message body or a log line.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// A moment in UTC. Log rows keep 100 ns ticks, messages milliseconds.
pub type Time = DateTime<Utc>;
/// Index into [`super::World::users`].
pub type UserIx = usize;
/// Index into [`super::World::teams`].
pub type TeamIx = usize;
/// Index into [`super::World::channels`].
pub type ChannelIx = usize;
/// Index into [`super::World::chats`].
pub type ChatIx = usize;
/// Index into [`super::World::messages`].
pub type MessageIx = usize;
/// Index into [`super::World::links`].
pub type LinkIx = usize;
/// Index into [`super::World::devices`].
pub type DeviceIx = usize;

/// What kind of account a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An account of the tenant.
    Member,
    /// A guest account of the tenant (`#EXT#` in its UPN).
    Guest,
    /// A federated account of another tenant: not in this directory.
    External,
    /// An application that posts messages.
    Bot,
    /// A person who joined a meeting without signing in.
    Anonymous,
    /// A name that stands in logs only: no directory has it.
    Phantom,
}

/// A person or an application.
#[derive(Clone, Debug)]
pub struct User {
    /// Object id (application id of a bot), lower case; empty for a phantom.
    pub id: String,
    /// User principal name as the directory writes it; empty where there is none.
    pub upn: String,
    /// Display name.
    pub name: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Kind of account.
    pub kind: Kind,
    /// Tenant the account belongs to.
    pub home: String,
    /// Teams the user is a member of.
    pub teams: Vec<TeamIx>,
    /// Teams that share a channel with the user, who has not joined them.
    pub associated: Vec<TeamIx>,
    /// The same of another tenant: their ids.
    pub foreign_teams: Vec<String>,
}

impl User {
    /// Whether `/users/{id}` knows this account.
    pub fn in_directory(&self) -> bool {
        matches!(self.kind, Kind::Member | Kind::Guest)
    }
}

/// A team.
#[derive(Clone, Debug)]
pub struct Team {
    /// Entra group id, lower case.
    pub id: String,
    /// Display name.
    pub name: String,
}

/// A channel of a team.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The team it belongs to.
    pub team: TeamIx,
    /// `19:…@thread.tacv2`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// `standard`, `private` or `shared`.
    pub membership: &'static str,
}

/// A chat.
#[derive(Clone, Debug)]
pub struct Chat {
    /// `19:…` id.
    pub id: String,
    /// `oneOnOne`, `group` or `meeting`.
    pub kind: &'static str,
    /// Topic, if it was given one.
    pub topic: Option<String>,
    /// Everybody in it.
    pub members: Vec<UserIx>,
    /// When it was started.
    pub created: Time,
    /// The tenant that owns it: that of who started it.
    pub owner: String,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In a channel.
    Channel(ChannelIx),
    /// In a chat.
    Chat(ChatIx),
}

/// How a link is written into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// An anchor with a text that is no url.
    Href,
    /// An anchor whose text is the url itself.
    HrefShown,
    /// An anchor without quotes around its attribute.
    HrefUnquoted,
    /// An anchor that shows another site's url.
    Lure(&'static str),
    /// Bare in HTML, with a full stop behind it.
    HtmlText,
    /// Bare in a body of content type `text`.
    PlainText,
    /// `hxxps://evil[.]example`.
    Defanged,
    /// Safe Links around it.
    SafeLinks,
    /// The Teams interstitial page around it.
    Interstitial,
    /// Proofpoint v2 around it.
    UrlDefenseV2,
    /// Proofpoint v3 around it.
    UrlDefenseV3,
    /// Safe Links around Proofpoint v3.
    SafeLinksOverV3,
    /// A Google redirect.
    Google,
    /// `Action.OpenUrl` of an adaptive card.
    AdaptiveCard,
    /// Button of a sign-in card.
    SignInCard,
    /// Anchor in the text of a thumbnail card.
    ThumbnailCard,
    /// A file shared from SharePoint.
    File,
    /// Inside a forwarded message.
    Forwarded,
}

impl Style {
    /// The `origin` of the CONTAINS edge.
    pub fn origin(self) -> &'static str {
        match self {
            Style::HtmlText | Style::PlainText | Style::Defanged => "text",
            Style::AdaptiveCard | Style::SignInCard | Style::ThumbnailCard => "card",
            Style::File | Style::Forwarded => "attachment",
            _ => "href",
        }
    }

    /// The wrappers around the url, outermost first.
    pub fn wrapped_by(self) -> &'static [&'static str] {
        match self {
            Style::SafeLinks => &["safelinks"],
            Style::Interstitial => &["teams"],
            Style::UrlDefenseV2 => &["urldefense-v2"],
            Style::UrlDefenseV3 => &["urldefense-v3"],
            Style::SafeLinksOverV3 => &["safelinks", "urldefense-v3"],
            Style::Google => &["google"],
            _ => &[],
        }
    }

    /// Whether the reader sees another host than the one the link leads to.
    pub fn mismatch(self) -> bool {
        matches!(self, Style::Lure(_))
    }
}

/// A link in a message: which, and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// The url.
    pub link: LinkIx,
    /// How it is written.
    pub style: Style,
}

/// The body of a message as Graph gives it.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// `text` or `html`.
    pub content_type: &'static str,
    /// The content; null for a deleted message.
    pub content: Option<String>,
    /// `attachments`.
    pub attachments: Vec<Value>,
    /// `mentions`.
    pub mentions: Vec<Value>,
}

/// A message in a channel or a chat.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it stands.
    pub place: Place,
    /// Milliseconds of its creation, as Graph names messages.
    pub id: String,
    /// The first message of the thread, for a reply.
    pub root: Option<MessageIx>,
    /// Creation.
    pub created: Time,
    /// Last change, a reaction included.
    pub modified: Time,
    /// Last edit of the text.
    pub edited: Option<Time>,
    /// Deletion.
    pub deleted: Option<Time>,
    /// `from`; none when Graph says null.
    pub sender: Option<UserIx>,
    /// A system event.
    pub system: bool,
    /// Subject.
    pub subject: Option<String>,
    /// `normal`, `high` or `urgent`.
    pub importance: &'static str,
    /// The links it holds now.
    pub links: Vec<Placed>,
    /// Its body as rendered.
    pub body: Body,
    /// Graph writes its dates as `2021-03-1706:47:05.123Z`.
    pub bad_dates: bool,
    /// Graph has lost it: 404.
    pub gone: bool,
}

/// What OTX says of a url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otx {
    /// No pulse.
    Miss,
    /// `pulse_info` is null.
    NullPulses,
    /// This many pulses.
    Pulses(u32),
    /// In pulses, but whitelisted in `validation`.
    Whitelisted(u32),
}

/// What X-Force says of a url.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum XForce {
    /// 404.
    Miss,
    /// `score` is null.
    NullScore,
    /// `score` is a number.
    Score(f64),
    /// `score` is a number in a string.
    TextScore(&'static str),
}

/// A url and all that is known of it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Normalised by the WHATWG rules.
    pub url: String,
    /// Scheme.
    pub scheme: &'static str,
    /// Host in punycode, no port, IPv6 in brackets.
    pub host: String,
    /// Host as people write it.
    pub unicode_host: String,
    /// What follows scheme, userinfo, host and port.
    pub rest: String,
    /// Port, when not the scheme's own.
    pub port: Option<u16>,
    /// Userinfo.
    pub userinfo: Option<&'static str>,
    /// Registrable domain and public suffix; none for addresses and single labels.
    pub domain: Option<(String, String)>,
    /// OTX's answer.
    pub otx: Otx,
    /// X-Force's answer.
    pub xforce: XForce,
    /// Must never be looked up outside.
    pub internal: bool,
    /// On a shared service, where the host alone says nothing. A host below a private suffix is somebody's own.
    pub shared: bool,
}

/// A managed device.
#[derive(Clone, Debug)]
pub struct Device {
    /// MDE DeviceId, 40 hex digits, lower case.
    pub id: String,
    /// DeviceName as MDE writes it.
    pub name: String,
}
