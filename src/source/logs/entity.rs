//! Parses the entities of an alert: from the column `Entities` of SecurityAlert, which holds objects with a `Type` that can be
//! nested, and from rows of AlertEvidence, which are made into such objects.

use serde_json::{Map, Value, json};

/// How the ids of Defender's alerts begin, by the product that raised them: endpoint, custom detections, Entra ID Protection,
/// Office 365, cloud apps, identity, data loss prevention and XDR.
const PREFIXES: [&str; 10] = ["da", "ed", "ad", "fa", "ca", "aa", "dl", "ra", "ta", "ea"];
/// The shortest id of an alert in Defender.
const SHORTEST_ID: usize = 12;

/// The id of an alert: Defender's, which a row of SecurityAlert names as that of its vendor, or else that of the workspace.
pub fn alert_id<'a>(system: &'a str, vendor: &'a str) -> &'a str {
    match is_of_defender(vendor) {
        true => vendor,
        false => system,
    }
}

/// True for an id of an alert in Defender, such as `da637551227677560813_-961444813` or `fa` and a GUID. A bare GUID is an id
/// of another product, even where it begins with such letters.
fn is_of_defender(id: &str) -> bool {
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '-' | '_');
    let is_guid = id.len() == 36 && id.matches('-').count() == 4 && !id.contains('_');
    let rest = PREFIXES.iter().find_map(|prefix| id.strip_prefix(prefix));
    id.len() >= SHORTEST_ID && !is_guid && rest.is_some_and(|rest| rest.chars().all(is_part))
}

/// The entities in a row of AlertEvidence, in the form of SecurityAlert. `cell` returns a column of the query
/// `alerts_defender`. The additional fields hold an entity in that form; the columns outrank them.
pub fn evidence_entities<'r>(cell: impl Fn(&str) -> &'r str) -> Value {
    let fields: Value = serde_json::from_str(cell("fields")).unwrap_or_default();
    let entity = |kind: &str, columns: [(&str, &str); 2]| {
        let is_told = |(_, column): &(&str, &str)| !cell(column).is_empty();
        let columns: Vec<_> = columns.into_iter().filter(is_told).collect();
        if columns.is_empty() {
            return None;
        }
        let known = Some(&fields).filter(|fields| Entity(fields).is(kind));
        let known = known.and_then(Value::as_object).cloned();
        let mut entity: Map<String, Value> = known.unwrap_or_default();
        entity.insert("Type".to_owned(), kind.into());
        for (name, column) in columns {
            entity.insert(name.to_owned(), cell(column).into());
        }
        Some(Value::Object(entity))
    };
    let host = entity(
        "host",
        [("MdatpDeviceId", "device_id"), ("FQDN", "device_name")],
    );
    let account = entity(
        "account",
        [("AadUserId", "object_id"), ("UserPrincipalName", "upn")],
    );
    let url = cell("url");
    let url = url.strip_prefix("uri=").unwrap_or(url);
    let url = (!url.is_empty()).then(|| json!({"Type": "url", "Url": url}));
    let is_told = Entity(&fields).is("host") && host.is_some()
        || Entity(&fields).is("account") && account.is_some();
    let fields = (!is_told).then_some(fields);
    [url, host, account, fields].into_iter().flatten().collect()
}

/// An entity. Its fields are accessed by name, since each type has different ones.
#[derive(Debug, Clone, Copy)]
pub struct Entity<'a>(&'a Value);

/// A device in an alert. Any of the texts may be empty, but not both id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device<'a> {
    /// The device id of Microsoft Defender for Endpoint.
    pub id: &'a str,
    /// The name, with its domain if the alert contains one.
    pub name: String,
    /// The family of its operating system.
    pub os: &'a str,
}

impl<'a> Entity<'a> {
    /// All entities of an alert, including those that are only nested in another. Elements that refer to an entity by
    /// `$ref` are skipped, since the entity itself is in the list too.
    pub fn all(entities: &'a Value) -> Vec<Self> {
        let mut found = Vec::new();
        let mut todo = vec![entities];
        while let Some(value) = todo.pop() {
            match value {
                Value::Array(items) => todo.extend(items.iter().rev()),
                Value::Object(fields) => {
                    if fields.contains_key("Type") {
                        found.push(Self(value));
                    }
                    todo.extend(
                        fields
                            .values()
                            .filter(|field| field.is_array() || field.is_object()),
                    );
                }
                _ => {}
            }
        }
        found
    }

