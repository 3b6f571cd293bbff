//! Entities of an alert: the JSON that stands in the row, and what it stands for.

use super::World;
use super::facts::*;
use super::logs::{AlertHost, AlertMessage, Named};
use super::message_logs::teams_message_id;
use serde_json::{Value, json};

/// Entities of an alert, and what they stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entities {
    pub(super) json: Value,
    pub(super) links: Vec<LinkIx>,
    pub(super) hosts: Vec<AlertHost>,
    pub(super) users: Vec<(UserIx, Named)>,
    pub(super) messages: Vec<AlertMessage>,
    next: u32,
}

impl Entities {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            json: json!([]),
            next: 3,
            ..Self::default()
        }
    }

    fn push(&mut self, mut entity: Value) -> String {
        let id = self.next.to_string();
        self.next += 1;
        entity["$id"] = json!(id);
        if let Value::Array(items) = &mut self.json {
            items.push(entity);
        }
        id
    }

    /// A url entity; `kind` is the spelling of its type.
    pub(crate) fn url(mut self, world: &World, link: LinkIx, kind: &str) -> Self {
        self.push(json!({"Url": world.links[link].url, "Type": kind}));
        self.links.push(link);
        self
    }

    /// A url entity for something that is no url of this world.
    pub(crate) fn other_url(mut self, url: &str) -> Self {
        self.push(json!({"Url": url, "Type": "url"}));
        self
    }

    /// A managed host.
    pub(crate) fn host(mut self, world: &World, device: DeviceIx, by_id: bool) -> Self {
        let facts = &world.devices[device];
        let (short, domain) = facts.name.split_once('.').unwrap_or((&facts.name, ""));
        let mut entity = json!({"HostName": short.to_uppercase(), "DnsDomain": domain, "OSFamily": "Windows", "Type": "host"});
        if by_id {
            entity["MdatpDeviceId"] = json!(facts.id);
        }
        self.push(entity);
        self.hosts.push(AlertHost::Device(device, by_id));
        self
    }

    /// A host that no other log knows.
    pub(crate) fn unmanaged(mut self, name: &str) -> Self {
        self.push(json!({"HostName": name, "Type": "Host"}));
        self.hosts.push(AlertHost::Unmanaged(name.into()));
        self
    }

    /// An account.
    pub(crate) fn account(mut self, world: &World, user: UserIx, named: Named) -> Self {
        let facts = &world.users[user];
        let (name, suffix) = facts.upn.split_once('@').unwrap_or((&facts.upn, ""));
        let mut entity = json!({"Type": "Account", "IsDomainJoined": true, "NTDomain": "CONTOSO"});
        if matches!(named, Named::Both | Named::Upn) {
            entity["Name"] = json!(name);
            entity["UPNSuffix"] = json!(suffix);
        }
        if matches!(named, Named::Both | Named::Id) {
            entity["AadUserId"] = json!(facts.id);
        }
        self.push(entity);
        self.users.push((user, named));
        self
    }

    /// A process that holds a managed host inside, and a bare `$ref` to that host beside it.
    pub(crate) fn host_by_reference(mut self, world: &World, device: DeviceIx) -> Self {
        let facts = &world.devices[device];
        let (short, domain) = facts.name.split_once('.').unwrap_or((&facts.name, ""));
        let inner = self.next.to_string();
        self.next += 1;
        self.push(json!({
            "ProcessId": "0x940", "CommandLine": "", "Type": "process",
            "Host": {"$id": inner, "HostName": short, "DnsDomain": domain, "Type": "host"}
        }));
        if let Value::Array(items) = &mut self.json {
            items.push(json!({"$ref": inner}));
        }
        self.hosts.push(AlertHost::Device(device, false));
        self
    }

    /// A Teams message, by its id and its thread.
    pub(crate) fn message(mut self, world: &World, message: MessageIx) -> Self {
        let thread = world.place_id(world.messages[message].place);
        self.push(json!({
            "SourceId": teams_message_id(world, message), "ChatThreadId": thread,
            "Type": "teamsMessage",
        }));
        self.messages.push(AlertMessage::Message(message));
        self
    }

    /// A Teams message of which only the thread is named.
    pub(crate) fn thread(mut self, world: &World, place: Place) -> Self {
        self.push(json!({"ChatThreadId": world.place_id(place), "Type": "teamsMessage"}));
        self.messages.push(AlertMessage::Thread(place));
        self
    }

    /// Entities that lead nowhere: an address and a file.
    pub(crate) fn noise(mut self) -> Self {
        self.push(json!({"Address": "192.0.2.77", "Type": "ip"}));
        self.push(json!({"Directory": "c:\\windows\\system32", "Name": "cmd.exe", "Type": "file"}));
        self
    }
}
