//! Reads the columns of `message_urls`, `messages_on` and `reported` that say which message a row is about, and who
//! received it. `cell` returns a column of the row.

use serde_json::Value;

use crate::link::MessageAddress;

/// The address of the message that a row is about: the columns say it, and where one is empty the path does.
pub fn message_address<'r>(cell: impl Fn(&str) -> &'r str) -> Option<MessageAddress> {
    let path = MessageAddress::of_defender(cell("teams_message_id"));
    let (thread, message) = (cell("thread_id"), cell("message_id"));
    let told = (!thread.is_empty() && !message.is_empty())
        .then(|| MessageAddress::parse(&format!("{thread}/{message}")))
        .flatten();
    let mut address = told.or_else(|| path.clone())?;
    let team = cell("team_id");
    if !team.is_empty() {
        address.team = Some(team.to_lowercase());
    } else if let Some(path) = &path {
        address.team = path.team.clone();
    }
    address.root = match cell("parent_id") {
        "" => path.and_then(|path| path.root),
        parent => Some(parent.to_owned()),
    };
    address.root = address.root.filter(|root| *root != address.message);
    Some(address)
}

/// True when the message with this address stands in a channel.
pub fn is_in_channel(address: &MessageAddress, thread_type: &str) -> bool {
    address.team.is_some() || address.is_in_channel() || thread_type.eq_ignore_ascii_case("space")
}

/// A recipient of a message in a chat. Each text may be empty, but not both id and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The object id.
    pub id: String,
    /// The mail address, which often is the UPN.
    pub address: String,
    /// The name that Defender shows.
    pub name: String,
}

/// The recipients in `RecipientDetails`, which is a list of objects, its text, or a list of the texts of objects.
pub fn recipients(cell: &Value) -> Vec<Recipient> {
    let items = items(cell);
    let recipients = items.iter().filter_map(|item| match item {
        Value::String(text) => recipient(&serde_json::from_str(text).ok()?),
        item => recipient(item),
    });
    recipients.collect()
}

/// The items of a list, or of the text of one; none for anything else.
pub fn items(cell: &Value) -> Vec<Value> {
    let list = match cell {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        list => list.clone(),
    };
    match list {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn recipient(item: &Value) -> Option<Recipient> {
    let text = |name: &str| {
        let text = item.get(name).and_then(Value::as_str);
        text.unwrap_or_default().trim()
    };
    let recipient = Recipient {
        id: told_id(text("RecipientObjectId")).to_owned(),
        address: text("RecipientSmtpAddress").to_owned(),
        name: text("RecipientDisplayName").to_owned(),
    };
    (!recipient.id.is_empty() || !recipient.address.is_empty()).then_some(recipient)
}

/// An object id; empty when it is all zeros, which stands for a group or nobody.
pub fn told_id(id: &str) -> &str {
    match id.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
        true => "",
        false => id,
    }
}

/// The words in a list of threats.
pub fn threats(list: &str) -> Vec<String> {
    let threats = list.split(',').map(str::trim);
    let threats = threats.filter(|threat| !threat.is_empty());
    threats.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_read_in_each_form() {
        let one = r#"{"RecipientSmtpAddress":" ada@contoso.example ","RecipientDisplayName":"Ada","RecipientObjectId":"oid-ada"}"#;
        let ada = Recipient {
            id: "oid-ada".to_owned(),
            address: "ada@contoso.example".to_owned(),
            name: "Ada".to_owned(),
        };
        let text = Value::from(one).to_string();
        for list in [
            format!("[{one}]"),
            format!("[{text}]"),
            format!("[{one}, 7, {{}}, \"no JSON\"]"),
        ] {
            let found = recipients(&list.as_str().into());
            assert_eq!(found, std::slice::from_ref(&ada), "{list}");
            let list = serde_json::from_str(&list).unwrap();
            assert_eq!(recipients(&list), std::slice::from_ref(&ada), "{list}");
        }
        let zeros = one.replace("oid-ada", "00000000-0000-0000-0000-000000000000");
        assert_eq!(recipients(&format!("[{zeros}]").into())[0].id, "");
        for nothing in [
            "",
            "null",
            "{}",
            "[]",
            "no JSON",
            r#"[{"RecipientDisplayName":"Ada"}]"#,
        ] {
            assert_eq!(recipients(&nothing.into()), [], "{nothing}");
        }
    }

    #[test]
    fn the_columns_outrank_the_path_that_fills_what_they_lack() {
        let channel = "19:c@thread.tacv2";
        let path = format!("/teams/T-1/channels/{channel}/messages/1/replies/2");
        let read = |columns: &[(&str, &str)]| {
            message_address(|name| {
                let found = columns.iter().find(|(column, _)| *column == name);
                found.map_or("", |(_, text)| *text)
            })
        };
        let by_path = read(&[("teams_message_id", &path)]).unwrap();
        assert_eq!(
            (by_path.thread.as_str(), by_path.message.as_str()),
            (channel, "2")
        );
        assert_eq!(
            (by_path.root.as_deref(), by_path.team.as_deref()),
            (Some("1"), Some("t-1"))
        );
        let columns = [
            ("teams_message_id", path.as_str()),
            ("thread_id", "19:d@thread.tacv2"),
            ("message_id", "8"),
            ("parent_id", "7"),
            ("team_id", "T-2"),
        ];
        let told = read(&columns).unwrap();
        assert_eq!(
            (told.thread.as_str(), told.message.as_str()),
            ("19:d@thread.tacv2", "8")
        );
        assert_eq!(
            (told.root.as_deref(), told.team.as_deref()),
            (Some("7"), Some("t-2"))
        );
        let root = read(&[
            ("thread_id", "19:x@thread.v2"),
            ("message_id", "5"),
            ("parent_id", "5"),
        ]);
        assert_eq!(root.unwrap().root, None);
        assert_eq!(read(&[("thread_id", "19:x@thread.v2")]), None);
        assert_eq!(read(&[("teams_message_id", "m-1")]), None);
    }
}
