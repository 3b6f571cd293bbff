use super::*;

const GOOD: &str = "// name: good\n// title: T\n// description: D.\n\
    // parameters: url string required example u\n// returns: table\n// columns: at, url\n\
    // tags: url, lure\n// mitre: T1566, T1566.002\n\n\
    MATCH (m:Message)-[c:CONTAINS {mismatch: true}]->(u:Url)\n\
    WHERE u.id = $url AND all(x IN [m, c, u] WHERE $case IS NULL OR $case IN x.cases)\n\
    RETURN m.created AS at, u.id AS url\n\
    ORDER BY at DESC, url;\n";

fn findings(file: &str, text: &str) -> Vec<String> {
    let hunt = Hunt::parse(file, Group::Own, text).unwrap();
    lint(&[hunt]).iter().map(Finding::to_string).collect()
}

#[test]
fn a_good_hunt_has_none() {
    assert_eq!(findings("a/good.cypher", GOOD), Vec::<String>::new());
}

#[test]
fn each_rule_finds_what_it_is_for() {
    for (from, to, finding) in [
        (
            "title: T",
            "title: T.",
            "2: header: a title has no full stop",
        ),
        (
            "D.",
            "D",
            "3: header: a description is one or more sentences",
        ),
        (
            " example u",
            "",
            "4: header: the required parameter `url` has no example",
        ),
        ("// tags: url, lure\n", "", "1: header: has no tags"),
        (
            "tags: url, lure",
            "tags: url, A lure",
            "7: header: the tag `A lure` holds more than lower-case",
        ),
        (
            "mitre: T1566, T1566.002",
            "mitre: T1566, T1566.02",
            "8: header: `T1566.02` is no technique of MITRE ATT&CK",
        ),
        (
            "mitre: T1566, T1566.002",
            "mitre: phishing",
            "8: header: `phishing` is no technique of MITRE ATT&CK",
        ),
        (
            "name: good",
            "name: bad",
            "1: name: is called `bad`, but its file is called `good`",
        ),
        (
            "name: good",
            "name: Good",
            "1: name: `Good` holds more than lower-case letters",
        ),
        ("AS at", "AS 'at", "12: syntax: the text does not end"),
        ("WHERE u.id", "SET u.id", "11: read-only: `SET`"),
        (
            "MATCH",
            "LOAD CSV FROM 'http://a.example' AS l MATCH",
            "10: read-only: `LOAD CSV`",
        ),
        (
            "MATCH",
            "CALL dbms.listConfig() YIELD name MATCH",
            "10: read-only: `CALL dbms.listConfig`",
        ),
        (
            "m:Message",
            "m:Mesage",
            "10: schema: the graph has no label `Mesage`; did you mean `Message`?",
        ),
        (
            "CONTAINS",
            "HOLDS",
            "10: schema: the graph has no type `HOLDS`",
        ),
        (
            "u.id = ",
            "u.upn = ",
            "11: schema: the graph has no property `upn` (of Url)",
        ),
        (
            "mismatch:",
            "mismatched:",
            "10: schema: the graph has no property `mismatched`; did you mean `mismatch`? (of CONTAINS)",
        ),
        (
            "x.cases",
            "x.casess",
            "11: schema: the graph has no property `casess`; did you mean `cases`?",
        ),
        (
            "m.created",
            "m.sent.at",
            "12: schema: the graph has no property `sent` (of Message)",
        ),
        ("$url", "$link", "4: parameters: `$url` is not used"),
        ("$url", "$link", "11: parameters: `$link` is not declared"),
        (
            "$case IS NULL OR $case IN x.cases",
            "x.id = 'a'",
            "4: parameters: `$case` is not used",
        ),
        (
            "AS url",
            "AS link",
            "6: columns: the header declares at, url, and the statement returns at, link",
        ),
        (
            "m.created AS at, u.id AS url",
            "u.id AS url, m.created AS at",
            "6: columns: the header declares at, url",
        ),
        (
            "RETURN m.created AS at, u.id AS url",
            "RETURN *",
            "12: columns: `RETURN *` leaves open",
        ),
        (
            "RETURN m.created AS at, u.id AS url",
            "WITH m",
            "1: columns: returns nothing",
        ),
        ("ORDER BY at DESC, url", "", "12: order: has no ORDER BY"),
        (
            ", url;",
            ";",
            "12: order: rows that differ only in url have no fixed order",
        ),
        (
            "url;",
            "toLower(url);",
            "12: order: rows that differ only in url have no fixed order",
        ),
        (
            "MATCH",
            "RETURN 1 AS at, 2 AS url UNION MATCH",
            "10: order: rows of a UNION have no order",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let found = findings("good.cypher", &GOOD.replacen(from, to, 1));
        let expected = format!("good.cypher:{finding}");
        assert!(
            found.iter().any(|found| found.starts_with(&expected)),
            "{expected}\n{found:#?}"
        );
    }
}

#[test]
fn a_hunt_without_a_header_is_found() {
    let found = findings(
        "x.cypher",
        "MATCH (u:Url) WHERE $case IN u.cases RETURN u.id AS url ORDER BY url",
    );
    assert_eq!(
        found[0],
        "x.cypher:1: header: has no header; `// name: …` is its first line"
    );
}

#[test]
fn two_hunts_cannot_have_one_name() {
    let hunt = |file: &str| Hunt::parse(file, Group::Own, GOOD).unwrap();
    let found = lint(&[hunt("a/good.cypher"), hunt("b/good.cypher")]);
    let [found] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        found.to_string(),
        "b/good.cypher:1: name: a/good.cypher is called `good` as well"
    );
}

