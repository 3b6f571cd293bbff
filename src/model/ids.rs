//! The ids of nodes, in the forms that DESIGN's section on the graph defines.
//!
//! Each id is written only by its `Display` and parsed only by its `From<&str>`; no other code contains a prefix or a
//! separator. Which ids are case-sensitive is decided here too. Parsing never fails, since an id may come from outside:
//! a text that does not have a special form is kept unchanged, so every id is parsed to the value that wrote it.

use std::fmt;

use super::record::RecordNumber;

/// The prefix of the UPN of a user whose object id is not known.
const UPN: &str = "upn:";
/// The prefix of the name of a device whose id is not known.
const NAME: &str = "name:";
/// The separator between the provider and the url of a verdict.
const OF_VERDICT: char = '|';
/// The separator between the place and the id of a message, and between a case and the number of a record.
const WITHIN: char = '/';

/// The id of a user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserId {
    /// The object id of Entra, or the id of an application or an anonymous guest, in lower case.
    Object(String),
    /// The user principal name, in lower case, used while no object id is known.
    Upn(String),
}

impl UserId {
    /// The id of a user with an object id of Entra ID or the id of an application.
    pub fn object(id: &str) -> Self {
        Self::Object(id.to_lowercase())
    }

    /// The id of a user of whom only the UPN is known.
    pub fn upn(upn: &str) -> Self {
        Self::Upn(upn.to_lowercase())
    }

    /// The key for looking up the user in the directory: the object id or the UPN.
    pub fn directory_key(&self) -> &str {
        match self {
            Self::Object(key) | Self::Upn(key) => key,
        }
    }

    /// The UPN, if only that is known; `None` for an object id.
    pub fn as_upn(&self) -> Option<&str> {
        match self {
            Self::Upn(upn) => Some(upn),
            Self::Object(_) => None,
        }
    }
}

impl From<&str> for UserId {
    fn from(text: &str) -> Self {
        match text.strip_prefix(UPN) {
            Some(upn) => Self::upn(upn),
            None => Self::object(text),
        }
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(id) => f.write_str(id),
            Self::Upn(upn) => write!(f, "{UPN}{upn}"),
        }
    }
}

impl Default for UserId {
    fn default() -> Self {
        Self::Object(String::new())
    }
}

/// The id of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostId {
    /// The DeviceId of Defender for Endpoint, in lower case.
    Device(String),
    /// The name, in lower case, used while no device id is known.
    Name(String),
}

impl HostId {
    /// The id of a device with a DeviceId.
    pub fn device(id: &str) -> Self {
        Self::Device(id.to_lowercase())
    }

    /// The id of a device of which only the name is known.
    pub fn name(name: &str) -> Self {
        Self::Name(name.to_lowercase())
    }

    /// The id of a device in a record; `None` when the record has neither a device id nor a name.
    pub fn known_by(device_id: &str, name: &str) -> Option<Self> {
        match (device_id, name) {
            ("", "") => None,
            ("", name) => Some(Self::name(name)),
            (id, _) => Some(Self::device(id)),
        }
    }

    /// The device id or the name, without a prefix.
    pub fn bare(&self) -> &str {
        match self {
            Self::Device(text) | Self::Name(text) => text,
        }
    }

    /// The name, if only that is known; `None` for a device id.
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Device(_) => None,
        }
    }
}

impl From<&str> for HostId {
    fn from(text: &str) -> Self {
        match text.strip_prefix(NAME) {
            Some(name) => Self::name(name),
            None => Self::device(text),
        }
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(id) => f.write_str(id),
            Self::Name(name) => write!(f, "{NAME}{name}"),
        }
    }
}

impl Default for HostId {
    fn default() -> Self {
        Self::Device(String::new())
    }
}

/// The id of the verdict of one provider on one url in one case: `<case>|<provider>|<url>`. A verdict belongs to its case
/// alone, so that no other case replaces it. Only the url can contain the separator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerdictId {
    /// The id of the case.
    pub case: String,
    /// The name of the provider.
    pub provider: String,
    /// The normalised url. It is truncated if it is too long for an index.
    pub url: String,
}

