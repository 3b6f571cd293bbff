//! Typed nodes: one struct a label, each knowing its key.

use chrono::{DateTime, Utc};

use super::schema::Label;
use super::value::{Properties, Value};

/// A typed node that can be put into the graph.
pub trait Entity {
    /// Its label.
    const LABEL: Label;

    /// Its unique id and its properties; what is absent or empty is left out.
    fn into_parts(self) -> (String, Properties);
}

/// Collects the properties that are there.
#[derive(Default)]
pub(super) struct Fields(Properties);

impl Fields {
    pub(super) fn text(mut self, name: &'static str, value: Option<String>) -> Self {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.insert(name, Value::Text(value));
        }
        self
    }

    pub(super) fn time(mut self, name: &'static str, value: Option<DateTime<Utc>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name, Value::Time(value));
        }
        self
    }

    pub(super) fn boolean(mut self, name: &'static str, value: Option<bool>) -> Self {
        if let Some(value) = value {
            self.0.insert(name, Value::Boolean(value));
        }
        self
    }

    pub(super) fn number(mut self, name: &'static str, value: Option<f64>) -> Self {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.0.insert(name, Value::Number(value));
        }
        self
    }

    pub(super) fn integer(mut self, name: &'static str, value: i64) -> Self {
        self.0.insert(name, Value::Integer(value));
        self
    }

    /// An empty list is absent.
    pub(super) fn list(mut self, name: &'static str, value: Vec<String>) -> Self {
        if !value.is_empty() {
            self.0.insert(name, Value::List(value));
        }
        self
    }

    pub(super) fn done(self) -> Properties {
        self.0
    }
}

/// A person, bot or other sender.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// Entra object id, application id, or `upn:` + UPN; see [`User::by_id`] and [`User::by_upn`].
    pub id: String,
    /// User principal name.
    pub upn: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
    /// Home tenant.
    pub tenant: Option<String>,
    /// member, guest, external, bot or anonymous.
    pub kind: Option<String>,
}

impl User {
    /// A user known by an object id or an application's id.
    pub fn by_id(id: &str) -> Self {
        Self {
            id: id.to_lowercase(),
            ..Self::default()
        }
    }

    /// A user known by UPN only.
    pub fn by_upn(upn: &str) -> Self {
        Self {
            id: format!("upn:{}", upn.to_lowercase()),
            upn: Some(upn.to_owned()),
            ..Self::default()
        }
    }
}

impl Entity for User {
    const LABEL: Label = Label::User;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("upn", self.upn)
            .text("name", self.name)
            .text("mail", self.mail)
            .text("tenant", self.tenant)
            .text("type", self.kind);
        (self.id, fields.done())
    }
}

/// A team.
#[derive(Debug, Clone, Default)]
pub struct Team {
    /// Entra group id.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
}

impl Entity for Team {
    const LABEL: Label = Label::Team;

    fn into_parts(self) -> (String, Properties) {
        (
            self.id.to_lowercase(),
            Fields::default().text("name", self.name).done(),
        )
    }
}

/// A channel of a team.
#[derive(Debug, Clone, Default)]
pub struct Channel {
    /// `19:…` id.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// standard, private or shared.
    pub membership: Option<String>,
}

impl Entity for Channel {
    const LABEL: Label = Label::Channel;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("name", self.name)
            .text("membership", self.membership);
        (self.id, fields.done())
    }
}

/// A chat in which a message with a link stands.
#[derive(Debug, Clone, Default)]
pub struct Chat {
    /// `19:…` id.
    pub id: String,
    /// oneOnOne, group or meeting.
    pub kind: Option<String>,
    /// Its name, if somebody gave it one.
    pub topic: Option<String>,
}

impl Entity for Chat {
    const LABEL: Label = Label::Chat;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("kind", self.kind)
            .text("topic", self.topic);
        (self.id, fields.done())
    }
}

/// A Teams message.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Channel or chat id + `/` + message id.
    pub id: String,
    /// When it was sent.
    pub created: Option<DateTime<Utc>>,
    /// When it last changed.
    pub modified: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
    /// Its text was changed after sending.
    pub edited: Option<bool>,
    /// Subject line.
    pub subject: Option<String>,
    /// normal, high or urgent.
    pub importance: Option<String>,
    /// First 280 characters of its text.
    pub preview: Option<String>,
    /// Address of the message in Teams.
    pub web_url: Option<String>,
}

impl Entity for Message {
    const LABEL: Label = Label::Message;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .time("created", self.created)
            .time("modified", self.modified)
            .time("deleted", self.deleted)
            .boolean("edited", self.edited)
            .text("subject", self.subject)
            .text("importance", self.importance)
            .text("preview", self.preview)
            .text("web_url", self.web_url);
        (self.id, fields.done())
    }
}