#[test]
fn a_graph_needs_an_order_but_not_of_every_column() {
    let graph = GOOD
        .replace("returns: table", "returns: graph")
        .replace("ORDER BY at DESC, url", "ORDER BY u.id");
    assert_eq!(findings("good.cypher", &graph), Vec::<String>::new());
}

/// The findings of a hunt that is part of linktrail, without those of other rules.
fn of_case(condition: &str) -> Vec<String> {
    let text = format!(
        "// name: good\n// title: T\n// description: D.\n// returns: table\n// columns: url\n// tags: url\n\n\
         {condition}\nRETURN url.id AS url\nORDER BY url;\n"
    );
    let find = |group| {
        let hunt = Hunt::parse("a/good.cypher", group, &text).unwrap();
        let findings = lint(&[hunt]).into_iter();
        findings
            .filter(|finding| finding.rule == Rule::Case)
            .map(|finding| finding.to_string())
            .collect::<Vec<_>>()
    };
    assert!(find(Group::Own).is_empty(), "a file of an analyst's own");
    find(Group::Summary)
}

#[test]
fn what_is_said_by_case_is_asked_of_the_case() {
    let asked = "WHERE ($case IS NULL OR $case IN url.cases) AND coalesce($case IN url.risky_in, url.risky)";
    for good in [
        format!("MATCH (url:Url {{risky: true}})\n{asked}"),
        format!("MATCH (url:Url)\n{asked}"),
        "MATCH (run:Case), (url:Url {risky: true})\nWHERE coalesce(run.id IN url.risky_in, url.risky) AND $case IS NULL".to_owned(),
        "MATCH (url:Url)-[e:HAS_VERDICT]->(v:Verdict)\nWHERE all(x IN [url, e, v] WHERE $case IS NULL OR $case IN x.cases)".to_owned(),
        "MATCH (url:Url)\nWITH url, CASE WHEN $case IS NULL THEN url.severity ELSE 'high' END AS s".to_owned(),
    ] {
        assert_eq!(of_case(&good), Vec::<String>::new(), "{good}");
    }
    for (bad, line) in [
        ("MATCH (url:Url {risky: true})\nWHERE $case IN url.cases", 8),
        (
            "MATCH (:Url {risky: true})-->(url:Url)\nWHERE $case IN url.cases",
            8,
        ),
        ("MATCH (url:Url)\nWHERE url.risky AND $case IN url.cases", 9),
        (
            "MATCH (url:Url)\nWHERE coalesce($case IN url.cases, url.risky)",
            9,
        ),
        (
            "MATCH (a:Url {risky: true}), (url:Url {risky: true})\nWHERE coalesce($case IN url.risky_in, url.risky)",
            8,
        ),
        (
            "MATCH (url:User)\nWHERE url.risky_sender AND $case IN url.cases",
            9,
        ),
        (
            "MATCH (url:Url)\nWHERE url.severity = 'high' AND $case IN url.cases",
            9,
        ),
        ("MATCH (url:Url)-->(v:Verdict)\nWHERE $case IN url.cases", 8),
        ("MATCH (url:Url)-->(:Verdict)\nWHERE $case IN url.cases", 8),
    ] {
        let found = of_case(bad);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        let start = format!("a/good.cypher:{line}: case: ");
        assert!(found[0].starts_with(&start), "{bad}: {found:?}");
    }
}

