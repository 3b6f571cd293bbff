use proptest::prelude::*;

use super::super::cypher::tokens;
use super::*;

/// What is forbidden in a statement, or why it cannot be read.
fn found(text: &str) -> Result<Vec<String>, String> {
    let tokens = tokens(text).map_err(|unreadable| unreadable.problem)?;
    let found = find(text, &tokens);
    Ok(found.into_iter().map(|found| found.what).collect())
}

#[test]
fn reading_is_allowed() {
    for text in [
        "",
        "MATCH (n:Url) WHERE n.id = $url RETURN n.id AS id ORDER BY id;",
        "// CREATE\nOPTIONAL MATCH (n) /* SET */ RETURN 'LOAD CSV', n.`DELETE`, `MERGE`",
        "EXPLAIN MATCH (n) RETURN n",
        "PROFILE MATCH (n) RETURN n",
        "CYPHER 5 runtime=parallel planner = cost MATCH (n) RETURN n",
        "CYPHER EXPLAIN MATCH (n) RETURN n",
        "explain cypher runtime = slotted profile match (n) return n",
        "WITH 1 AS a RETURN a",
        "UNWIND [1, 2.5, 1e-3, 0xff, .5, 1..2] AS a RETURN a",
        "MATCH (a)-[:SET|CONTAINS*1..3]->(:LOAD) RETURN a.set, a.load.create, {use: 1}.use",
        "MATCH (a {set: 1}) RETURN a {.show, .*, drop: 1} AS a",
        "RETURN (1 + 2) AS create, [1][0] AS `set`",
        "RETURN 1 AS call",
        "CALL () { RETURN 1 AS a } RETURN a",
        "CALL { RETURN 1 AS a } RETURN a",
        "MATCH (n) CALL (n) { RETURN n.id AS id } RETURN id",
        "MATCH (n) OPTIONAL CALL (n) { RETURN n.id AS id } RETURN id",
        "CALL db.labels() YIELD label RETURN label",
        "CALL db.labels",
        "call db.relationshipTypes() yield relationshipType return relationshipType",
        "CALL db.propertyKeys() YIELD propertyKey RETURN propertyKey",
        "MATCH (n) OPTIONAL CALL db.schema.visualization() YIELD nodes RETURN nodes",
        "CALL `db`.schema . nodeTypeProperties() YIELD nodeType RETURN nodeType",
        "RETURN datetime.truncate('day', $t) AS d, duration.inDays($a, $b) AS e, DATE.realtime() AS f",
        "RETURN point.distance($a, $b) AS d, vector.similarity.cosine($a, $b) AS e",
        "MATCH (n) WHERE n.id IN ['a'] AND (n.a OR n.b) RETURN EXISTS { (n)--() } AS e",
        r"RETURN 'L\u004FAD CSV', 'it\'s \u2026 C:\\users' AS a",
        "RETURN\u{a0}1\u{2003}AS\u{3000}a // ünï …\r\n;",
        "MATCH (größe) RETURN größe",
        "RETURN 1 AS a;\n// the end\n",
    ] {
        assert_eq!(found(text), Ok(Vec::new()), "{text}");
    }
}

