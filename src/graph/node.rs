//! Constructors for the node structs that [`super::schema`] declares, from the values that records hold.

use super::schema::{Given, Label, domain, url};
use crate::model::{DomainId, HostId, State, UserId, VerdictId};

pub use super::schema::{Alert, Case, Channel, Chat, Entity, Host, Message, Team, User, Verdict};

impl User {
    /// A user with an object id of Entra ID or the id of an application.
    pub fn by_id(id: &str) -> Self {
        Self {
            id: UserId::object(id),
            ..Self::default()
        }
    }

    /// A user of whom only the UPN is known.
    pub fn by_upn(upn: &str) -> Self {
        Self {
            id: UserId::upn(upn),
            upn: Some(upn.to_owned()),
            ..Self::default()
        }
    }
}

impl Host {
    /// A device by the id or name in a record; `None` when the record has neither.
    pub fn new(device_id: &str, name: &str) -> Option<Self> {
        Some(Self {
            id: HostId::known_by(device_id, name)?,
            name: Some(name.to_owned()),
            os: None,
        })
    }
}

impl Verdict {
    /// A verdict with only a state, without details.
    pub fn new(id: VerdictId, state: State) -> Self {
        Self {
            provider: id.provider.clone(),
            id,
            state,
            severity: None,
            score: None,
            summary: None,
            tags: Vec::new(),
            reference: None,
            checked: None,
            asked: None,
        }
    }
}

/// A normalised url.
#[derive(Debug, Clone)]
pub struct Url(pub ::url::Url);

impl Entity for Url {
    const LABEL: Label = Label::Url;

    fn into_parts(self) -> (String, Given) {
        let given = Given::default()
            .with(url::SCHEME, Some(self.0.scheme().to_owned()))
            .with(url::HOST, self.0.host_str().map(str::to_owned))
            .with(url::PATH, Some(self.0.path().to_owned()))
            .with(url::DEFANGED, Some(crate::link::defang(&self.0)));
        (self.0.into(), given)
    }
}

/// A registrable domain.
#[derive(Debug, Clone)]
pub struct Domain(pub crate::link::Domain);

impl Entity for Domain {
    const LABEL: Label = Label::Domain;

    fn into_parts(self) -> (String, Given) {
        let given = Given::default()
            .with(domain::UNICODE, self.0.unicode)
            .with(domain::SUFFIX, self.0.suffix);
        (DomainId::from(self.0.registrable).to_string(), given)
    }
}