#[test]
fn the_word_of_a_case_is_taken_from_its_list() {
    let edge = |condition: &str| {
        format!("MATCH (u:User)-[c:CLICKED]->(url:Url)\nWHERE $case IN url.cases AND {condition}")
    };
    let own = "CASE WHEN $case IS NULL OR c.count_in IS NULL THEN c.count ELSE 1 END > 1";
    for good in [
        edge("coalesce($case IN c.clicked_through_in, c.clicked_through, false)"),
        edge("'a' IN [x IN c.actions WHERE coalesce($case + '/' + x IN c.actions_in, true)]"),
        edge("'a' IN [x IN coalesce(c.actions, []) WHERE coalesce($case + '/' + x IN c.actions_in, true)]"),
        edge("'a' IN CASE WHEN $case IS NULL OR c.actions_in IS NULL THEN coalesce(c.actions, []) ELSE [] END"),
        edge(own),
        edge("coalesce(u.upn, u.name, u.id) = 'a'"),
        edge("c.first_seen < c.last_seen AND u.mail IS NOT NULL"),
        "MATCH (m:Message {edited: true})-->(url:Url)\nWHERE coalesce($case IN m.edited_in, m.edited)".to_owned(),
        "MATCH (m:Message)-->(url:Url)\nWHERE m.deleted IS NOT NULL AND \
         CASE WHEN $case IS NULL OR m.deleted_in IS NULL THEN m.deleted END < datetime()"
            .to_owned(),
        "MATCH (url:Url)\nWHERE $case IN url.cases\nWITH url, collect({count: 1}) AS many\nUNWIND many AS one\n\
         WITH url, one WHERE one.count > 0"
            .to_owned(),
    ] {
        assert_eq!(of_case(&good), Vec::<String>::new(), "{good}");
    }
    for (bad, line, advice) in [
        (edge("c.clicked_through"), 9, "coalesce($case IN c.clicked_through_in, c.clicked_through)"),
        (edge("coalesce($case IN c.cases, c.clicked_through)"), 9, "coalesce($case IN c.clicked_through_in"),
        (
            "MATCH (u:User)-[c:CLICKED {clicked_through: true}]->(url:Url)\nWHERE $case IN url.cases".to_owned(),
            8,
            "coalesce($case IN c.clicked_through_in",
        ),
        (edge("'a' IN c.actions"), 9, "[x IN c.actions WHERE coalesce($case + '/' + x IN c.actions_in, true)]"),
        (
            edge("'a' IN [x IN c.actions WHERE coalesce($case + '/' + x IN c.ips_in, true)]"),
            9,
            "[x IN c.actions",
        ),
        (edge("c.count > 1"), 9, "CASE WHEN $case IS NULL OR c.count_in IS NULL THEN c.count ELSE"),
        (edge(&own.replace("$case IS NULL OR ", "")), 9, "CASE WHEN $case"),
        (edge("u.upn IS NULL"), 9, "CASE WHEN $case IS NULL OR u.upn_in"),
        (edge("u.type = 'bot'"), 9, "CASE WHEN $case IS NULL OR u.type_in"),
        (
            "MATCH (m:Message)-->(url:Url)\nWHERE m.deleted IS NOT NULL AND $case IN m.cases".to_owned(),
            9,
            "CASE WHEN $case IS NULL OR m.deleted_in",
        ),
        // The better edge replaced what the lesser one said.
        (
            "MATCH (h:Host)-[c:CONNECTED_TO]->(url:Url)\n\
             WHERE 'proxy' IN [x IN c.sources WHERE coalesce($case + '/' + x IN c.sources_in, true)]"
                .to_owned(),
            9,
            "CASE",
        ),
        (
            "MATCH (m:Message)-[c:CONTAINS]->(url:Url)\nWHERE c.origin = 'qr' AND $case IN url.cases".to_owned(),
            9,
            "the `origin` of a `CONTAINS` is merged from all cases: declare it with `by_case`",
        ),
        (
            "MATCH (u:User)-[c:CLICKED]->(url:Url)\nWITH url, [x IN collect(c) | x.clicked_through] AS f\n\
             WHERE $case IN url.cases"
                .to_owned(),
            9,
            "coalesce($case IN x.clicked_through_in",
        ),
    ] {
        let found = of_case(&bad);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert!(found[0].starts_with(&format!("a/good.cypher:{line}: case: ")), "{bad}: {found:?}");
        assert!(found[0].contains(advice), "{bad}: {found:?}");
    }
}