#[test]
fn what_does_more_than_read_is_named() {
    for (text, what) in [
        // Files and addresses.
        ("LOAD CSV FROM 'x' AS l RETURN l", "`LOAD CSV`"),
        ("load csv with headers from $a as l return l", "`LOAD CSV`"),
        (
            "MATCH (n) LoAd/**/cSv FROM n.id AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "MATCH (n) LOAD // x\nCSV FROM n.id AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "MATCH (n) LOAD\u{a0}CSV FROM n.id AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "MATCH (n)\u{2003}LOAD\u{3000}CSV FROM n.id AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "MATCH (n) RETURN 'it\\'s' LOAD CSV FROM 'x' AS l",
            "`LOAD CSV`",
        ),
        ("RETURN '\\\\' LOAD CSV FROM '' AS l", "`LOAD CSV`"),
        ("RETURN `a``b` LOAD CSV FROM 'x' AS l", "`LOAD CSV`"),
        ("RETURN \"'\" LOAD CSV FROM \"'\" AS l", "`LOAD CSV`"),
        (
            "RETURN 1 /* /* */ LOAD CSV FROM 'x' AS l /* */",
            "`LOAD CSV`",
        ),
        ("WITH 1 AS AS LOAD CSV FROM 'x' AS l RETURN l", "`LOAD CSV`"),
        (
            "MATCH (AS) WITH AS LOAD CSV FROM 'x' AS l RETURN l",
            "`LOAD CSV`",
        ),
        ("WITH 1. LOAD CSV FROM 'x' AS l RETURN l", "`LOAD CSV`"),
        (
            "MATCH ()-[*1.. LOAD CSV FROM 'x' AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "CALL { LOAD CSV FROM 'x' AS l RETURN l } RETURN l",
            "`LOAD CSV`",
        ),
        (
            "RETURN COUNT { LOAD CSV FROM 'x' AS l RETURN l } AS n",
            "`LOAD CSV`",
        ),
        ("EXPLAIN LOAD CSV FROM 'x' AS l RETURN l", "`LOAD CSV`"),
        (
            "CYPHER 5 runtime=slotted LOAD CSV FROM 'x' AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "CYPHER planner=cost PROFILE LOAD CSV FROM 'x' AS l RETURN l",
            "`LOAD CSV`",
        ),
        (
            "RETURN 1 AS a UNION LOAD CSV FROM 'x' AS a RETURN a",
            "`LOAD CSV`",
        ),
        (
            "USING PERIODIC COMMIT 500 LOAD CSV FROM 'x' AS l RETURN l",
            "a statement that begins with `USING`, `LOAD CSV`",
        ),
        // Procedures and functions.
        ("CALL dbms.listConfig()", "`CALL dbms.listConfig`"),
        ("CALL dbms.listConfig", "`CALL dbms.listConfig`"),
        (
            "CALL db.clearQueryCaches() YIELD value RETURN value",
            "`CALL db.clearQueryCaches`",
        ),
        (
            "MATCH (n) CALL apoc.load.json(n.id) YIELD value RETURN value",
            "`CALL apoc.load.json`",
        ),
        (
            "CALL { CALL tx.getMetaData() YIELD metadata RETURN metadata } RETURN metadata",
            "`CALL tx.getMetaData`",
        ),
        (
            "MATCH (n) OPTIONAL CALL dbms.info() YIELD name RETURN name",
            "`CALL dbms.info`",
        ),
        ("CALL `dbms`.`listConfig`()", "`CALL dbms.listConfig`"),
        ("CALL `dbms.listConfig`()", "`CALL dbms.listConfig`"),
        (
            "CALL dbms /* x */ .\n listConfig ( )",
            "`CALL dbms.listConfig`",
        ),
        ("CALL db.labels.more()", "`CALL db.labels.more`"),
        ("CALL db.schema()", "`CALL db.schema`"),
        ("CALL db.schema.send()", "`CALL db.schema.send`"),
        (
            "CALL db.index.fulltext.queryNodes('a', 'b')",
            "`CALL db.index.fulltext.queryNodes`",
        ),
        ("CALL labels()", "`CALL labels`"),
        ("RETURN 1 AS CALL dbms.info()", "`CALL dbms.info`"),
        (
            "RETURN apoc.text.join([], '')",
            "the function `apoc.text.join`",
        ),
        (
            "RETURN `apoc`.`text` . join([], '')",
            "the function `apoc.text.join`",
        ),
        (
            "RETURN `apoc.text.join`([], '')",
            "the function `apoc.text.join`",
        ),
        (
            "MATCH (n) RETURN genai.vector.encode(n.id, 'OpenAI', {}) AS v",
            "the function `genai.vector.encode`",
        ),
        ("RETURN graph.names()", "the function `graph.names`"),
        // Transactions, databases, statements.
        (
            "CALL { RETURN 1 AS a } IN TRANSACTIONS RETURN a",
            "`TRANSACTIONS`",
        ),
        (
            "MATCH (n) CALL (n) { RETURN 1 AS a } IN 3 CONCURRENT TRANSACTIONS OF 10 ROWS RETURN a",
            "`TRANSACTIONS`",
        ),
        ("USE other MATCH (n) RETURN n", "`USE`"),
        (
            "CALL { USE graph.byName('a') MATCH (n) RETURN n } RETURN n",
            "`USE`, the function `graph.byName`",
        ),
        ("RETURN 1 AS a; RETURN 2 AS b", "more than one statement"),
        ("RETURN 1 AS a;;", "more than one statement"),
        // Administration.
        ("SHOW USERS", "`SHOW`"),
        ("show current user yield * return *", "`SHOW`"),
        ("PROFILE SHOW TRANSACTIONS", "`SHOW`, `TRANSACTIONS`"),
        (
            "TERMINATE TRANSACTIONS 'neo4j-transaction-1'",
            "`TERMINATE`, `TRANSACTIONS`",
        ),
        (
            "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
            "`ALTER`, `SET`",
        ),
        ("CREATE USER a SET PASSWORD 'b'", "`CREATE`, `SET`"),
        ("CREATE DATABASE a", "`CREATE`"),
        ("DROP DATABASE a", "`DROP`"),
        ("GRANT ROLE a TO b", "`GRANT`"),
        ("DENY READ {*} ON GRAPH * TO a", "`DENY`"),
        ("REVOKE ROLE a FROM b", "`REVOKE`"),
        ("START DATABASE a", "a statement that begins with `START`"),
        ("STOP DATABASE a", "a statement that begins with `STOP`"),
        (
            "RENAME USER a TO b",
            "a statement that begins with `RENAME`",
        ),
        ("ENABLE SERVER 'a'", "a statement that begins with `ENABLE`"),
        (
            "DEALLOCATE DATABASES FROM SERVER 'a'",
            "a statement that begins with `DEALLOCATE`",
        ),
        (
            "REALLOCATE DATABASES",
            "a statement that begins with `REALLOCATE`",
        ),
        (
            "DRYRUN REALLOCATE DATABASES",
            "a statement that begins with `DRYRUN`",
        ),
        (
            "CYPHER 5 START DATABASE a",
            "a statement that begins with `START`",
        ),
        (
            "EXPLAIN\u{a0}STOP DATABASE a",
            "a statement that begins with `STOP`",
        ),
        (
            "`MATCH` (n) RETURN n",
            "a statement that begins with ``MATCH``",
        ),
        (":auto RETURN 1", "a statement that begins with `:`"),
        // Writing.
        ("CREATE (n)", "`CREATE`"),
        (
            "CREATE INDEX a IF NOT EXISTS FOR (n:User) ON (n.a)",
            "`CREATE`",
        ),
        (
            "MERGE (n) ON CREATE SET n.a = 1",
            "`MERGE`, `CREATE`, `SET`",
        ),
        ("MATCH (n) SET n.a = 1", "`SET`"),
        ("MATCH (n) set/**/n:Label", "`SET`"),
        ("MATCH (n) detach delete n", "`DETACH`, `DELETE`"),
        ("MATCH (n) NODETACH DELETE n", "`NODETACH`, `DELETE`"),
        ("MATCH (n) REMOVE n.a", "`REMOVE`"),
        (
            "MATCH (n) FOREACH (x IN [1] | SET n.a = x)",
            "`FOREACH`, `SET`",
        ),
        ("INSERT (:User)", "`INSERT`"),
        ("DROP INDEX a", "`DROP`"),
        (
            "MATCH (return) WITH return, 1 AS AS DELETE return",
            "`DELETE`",
        ),
    ] {
        assert_eq!(
            found(text).map(|found| found.join(", ")),
            Ok(what.to_owned()),
            "{text}"
        );
    }
}

