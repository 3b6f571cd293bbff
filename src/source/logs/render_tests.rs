#![allow(clippy::unwrap_used)]

use super::*;

fn columns(names: &[&str]) -> Columns {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_workspace_is_asked_what_the_file_says() {
    for query in Query::ALL {
        let rendered = query.render_for(Place::Workspace, &Known::new(), &[]);
        assert_eq!(rendered, query.render(&[]), "{}", query.name());
        // The one table whose columns have to be asked for first.
        let unsure = query.unsure_of(Place::Workspace);
        let reads = query.tables().any(|table| table == "MessageEvents");
        let differs = reads && query != Query::LogEnds;
        let expected: &[&str] = if differs { &["MessageEvents"] } else { &[] };
        assert_eq!(unsure, expected, "{}", query.name());
    }
}

#[test]
fn each_table_is_bound_on_the_time_that_it_has() {
    let rendered = Query::ProxyHosts.render_for(Place::Hunting, &Known::new(), &[]);
    for bound in [
        "    CommonSecurityLog\n    | where TimeGenerated >= slice_from and TimeGenerated < slice_to\n",
        "    DeviceNetworkInfo\n    | where Timestamp >= window_from and Timestamp < window_to | extend TimeGenerated = Timestamp\n",
    ] {
        assert!(rendered.contains(bound), "{rendered}");
    }
    let file = Query::ProxyHosts.render(&[]);
    assert_eq!(rendered.lines().count(), file.lines().count());
    for query in Query::ALL {
        let of_defender = query
            .tables()
            .filter(|table| time_column(table, Place::Hunting) != GENERATED);
        let rendered = query.render_for(Place::Hunting, &Known::new(), &[]);
        let bounds = rendered.matches("| where Timestamp >= ").count();
        assert!(bounds >= of_defender.count(), "{}", query.name());
        let renamed = rendered.matches("TimeGenerated = Timestamp").count();
        assert_eq!(bounds, renamed, "{}", query.name());
    }
}

#[test]
fn a_column_that_is_absent_is_empty_and_one_of_another_name_is_renamed() {
    assert_eq!(
        Query::MessageUrls.unsure_of(Place::Hunting),
        ["MessageEvents", "MessageUrlInfo"]
    );
    let known = |names: &[&str]| Known::from([("MessageUrlInfo", columns(names))]);
    let rendered = |known: &Known| Query::MessageUrls.render_for(Place::Hunting, known, &[]);
    let without = rendered(&known(&["Url"]));
    let bound = "window_to | extend TimeGenerated = Timestamp, ThreatTypes = \"\"\n";
    assert!(without.contains(bound), "{without}");
    assert!(!rendered(&known(&["Url", "ThreatTypes"])).contains("ThreatTypes = \"\""));
    let lacks = |names: &[&str]| Query::MessageUrls.lacks(Place::Hunting, &known(names));
    assert_eq!(lacks(&["Url"]), [("MessageUrlInfo", "ThreatTypes")]);
    assert_eq!(lacks(&["ThreatTypes"]), []);
    let bound = |names: &[&str]| {
        let body = "MessageEvents\n| where TimeGenerated >= a\n| project ThreadSubtype, MessageSubject, ThreadName\n";
        let known = Known::from([("MessageEvents", columns(names))]);
        let text = body_for(
            body,
            ["MessageEvents"].into_iter(),
            Place::Workspace,
            &known,
        );
        text.lines().nth(1).unwrap().to_owned()
    };
    let streamed = ["ThreadSubType", "Subject", "ThreadName", "ThreadType"];
    assert_eq!(
        bound(&streamed),
        "| where TimeGenerated >= a | extend MessageSubject = Subject, ThreadSubtype = ThreadSubType"
    );
    let documented = ["ThreadSubtype", "MessageSubject"];
    assert_eq!(
        bound(&documented),
        "| where TimeGenerated >= a | extend ThreadName = \"\""
    );
}

#[test]
fn messages_are_read_where_their_table_has_either_form() {
    let documented = columns(&["ThreadSubtype", "MessageFormatType", "MessageSubject"]);
    let streamed = columns(&[
        "ThreadSubType",
        "MessageType",
        "Subject",
        "ThreadName",
        "ThreadType",
    ]);
    let bound = |query: Query, place, columns: &Columns, name: &str| {
        let known = Known::from([("MessageEvents", columns.clone())]);
        let text = query.render_for(place, &known, &[]);
        let mut lines = text.lines().map(str::trim);
        lines.find(|line| line.split(' ').next_back() == Some("MessageEvents"));
        let line = lines.next().unwrap();
        let (_, named) = line.split_once(" | extend ").unwrap_or_default();
        assert_eq!(named, name, "{place:?} {text}");
        assert_eq!(Query::of(&text), Some(query), "{text}");
    };
    let absent = "ThreadName = \"\", ThreadType = \"\"";
    for query in [Query::MessageUrls, Query::MessagesOn, Query::Reported] {
        bound(query, Place::Workspace, &documented, absent);
        bound(
            query,
            Place::Workspace,
            &streamed,
            "MessageSubject = Subject",
        );
        let time = "TimeGenerated = Timestamp";
        bound(
            query,
            Place::Hunting,
            &documented,
            &format!("{time}, {absent}"),
        );
        let streamed_there = format!("{time}, MessageSubject = Subject");
        bound(query, Place::Hunting, &streamed, &streamed_there);
        // Graph and the id of the thread tell what is absent.
        let known = Known::from([("MessageEvents", documented.clone())]);
        assert_eq!(query.lacks(Place::Workspace, &known), []);
    }
}

#[test]
fn a_rendered_query_is_known_wherever_it_was_asked() {
    for query in Query::ALL {
        for known in [
            Known::new(),
            Known::from([("MessageUrlInfo", columns(&[]))]),
        ] {
            let rendered = query.render_for(Place::Hunting, &known, &[]);
            assert_eq!(Query::of(&rendered), Some(query), "{rendered}");
        }
    }
    for table in [
        "AlertInfo",
        "CloudAppEvents",
        "CommonSecurityLog",
        "MessagePostDeliveryEvents",
        "UrlClickEvents",
    ] {
        for place in [Place::Workspace, Place::Hunting] {
            let rendered = Query::render_end(table, place, &[]);
            assert_eq!(Query::of(&rendered), Some(Query::LogEnds), "{rendered}");
        }
    }
    assert_eq!(Query::of("UrlClickEvents\n| take 0"), None);
}

#[test]
fn the_end_of_one_log_is_a_part_of_the_query_for_all() {
    let rendered = Query::render_end("DeviceEvents", Place::Hunting, &[]);
    let (_, body) = rendered.split_once("\n\n").unwrap();
    assert_eq!(
        body,
        "DeviceEvents\n\
         | where Timestamp >= slice_from and Timestamp < slice_to | extend TimeGenerated = Timestamp\n\
         | summarize oldest = min(TimeGenerated), newest = max(TimeGenerated)\n\
         | extend ['log'] = \"DeviceEvents\"\n\
         | project ['log'], oldest, newest\n"
    );
}