    /// True when the entity has this type, ignoring case.
    pub fn is(self, kind: &str) -> bool {
        self.text("Type").eq_ignore_ascii_case(kind)
    }

    /// A text field without white space around it; empty when it is absent or not a text.
    pub fn text(self, field: &str) -> &'a str {
        self.0
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim()
    }

    /// All its text fields.
    pub fn texts(self) -> impl Iterator<Item = &'a str> {
        let fields = self.0.as_object().into_iter().flatten();
        fields.filter_map(|(_, value)| value.as_str())
    }

    /// The device of a host entity; `None` when it has neither id nor name.
    pub fn device(self) -> Option<Device<'a>> {
        let (name, domain) = (self.text("HostName"), self.text("DnsDomain"));
        let name = match (self.text("FQDN"), name, domain) {
            ("", name, "") => name.to_owned(),
            ("", "", _) => String::new(),
            ("", name, domain) => format!("{name}.{domain}"),
            (full, ..) => full.to_owned(),
        };
        let id = self.text("MdatpDeviceId");
        let os = self.text("OSFamily");
        (!id.is_empty() || !name.is_empty()).then_some(Device { id, name, os })
    }

    /// The UPN of an account entity; empty when it has none.
    pub fn upn(self) -> String {
        let (full, name, suffix) = (
            self.text("UserPrincipalName"),
            self.text("Name"),
            self.text("UPNSuffix"),
        );
        match (full, name, suffix) {
            ("", "", _) => String::new(),
            ("", name, _) if name.contains('@') => name.to_owned(),
            ("", _, "") => String::new(),
            ("", name, suffix) => format!("{name}@{suffix}"),
            (full, ..) => full.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_alert_is_defenders_where_there_is_one() {
        for id in [
            "da637551227677560813_-961444813",
            "ed637551227677560813_-5",
            "fa00000000-0000-4000-8000-08dee8a00001",
            "ca5f9d1c2b3a4e5f6a7b8c9d0e",
        ] {
            assert_eq!(alert_id("system", id), id);
        }
        for id in [
            "",
            "da637551-2275-4000-8000-000000000001",
            "fabulous-alert-of-a-vendor",
            "12345678901234",
            "ad-1",
        ] {
            assert_eq!(alert_id("system", id), "system", "{id}");
        }
    }

    #[test]
    fn a_piece_of_evidence_is_read_as_entities() {
        let read = |cells: &[(&str, &'static str)]| {
            evidence_entities(|column| {
                let cell = cells.iter().find(|(name, _)| *name == column);
                cell.map_or("", |(_, text)| *text)
            })
        };
        let entities = read(&[("url", "uri=https://evil.example/a"), ("fields", "")]);
        let found = Entity::all(&entities);
        assert_eq!(
            (found.len(), found[0].text("Url")),
            (1, "https://evil.example/a")
        );
        // Only the additional fields name the url.
        let entities = read(&[("fields", r#"{"Url":"https://evil.example/b","Type":"url"}"#)]);
        assert_eq!(
            Entity::all(&entities)[0].text("Url"),
            "https://evil.example/b"
        );
        // What the fields say of a device beside its columns.
        let fields = r#"{"$id":"3","HostName":"PC-1","OSFamily":"Windows","Type":"host"}"#;
        let entities = read(&[
            ("device_id", "d1"),
            ("device_name", "pc-1.contoso.com"),
            ("fields", fields),
        ]);
        let found = Entity::all(&entities);
        assert_eq!(found.len(), 1);
        let device = found[0].device().unwrap();
        assert_eq!(
            (device.id, device.name.as_str(), device.os),
            ("d1", "pc-1.contoso.com", "Windows")
        );
        // A process on a device, run by an account.
        let fields = r#"{"ProcessId":"0x1","Type":"process"}"#;
        let entities = read(&[
            ("device_id", "d1"),
            ("upn", "ada@contoso.com"),
            ("fields", fields),
        ]);
        let found = Entity::all(&entities);
        assert_eq!(found.len(), 3);
        assert_eq!(found[1].upn(), "ada@contoso.com");
        // Fields that are no JSON say nothing.
        assert_eq!(Entity::all(&read(&[("fields", "{\"Url\"")])).len(), 0);
    }
}