/// Each hides a clause from who reads the text as it stands, or might.
#[test]
fn what_cannot_be_read_as_the_server_reads_it_is_refused() {
    for text in [
        r"L\u004FAD CSV FROM 'x' AS l RETURN l",
        r"\u004c\u004f\u0041\u0044 CSV FROM 'x' AS l RETURN l",
        r"LOAD\u0020CSV FROM 'x' AS l RETURN l",
        r"RETURN 'a\u0027 AS a LOAD CSV FROM \u0027x' AS l",
        r#"RETURN "a\u0022 AS a LOAD CSV FROM \u0022x" AS l"#,
        r"RETURN \u0027a' LOAD CSV FROM 'x' AS l",
        r"RETURN 'a\u005c' LOAD CSV FROM 'x' AS l //'",
        r"RETURN 'a\\u0027 LOAD CSV FROM \\u0027x' AS l",
        r"RETURN 1 // a\u000aLOAD CSV FROM 'x' AS l",
        r"RETURN 1 // a\u000DLOAD CSV FROM 'x' AS l",
        r"RETURN 1 \u002f\u002f ' ",
        r"RETURN 1 /* *\u002f LOAD CSV FROM 'x' AS l /* */",
        r"RETURN `a\u0060 LOAD CSV FROM 'x' AS `l`",
        r"RETURN \u0060a` LOAD CSV FROM 'x' AS l",
        r"C\u0041LL dbms.listConfig()",
        r"CALL dbm\u0073.listConfig()",
        r"RETURN 1 AS a \u003b RETURN 2 AS b",
        r"MATCH (n) S\uu0045T n.a = 1",
        "RETURN 1 // a\rLOAD CSV FROM 'x' AS l",
        "RETURN 1 // a\u{2028}LOAD CSV FROM 'x' AS l",
        "RETURN 1 // a\u{85}LOAD CSV FROM 'x' AS l",
        "LOAD\u{1c}CSV FROM 'x' AS l RETURN l",
        "LO\u{ad}AD CSV FROM 'x' AS l RETURN l",
        "LO\u{200b}AD CSV FROM 'x' AS l RETURN l",
        "\u{feff}LOAD CSV FROM 'x' AS l RETURN l",
        "MATCH (n) WHERE 0LOAD CSV FROM 'x' AS l RETURN l",
        "MATCH (n) WHERE $0LOAD CSV FROM 'x' AS l RETURN l",
        "MATCH (n) WHERE 1.5e3LOAD CSV FROM 'x' AS l RETURN l",
        "RETURN 'a",
        "RETURN `a",
        "RETURN 1 /* a",
        "RETURN 1 /*/ LOAD CSV FROM 'x' AS l",
        "RETURN 1 \\ LOAD CSV FROM 'x' AS l",
    ] {
        assert!(found(text).is_err(), "{text}: {:?}", found(text));
    }
}

