//! Queries about messages, asked of the world of the help desk.

use crate::outside::message_id;
use crate::visitor::{Visitor, rendered};
use serde_json::{Value, json};
use tenant_sim::{Messages, Options, Query, Recipients, Tenant, World};

/// The rows of an answer as objects, in the order of their texts.
fn objects(answer: &Value) -> Vec<Value> {
    let table = &answer["tables"][0];
    let columns = table["columns"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer:#}"));
    let row = |row: &Value| -> Value {
        let cells = row.as_array().unwrap().iter();
        let pairs = columns.iter().zip(cells);
        let pairs = pairs.map(|(c, cell)| (c["name"].as_str().unwrap().to_owned(), cell.clone()));
        Value::Object(pairs.collect())
    };
    let mut rows: Vec<Value> = table["rows"].as_array().unwrap().iter().map(row).collect();
    rows.sort_by_key(Value::to_string);
    rows
}

#[tokio::test]
async fn the_queries_answer_what_the_story_says() {
    let tenant = Tenant::start(World::outside(), Options::default());
    let visitor = Visitor::of(&tenant);
    let world = tenant.world();
    let (_, answer) = visitor.query("message_urls", &[]).await;
    // Nora's and Paul's lure, two urls of one message, the prize.
    assert_eq!(objects(&answer).len(), 5);
    let hosts = ["sso.contoso-helpdesk.example"];
    let (_, answer) = visitor.query("messages_on", &[("needles", &hosts)]).await;
    // Seven hold it within the window, of which one shows it behind a wrapper alone, where no host can be found.
    assert_eq!(objects(&answer).len(), 6);
    let id = format!(
        "/chats/{}",
        message_id(world, "Help", "08:00").replace('/', "/messages/")
    );
    let (_, answer) = visitor.query("messages_on", &[("needles", &[&id])]).await;
    let found = objects(&answer);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["sender_upn"],
        "support@contoso-helpdesk.onmicrosoft.com"
    );
    assert_eq!(
        (&found[0]["owned"], &found[0]["external"]),
        (&json!(false), &json!(true))
    );
    let recipients: Value = serde_json::from_str(found[0]["recipients"].as_str().unwrap()).unwrap();
    assert_eq!(recipients[0]["RecipientDisplayName"], "Nora Frei");
    // The documented columns lack the name and the kind of a thread.
    assert_eq!(
        (&found[0]["thread_name"], &found[0]["thread_type"]),
        (&json!(""), &json!(""))
    );
    let (_, answer) = visitor.query("reported", &[]).await;
    let reports = objects(&answer);
    let of = |upn: &str| {
        reports
            .iter()
            .filter(|row| row["reporter_upn"] == upn)
            .count()
    };
    // Five messages of the help desk beside each report about it, and the one without a link that matters.
    assert_eq!(of("nora.frei@contoso.com"), 6);
    // The grading stands under Lars, and so do his own report with three of Paul's messages.
    assert_eq!(of("lars.holm@contoso.com"), 6 + 3);
    // No message of the fax, and no sender.
    assert_eq!(of("mona.weber@contoso.com"), 2);
    let nobody = reports
        .iter()
        .find(|row| row["reported_sender"] == "")
        .unwrap();
    assert!(nobody["time"].is_null() && nobody["owned"].is_null() && nobody["message_id"] == "");
    let ids = [id.as_str(), "x"];
    let (_, answer) = visitor.query("post_delivery", &[("messages", &ids)]).await;
    assert!(objects(&answer).is_empty());
    let chat = message_id(world, "Paul", "10:00").replace('/', "/messages/");
    let chat = format!("/chats/{chat}");
    let (_, answer) = visitor
        .query("post_delivery", &[("messages", &[&chat])])
        .await;
    assert_eq!(objects(&answer).len(), 1, "the row that came twice is one");
    let (_, answer) = visitor
        .query("clicks_on", &[("needles", &["staff-portal.workers.dev"])])
        .await;
    assert_eq!(objects(&answer).len(), 3, "two led there");
    let (_, answer) = visitor.query("proxy_hosts", &[("needles", &hosts)]).await;
    let named = objects(&answer);
    assert_eq!(named.len(), 2);
    assert!(
        named
            .iter()
            .all(|row| row["url"] == "" && row["extensions"] != "")
    );
    tenant.assert_clean();
}

#[tokio::test]
async fn recipients_come_in_several_forms() {
    for form in [Recipients::Text, Recipients::List, Recipients::Texts] {
        let options = Options {
            messages: Messages {
                recipients: form,
                ..Messages::default()
            },
            ..Options::default()
        };
        let tenant = Tenant::start(World::outside(), options);
        let visitor = Visitor::of(&tenant);
        let (_, answer) = visitor
            .query("messages_on", &[("needles", &["go.tailspin.example"])])
            .await;
        let rows = objects(&answer);
        assert_eq!(rows.len(), 1);
        let given = &rows[0]["recipients"];
        let parsed =
            |text: &Value| -> Value { serde_json::from_str(text.as_str().unwrap()).unwrap() };
        let list = match form {
            Recipients::Text => parsed(given),
            Recipients::List => given.clone(),
            Recipients::Texts => parsed(given)
                .as_array()
                .unwrap()
                .iter()
                .map(parsed)
                .collect(),
        };
        let list = list.as_array().unwrap();
        let kim = list
            .iter()
            .find(|one| one["RecipientDisplayName"] == "Kim Osei")
            .unwrap();
        let id = kim["RecipientObjectId"].as_str().unwrap();
        assert!(id.chars().all(|c| "0-".contains(c)), "{id}");
        assert_eq!(kim["RecipientSmtpAddress"], "kim.osei@contoso.com");
        assert_eq!(list.len(), 4);
    }
}