impl VerdictId {
    /// The id of the verdict of this provider on this url in this case.
    pub fn new(case: &str, provider: &str, url: &str) -> Self {
        Self {
            case: case.to_owned(),
            provider: provider.to_owned(),
            url: url.to_owned(),
        }
    }

    /// Parses an id; `None` when the text has less than two separators.
    pub fn parse(text: &str) -> Option<Self> {
        let (case, rest) = text.split_once(OF_VERDICT)?;
        let (provider, url) = rest.split_once(OF_VERDICT)?;
        Some(Self::new(case, provider, url))
    }

    /// Parses what a person types who looks at this case: the id, or `<provider>|<url>` without the case. The case's id
    /// can be in lower case. `None` when the text has no separator.
    pub fn typed(case: &str, text: &str) -> Option<Self> {
        let (first, rest) = text.split_once(OF_VERDICT)?;
        let (provider, url) = match first.eq_ignore_ascii_case(case) {
            true => rest.split_once(OF_VERDICT)?,
            false => (first, rest),
        };
        Some(Self::new(case, provider, url))
    }

    /// The id, in this case, of a verdict of a graph that was stored before the ids named the case. `None` when it names
    /// the case already.
    pub fn in_case(case: &str, stored: &str) -> Option<String> {
        let named = stored.strip_prefix(case);
        match named.is_some_and(|rest| rest.starts_with(OF_VERDICT)) {
            true => None,
            false => Some(format!("{case}{OF_VERDICT}{stored}")),
        }
    }

    /// True when a text can be such an id, with its case or without.
    pub fn looks_like(text: &str) -> bool {
        text.contains(OF_VERDICT)
    }
}

impl fmt::Display for VerdictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            provider,
            url,
        } = self;
        write!(f, "{case}{OF_VERDICT}{provider}{OF_VERDICT}{url}")
    }
}

/// Declares an id that is a single text.
macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident, $fold:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                let fold: fn(&str) -> String = $fold;
                Self(fold(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// The id of a team: the id of its group in Entra, in lower case.
    TeamId,
    str::to_lowercase
);
text_id!(
    /// The id of a channel, such as `19:…`. It is case-sensitive.
    ChannelId,
    str::to_owned
);
text_id!(
    /// The id of a chat, such as `19:…`. It is case-sensitive.
    ChatId,
    str::to_owned
);
text_id!(
    /// The id of a message: the id of its channel or chat, and its own id there.
    MessageId,
    str::to_owned
);
text_id!(
    /// The id of an alert, as its product assigned it.
    AlertId,
    str::to_owned
);
text_id!(
    /// The id of a case, a ULID.
    CaseId,
    str::to_owned
);
text_id!(
    /// The id of a domain: its registrable part.
    DomainId,
    str::to_owned
);

impl MessageId {
    /// The id of a message in this channel or chat.
    pub fn in_place(place: &str, message: &str) -> Self {
        Self(format!("{place}{WITHIN}{message}"))
    }

    /// The message's own id, which is only unique within its channel or chat.
    pub fn message(&self) -> &str {
        self.0.rsplit(WITHIN).next().unwrap_or(&self.0)
    }
}

/// The id of a journal record, as `evidence` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordId {
    /// The case whose journal has the record.
    pub case: String,
    /// The number of the record in the journal.
    pub number: RecordNumber,
}

impl RecordId {
    /// The id of the record with this number in the journal of a case.
    pub fn new(case: &str, number: RecordNumber) -> Self {
        Self {
            case: case.to_owned(),
            number,
        }
    }