/// A normalised url.
#[derive(Debug, Clone)]
pub struct Url(pub url::Url);

impl Entity for Url {
    const LABEL: Label = Label::Url;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("scheme", Some(self.0.scheme().to_owned()))
            .text("host", self.0.host_str().map(str::to_owned))
            .text("path", Some(self.0.path().to_owned()))
            .text("defanged", Some(crate::link::defang(&self.0)));
        (self.0.into(), fields.done())
    }
}

/// A registrable domain.
#[derive(Debug, Clone)]
pub struct Domain(pub crate::link::Domain);

impl Entity for Domain {
    const LABEL: Label = Label::Domain;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("unicode", self.0.unicode)
            .text("suffix", self.0.suffix);
        (self.0.registrable, fields.done())
    }
}

/// A device.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// MDE DeviceId, or `name:` + name.
    pub id: String,
    /// Device name.
    pub name: Option<String>,
    /// Operating system.
    pub os: Option<String>,
}

impl Host {
    /// A device by what a record tells of it; none when it tells neither id nor name.
    pub fn new(device_id: &str, name: &str) -> Option<Self> {
        let id = match (device_id, name) {
            ("", "") => return None,
            ("", name) => format!("name:{}", name.to_lowercase()),
            (id, _) => id.to_lowercase(),
        };
        Some(Self {
            id,
            name: Some(name.to_owned()),
            os: None,
        })
    }
}

impl Entity for Host {
    const LABEL: Label = Label::Host;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("name", self.name)
            .text("os", self.os);
        (self.id, fields.done())
    }
}

/// A security alert.
#[derive(Debug, Clone, Default)]
pub struct Alert {
    /// SystemAlertId.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// As the product rated it.
    pub severity: Option<String>,
    /// Component that raised it.
    pub provider: Option<String>,
    /// Product that raised it.
    pub product: Option<String>,
    /// Start of what it reports.
    pub time: Option<DateTime<Utc>>,
    /// New, InProgress, Resolved, Dismissed.
    pub status: Option<String>,
    /// MITRE ATT&CK tactics.
    pub tactics: Vec<String>,
}

impl Entity for Alert {
    const LABEL: Label = Label::Alert;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .text("name", self.name)
            .text("severity", self.severity)
            .text("provider", self.provider)
            .text("product", self.product)
            .time("time", self.time)
            .text("status", self.status)
            .list("tactics", self.tactics);
        (self.id, fields.done())
    }
}

/// What one provider said about one url.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Provider.
    pub provider: String,
    /// The url it is about, normalised.
    pub url: String,
    /// hit, clean, not_found, skipped, rate_limited or unavailable.
    pub state: String,
    /// high, warning or information; absent without an answer.
    pub severity: Option<String>,
    /// The provider's own figure.
    pub score: Option<f64>,
    /// The verdict in a few words.
    pub summary: Option<String>,
    /// The provider's tags and categories.
    pub tags: Vec<String>,
    /// Where to read more.
    pub reference: Option<String>,
    /// When it was asked; absent when it was not.
    pub checked: Option<DateTime<Utc>>,
    /// The string that was sent, if not the url.
    pub asked: Option<String>,
}

impl Entity for Verdict {
    const LABEL: Label = Label::Verdict;

    fn into_parts(self) -> (String, Properties) {
        let id = format!("{}|{}", self.provider, self.url);
        let fields = Fields::default()
            .text("provider", Some(self.provider))
            .text("state", Some(self.state))
            .text("severity", self.severity)
            .number("score", self.score)
            .text("summary", self.summary)
            .list("tags", self.tags)
            .text("reference", self.reference)
            .time("checked", self.checked)
            .text("asked", self.asked);
        (id, fields.done())
    }
}

/// One run of linktrail.
#[derive(Debug, Clone)]
pub struct Case {
    /// Case id (ULID).
    pub id: String,
    /// When the case was made.
    pub started: DateTime<Utc>,
    /// Time of its last record.
    pub finished: Option<DateTime<Utc>>,
    /// Start of the window.
    pub window_from: DateTime<Utc>,
    /// End of the window.
    pub window_to: DateTime<Utc>,
    /// Version of linktrail that made the case.
    pub version: String,
    /// Every stage ran to its end.
    pub complete: bool,
    /// What could not be had, and why.
    pub gaps: Vec<String>,
}

impl Entity for Case {
    const LABEL: Label = Label::Case;

    fn into_parts(self) -> (String, Properties) {
        let fields = Fields::default()
            .time("started", Some(self.started))
            .time("finished", self.finished)
            .time("window_from", Some(self.window_from))
            .time("window_to", Some(self.window_to))
            .text("version", Some(self.version))
            .boolean("complete", Some(self.complete))
            .list("gaps", self.gaps);
        (self.id, fields.done())
    }
}
