//! Entities of an alert, as the column `Entities` of SecurityAlert holds them: objects with a `Type`, nested in one
//! another.

use serde_json::Value;

/// One entity. Its fields are read by name, since each type has its own.
#[derive(Debug, Clone, Copy)]
pub struct Entity<'a>(&'a Value);

/// A device as an alert names it. Any of the texts may be empty, but not both id and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device<'a> {
    /// Device id of Microsoft Defender for Endpoint.
    pub id: &'a str,
    /// Name with its domain, where the alert tells one.
    pub name: String,
    /// Family of its operating system.
    pub os: &'a str,
}

impl<'a> Entity<'a> {
    /// Every entity of an alert, also those that stand only inside another. An element that refers to another by `$ref`
    /// needs no following, since the other stands somewhere whole.
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

    /// Whether it is of this type, whatever the case of its letters.
    pub fn is(self, kind: &str) -> bool {
        self.text("Type").eq_ignore_ascii_case(kind)
    }

    /// A text field without white space around it; empty when it is absent or no text.
    pub fn text(self, field: &str) -> &'a str {
        self.0
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim()
    }

    /// The device that a host entity names; none when it tells neither id nor name.
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

    /// The UPN of an account entity; empty when it tells none.
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