    /// Parses the id of a record; `None` when the text does not have that form.
    pub fn parse(text: &str) -> Option<Self> {
        let (case, number) = text.split_once(WITHIN)?;
        Some(Self::new(case, number.parse().ok()?))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{WITHIN}{}", self.case, self.number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn users_by_object_id_and_by_upn() {
        let known = UserId::object("AAAA-1");
        assert_eq!(known.to_string(), "aaaa-1");
        assert_eq!((known.directory_key(), known.as_upn()), ("aaaa-1", None));
        let named = UserId::upn("Ann@Contoso.example");
        assert_eq!(named.to_string(), "upn:ann@contoso.example");
        assert_eq!(named.as_upn(), Some("ann@contoso.example"));
        assert_eq!(UserId::from("upn:Ann@contoso.example"), named);
    }

    #[test]
    fn hosts_by_device_id_and_by_name() {
        assert_eq!(HostId::known_by("", ""), None);
        let named = HostId::known_by("", "PC-1").unwrap();
        assert_eq!(
            (named.to_string(), named.bare()),
            ("name:pc-1".into(), "pc-1")
        );
        let known = HostId::known_by("ABC", "PC-1").unwrap();
        assert_eq!((known.to_string(), known.as_name()), ("abc".into(), None));
    }

    #[test]
    fn a_verdict_is_of_the_second_separator_on() {
        let whole = "01CASE|otx|https://evil.example/a|b";
        let id = VerdictId::parse(whole).unwrap();
        assert_eq!(
            id,
            VerdictId::new("01CASE", "otx", "https://evil.example/a|b")
        );
        for typed in [
            whole,
            "01case|otx|https://evil.example/a|b",
            "otx|https://evil.example/a|b",
        ] {
            assert_eq!(
                VerdictId::typed("01CASE", typed),
                Some(id.clone()),
                "{typed}"
            );
        }
        assert_ne!(
            VerdictId::typed("01OTHER", whole),
            Some(id),
            "of another case"
        );
        assert_eq!(VerdictId::parse("otx|https://evil.example/"), None);
        assert_eq!(VerdictId::typed("01CASE", "https://evil.example/"), None);
        assert_eq!(
            VerdictId::typed("01CASE", "01CASE|https://evil.example/"),
            None
        );
    }

    #[test]
    fn a_verdict_of_an_older_graph_is_given_its_case() {
        let now = "01CASE|otx|https://evil.example/a|b";
        let stored = "otx|https://evil.example/a|b";
        assert_eq!(VerdictId::in_case("01CASE", stored).as_deref(), Some(now));
        assert_eq!(VerdictId::in_case("01CASE", now), None);
        let begins_alike = "01CASES|https://evil.example/";
        assert!(VerdictId::in_case("01CASE", begins_alike).is_some());
    }

    #[test]
    fn places_know_case_and_teams_do_not() {
        assert_eq!(TeamId::from("ABC").as_str(), "abc");
        assert_eq!(ChannelId::from("19:ABC").as_str(), "19:ABC");
        let message = MessageId::in_place("19:c@thread.tacv2", "17");
        assert_eq!(
            (message.as_str(), message.message()),
            ("19:c@thread.tacv2/17", "17")
        );
    }

    proptest! {
        #[test]
        fn an_id_is_read_as_what_wrote_it(text in "\\PC{0,24}", other in "\\PC{0,24}") {
            for id in [UserId::object(&text), UserId::upn(&text), UserId::from(text.as_str())] {
                let again = UserId::from(id.to_string().as_str());
                prop_assert_eq!(again.to_string(), id.to_string());
            }
            for id in [HostId::device(&text), HostId::name(&text), HostId::from(text.as_str())] {
                let again = HostId::from(id.to_string().as_str());
                prop_assert_eq!(again.to_string(), id.to_string());
            }
            let provider = text.replace('|', "");
            let verdict = VerdictId::new("01CASE", &provider, &other);
            prop_assert_eq!(VerdictId::parse(&verdict.to_string()), Some(verdict));
            let case = text.replace('/', "");
            let record = RecordId::new(&case, 7);
            prop_assert_eq!(RecordId::parse(&record.to_string()), Some(record));
        }
    }
}
