//! Parses the entities of an alert from the column `Entities` of SecurityAlert: objects with a `Type`, which can be
//! nested.

use serde_json::Value;

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