#[tokio::test]
async fn rows_that_came_twice_change_no_answer_and_no_truth() {
    let twice = Options {
        messages: Messages {
            twice: true,
            ..Messages::default()
        },
        ..Options::default()
    };
    let plain = Tenant::start(World::outside(), Options::default());
    let twice = Tenant::start(World::outside(), twice);
    let ask = async |tenant: &Tenant, name: &str| {
        let lists: [(&str, &[&str]); 2] = [
            ("needles", &["contoso-helpdesk.example", "workers.dev"]),
            ("messages", &["x"]),
        ];
        let (_, answer) = Visitor::of(tenant).query(name, &lists).await;
        let mut rows = objects(&answer);
        for row in &mut rows {
            // What arrived later counts, and tells the same.
            row["time"] = Value::Null;
        }
        rows.sort_by_key(Value::to_string);
        rows
    };
    for name in ["message_urls", "messages_on", "reported", "post_delivery"] {
        assert_eq!(ask(&plain, name).await, ask(&twice, name).await, "{name}");
    }
    let query = Query::of(plain.world());
    let (one, other) = (plain.world().truth(&query), twice.world().truth(&query));
    assert_eq!((one.nodes, one.edges), (other.nodes, other.edges));
}

#[tokio::test]
async fn columns_of_messages_can_be_turned_round() {
    let options = Options {
        messages: Messages {
            turned_columns: true,
            ..Messages::default()
        },
        ..Options::default()
    };
    let tenant = Tenant::start(World::outside(), options);
    let visitor = Visitor::of(&tenant);
    let (from, to) = ("2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z");
    let span = format!("{from}/{to}");
    let (_, answer) = visitor.kql("MessageEvents\n| take 0", &span).await;
    let found = answer["tables"][0]["columns"].to_string();
    assert!(
        found.contains("ThreadName") && !found.contains("MessageSubject"),
        "{found}"
    );
    let text = rendered("reported", from, to, &[]);
    let (status, answer) = visitor.kql(&text, &span).await;
    assert_eq!(status, 400, "{answer:#}");
    let message = &answer["error"]["innererror"]["innererror"]["message"];
    assert!(
        message.as_str().unwrap().contains("'MessageSubject'"),
        "{message}"
    );
    let text = text.replace(
        "ThreadType = \"\", ThreadName = \"\"",
        "MessageSubject = Subject",
    );
    let (status, answer) = visitor.kql(&text, &span).await;
    assert_eq!(status, 200, "{answer:#}");
    let rows = objects(&answer);
    assert!(rows.iter().any(|row| row["thread_name"] == "IT Support"));
    // And what is documented is there in advanced hunting.
    let (_, answer) = visitor.hunt("MessageEvents\n| take 0", &span).await;
    let found = answer["schema"].to_string();
    assert!(
        found.contains("MessageSubject") && !found.contains("ThreadName"),
        "{found}"
    );
}

#[tokio::test]
async fn what_outsiders_wrote_is_read_from_the_side_of_who_received_it() {
    let filter = "lastModifiedDateTime gt 2026-10-01T00:00:00Z and lastModifiedDateTime lt 2026-10-31T00:00:00Z and from/user/userIdentityType eq 'federatedUser'";
    for (no_sides, expected) in [(true, 0), (false, 4)] {
        let options = Options {
            no_sides,
            ..Options::default()
        };
        let tenant = Tenant::start(World::outside(), options);
        let visitor = Visitor::of(&tenant);
        let nora = &tenant.world().users[0].id;
        let path = format!("/users/{nora}/chats/getAllMessages?$top=1&$filter={filter}");
        let (found, _) = visitor.all(&path).await;
        // Two to her alone, and two to the group; nothing of the time before.
        assert_eq!(found.len(), expected);
        let is_desk = |m: &Value| m["from"]["user"]["displayName"] == "Help Desk (Contoso)";
        assert!(found.iter().all(is_desk));
        tenant.assert_clean();
        let all = format!("/users/{nora}/chats/getAllMessages");
        let (status, _) = visitor.graph(&all).await;
        assert_eq!((status, tenant.violations().len()), (400, 1));
    }
}

#[tokio::test]
async fn the_newest_row_of_a_message_belongs_to_its_slice() {
    let tenant = Tenant::start(World::outside(), Options::default());
    let visitor = Visitor::of(&tenant);
    let (from, to) = ("2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z");
    let text = rendered("message_urls", from, to, &[]);
    // Paul's message of two minutes past eight was told again two hours later.
    let mut found = Vec::new();
    for (start, end) in [(from, "2026-10-27T09:00:00Z"), ("2026-10-27T09:00:00Z", to)] {
        let start = format!("let slice_from = datetime({start});");
        let end = format!("let slice_to = datetime({end});");
        let sliced = text
            .replace(&format!("let slice_from = datetime({from});"), &start)
            .replace(&format!("let slice_to = datetime({to});"), &end);
        let (_, answer) = visitor.kql(&sliced, &format!("{from}/{to}")).await;
        found.push(objects(&answer).len());
    }
    assert_eq!(found, [4, 1]);
    tenant.assert_clean();
}