#[test]
fn a_place_is_a_line_and_a_character() {
    let text = "// ü\nMATCH (n)\n  WITH 'ü' AS a LOAD CSV FROM a AS l RETURN l";
    let found = find(text, &tokens(text).unwrap());
    let expected = Forbidden {
        what: "`LOAD CSV`".to_owned(),
        line: 3,
        column: 17,
    };
    assert_eq!(found, [expected]);
}

/// A statement for each forbidden word, which stands at its `{}`.
const STATEMENTS: &[(&str, &str)] = &[
    ("ALTER", "{} CURRENT USER"),
    ("CALL", "MATCH (n) {} dbms.info()"),
    ("CREATE", "{} (n)"),
    ("DELETE", "MATCH (n) {} n"),
    ("DENY", "{} READ {*} ON GRAPH * TO a"),
    ("DETACH", "MATCH (n) {} n"),
    ("DROP", "{} INDEX a"),
    ("FOREACH", "MATCH (n) {} (x IN [1] | n)"),
    ("GRANT", "{} ROLE a TO b"),
    ("INSERT", "{} (n)"),
    ("LOAD", "{} CSV FROM 'x' AS l RETURN l"),
    ("MERGE", "WITH 1 AS AS {} (n)"),
    ("NODETACH", "MATCH (n) {} n"),
    ("REMOVE", "MATCH (n) {} n.a"),
    ("REVOKE", "{} ROLE a FROM b"),
    ("SET", "MATCH (n) {} n.a = 1"),
    ("SHOW", "{} USERS"),
    ("START", "{} DATABASE a"),
    ("TERMINATE", "EXPLAIN {} a"),
    ("TRANSACTIONS", "CALL { RETURN 1 AS a } IN {} RETURN a"),
    ("USE", "{} a RETURN 1"),
];

#[test]
fn each_forbidden_clause_has_a_statement() {
    for clause in CLAUSES {
        assert!(
            STATEMENTS.iter().any(|(word, _)| word == clause),
            "{clause}"
        );
    }
}

/// A spelling of a letter: as it is, in the other case, or as an escape with digits in either case.
fn letter(c: char) -> impl Strategy<Value = String> {
    let lower = c.to_ascii_lowercase();
    prop_oneof![
        Just(c.to_string()),
        Just(lower.to_string()),
        Just(format!("\\u{:04x}", u32::from(c))),
        Just(format!("\\u{:04X}", u32::from(lower))),
    ]
}

fn spelling() -> impl Strategy<Value = (String, String)> {
    prop::sample::select(STATEMENTS).prop_flat_map(|(word, statement)| {
        let letters: Vec<_> = word.chars().map(letter).collect();
        letters.prop_map(|letters| {
            (
                letters.concat(),
                statement.replacen("{}", &letters.concat(), 1),
            )
        })
    })
}

proptest! {
    #[test]
    fn no_spelling_of_a_forbidden_word_passes((word, text) in spelling()) {
        let found = found(&text);
        prop_assert!(found != Ok(Vec::new()), "{text}");
        if word.contains('\\') {
            prop_assert!(found.is_err(), "{text}: {found:?}");
        }
    }

    /// Whatever stands before and after it, as long as the text before is whole.
    #[test]
    fn nothing_around_a_clause_hides_it(
        before in "(MATCH \\(n\\)|'[a-z ]*'|\"'\"|`[a-z']+`|/\\*['\"]*\\*/|//[a-z'`]*\n|[0-9]{1,3}|AS|WITH|[.,:(\\[{]| ){0,12}",
        space in "( |\n|\t|\u{a0}|/\\*'\\*/|//'\n){1,3}",
    ) {
        let text = format!("MATCH (n) WITH n {before}{space}LOAD{space}CSV FROM 'x' AS l RETURN l");
        let tokens = tokens(&text);
        // After a dot or a colon it is a name, which CSV cannot follow.
        let named = tokens.as_ref().is_ok_and(|tokens| {
            let at = tokens.iter().rposition(|token| token.is_word("LOAD")).unwrap_or_default();
            tokens[at - 1].is_sign('.') || tokens[at - 1].is_sign(':')
        });
        prop_assert!(named || found(&text) != Ok(Vec::new()), "{text}");
    }
}
