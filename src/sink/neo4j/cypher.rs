//! The Cypher statements, generated from the schema's table. No data becomes a part of them.

use super::by_case::Said;
use super::cases::{CASES, union};
use crate::graph::schema::{EVIDENCE_LIMIT, Merge, Property, url, verdict};
use crate::graph::{EdgeType, Label};

/// Merges nodes. `$rows` is a list of lists: the id, then the values of `columns`, null where one is absent. `$prefix`
/// is the case's id with a slash, which is how the ids of the case's evidence start and what the rows leave out. `$cases`
/// is the list that holds the case's id alone, `$ratings` has every severity of a url, the highest first.
pub fn merge_nodes(label: Label, columns: &[&'static Property]) -> String {
    format!(
        "UNWIND $rows AS line\n\
         WITH {{id: line[0], {}}} AS row\n{}",
        values(columns, 1),
        merge_node_rows(label)
    )
}

/// The rest of [`merge_nodes`], for rows that are maps with the id and the properties.
pub fn merge_node_rows(label: Label) -> String {
    format!(
        "MERGE (n:`{label}` {{id: row.id}})\n\
         ON CREATE SET n = row\n\
         ON MATCH SET {}\n\
         RETURN count(*) AS rows",
        on_match("n", "row", label.spec().all_properties(), None)
    )
}

/// Merges edges. `$rows` is a list of lists: the ids of both ends, then the values of `columns`. `$prefix` and `$cases`
/// are the same as in [`merge_nodes`]. `$best` is the value that outranks others, for types that have one.
pub fn merge_edges(
    kind: EdgeType,
    from: Label,
    to: Label,
    columns: &[&'static Property],
) -> String {
    format!(
        "UNWIND $rows AS line\n\
         MATCH (a:`{from}` {{id: line[0]}})\n\
         MATCH (b:`{to}` {{id: line[1]}})\n\
         WITH a, b, {{{}}} AS p\n{}",
        values(columns, 2),
        merge_edge_rows(kind)
    )
}

/// The rest of [`merge_edges`], for the nodes `a` and `b` and a map of properties, `p`.
pub fn merge_edge_rows(kind: EdgeType) -> String {
    let spec = kind.spec();
    let ranked_by = spec.outranking().map(|(property, _)| property);
    format!(
        "MERGE (a)-[r:`{kind}`]->(b)\n\
         ON CREATE SET r = p\n\
         ON MATCH SET {}\n\
         RETURN count(*) AS rows",
        on_match("r", "p", spec.all_properties(), ranked_by)
    )
}

/// The columns of rows with these properties, in the order in which the graph gives them. The list of cases is the same
/// in every row, and so is sent once.
pub fn columns(properties: impl Iterator<Item = &'static Property>) -> Vec<&'static Property> {
    let mut columns: Vec<_> = properties
        .filter(|property| property.name != CASES)
        .collect();
    columns.sort_by_key(|property| property.name);
    columns
}

/// The entries of the map that a row stands for. Its columns begin at `first`.
fn values(columns: &[&'static Property], first: usize) -> String {
    let mut entries = vec![format!("`{CASES}`: $cases")];
    for (at, property) in (first..).zip(columns) {
        let name = property.name;
        entries.push(match property.merge {
            Merge::Evidence => format!("`{name}`: [e IN line[{at}] | $prefix + e]"),
            _ => format!("`{name}`: line[{at}]"),
        });
    }
    entries.join(", ")
}

/// Merges the pushed element (`new`) into the stored one (`old`) by the rules of [`Merge`]. `ranked_by` is the property
/// by which one outranks the other, for types that have one.
///
/// `new` must be a variable, since only a variable has a map projection. `$cases[0]` is the case that is pushed.
///
/// The id is not among the properties and so is not written again; neither is `cases` by the map.
///
/// The first item reads and writes one property of `old`. Neo4j then locks `old` before it reads, so two cases
/// that are loaded at the same time cannot undo each other's lists. Then come the properties of which each case has its
/// own word, by [`Said`]. Everything else is one map, which is computed before it is written, and is the same whether it
/// sees the items before it or not.
fn on_match(
    old: &str,
    new: &str,
    properties: impl Iterator<Item = &'static Property>,
    ranked_by: Option<&str>,
) -> String {
    let cases = union(&format!("{old}.`{CASES}`"), &format!("{new}.`{CASES}`"));
    let share = |list: &str, flag: &str| {
        own_share(
            old,
            &format!("{old}.`{list}`"),
            &format!("{new}.`{list}`"),
            flag,
        )
    };
    let mut first = String::new();
    let mut by_case = String::new();
    let mut others = Vec::new();
    let mut names = Vec::new();
    for property in properties {
        let name = property.name;
        if name != CASES {
            names.push(format!(".`{name}`"));
        }
        if let Some(said) = Said::new(property, old, ranked_by.is_some()) {
            by_case.push_str(&format!(",\n{old} += {}", said.pushed(new)));
            if said.is_written() {
                continue;
            }
        }
        let (a, b) = (format!("{old}.`{name}`"), format!("{new}.`{name}`"));
        let merged = match property.merge {
            Merge::First => format!("coalesce({b}, {a})"),
            // An absent property becomes null here, which removes the old value.
            Merge::Last | Merge::Outranks(_) => b.clone(),
            // Null only if both values are.
            Merge::Any => format!("coalesce({a} OR {b}, {b}, {a})"),
            Merge::Sum | Merge::Latest => {
                format!("CASE WHEN {a} > {b} THEN {a} ELSE coalesce({b}, {a}) END")
            }
            Merge::Earliest => format!("CASE WHEN {a} < {b} THEN {a} ELSE coalesce({b}, {a}) END"),
            Merge::Union => union(&a, &b),
            Merge::CasesWith(flag) => share(name, flag),
            Merge::InAnyOf(list) => {
                let flag = format!("coalesce({b}, {a})");
                format!(
                    "{} IS NOT NULL OR CASE WHEN {flag} IS NOT NULL THEN false END",
                    share(list, name)
                )
            }
            Merge::OfVerdicts => highest_of(&cases, &a, &b),
            Merge::Evidence => evidence(&a, &b, &cases),
        };
        if name == CASES {
            first = format!("{a} = {merged}");
        } else {
            others.push(format!("    `{name}`: {merged}"));
        }
    }
    let merged = format!("{{\n{}}}", others.join(",\n"));
    let written = match ranked_by {
        None => merged,
        Some(property) => {
            // Every property is listed, so that those without a new value are removed.
            let replaced = format!("{new} {{{}}}", names.join(", "));
            ranked(old, new, property, &merged, &replaced)
        }
    };
    format!("{first}{by_case},\n{old} += {written}")
}

/// Returns `replaced` if no other case holds the edge, `merged` if both have the same rank, nothing if the old one
/// outranks the new, and `replaced` otherwise. The old one only counts if a record of another case proves it: the records of this case are about to be replaced, and
/// those of a pruned case are gone.
fn ranked(old: &str, new: &str, property: &str, merged: &str, replaced: &str) -> String {
    let is_best = |of: &str| format!("coalesce({of}.`{property}` = $best, false)");
    let (old_is_best, new_is_best) = (is_best(old), is_best(new));
    format!(
        "CASE\n\
         WHEN all(c IN {old}.`{CASES}` WHERE c = $cases[0]) THEN {replaced}\n\
         WHEN {old_is_best} = {new_is_best} THEN {merged}\n\
         WHEN {old_is_best} AND any(e IN {old}.`evidence` WHERE NOT e STARTS WITH $prefix) THEN {{}}\n\
         ELSE {replaced} END"
    )
}

/// Replaces the ids of this case. They are adjacent in the sorted list, since they have the same prefix, so they are
/// cut out and the new ones are put in their place. An empty result is null and not an empty list.
///
/// If there are too many, the first id of each case is kept, then the second of each, and so on until the limit, newer
/// cases before older ones. So the result does not depend on the order in which cases are loaded. `cases` are the cases
/// of both; no id of a case is a prefix of another.
fn evidence(a: &str, b: &str, cases: &str) -> String {
    let of_each = format!("reverse([c IN {cases} | [e IN ids WHERE e STARTS WITH c]])");
    format!(
        "head([ids IN [[e IN coalesce({a}, []) WHERE e < $prefix] + coalesce({b}, []) + \
         [e IN coalesce({a}, []) WHERE e > $prefix AND NOT e STARTS WITH $prefix]] WHERE size(ids) > 0 | \
         CASE WHEN size(ids) <= {EVIDENCE_LIMIT} THEN ids ELSE \
         head([of_each IN [{of_each}] | \
         head([kept IN [reduce(l = [], i IN range(0, {EVIDENCE_LIMIT} - 1) | \
         l + [of_one IN of_each WHERE size(of_one) > i | of_one[i]])[..{EVIDENCE_LIMIT}]] | \
         [e IN ids WHERE e IN kept]])]) END])"
    )
}

/// The cases in which a flag is true, with the pushed one among them exactly if it says so. An empty list is null.
fn own_share(old: &str, list: &str, pushed: &str, flag: &str) -> String {
    format!(
        "head([l IN [own IN [{}] | [c IN own WHERE c < $cases[0]] + coalesce({pushed}, []) + \
         [c IN own WHERE c > $cases[0]]] WHERE size(l) > 0])",
        flagged_in(old, list, flag)
    )
}

/// The cases in which a flag is true. An earlier version left the flag without such a list: it is then true in every case.
fn flagged_in(old: &str, list: &str, flag: &str) -> String {
    format!("CASE WHEN {old}.`{flag}` THEN coalesce({list}, {old}.`{CASES}`) ELSE [] END")
}

/// The rating of a url that other cases hold as well, until [`rate`] computes it from the verdicts.
fn highest_of(cases: &str, a: &str, b: &str) -> String {
    format!(
        "CASE WHEN size({cases}) = 1 THEN {b} ELSE \
         coalesce(head([s IN $ratings WHERE s IN [{a}, {b}]]), {b}) END"
    )
}

/// The highest of the verdicts on the url that is bound to `url`. `$ratings` are all ratings, the highest first; the last
/// one is that of a url on which nobody has an answer.
fn rating(url: &str) -> String {
    let (verdict, edge) = (Label::Verdict, EdgeType::HasVerdict);
    let severity = verdict::SEVERITY.name();
    format!(
        "coalesce(head([s IN $ratings WHERE s IN [({url})-[:`{edge}`]->(v:`{verdict}`) | v.`{severity}`]]), last($ratings))"
    )
}

/// Computes the severity of the next `$limit` urls of `$case` that other cases hold as well from their verdicts, starting
/// after id `$after`. Its first write locks the url, so that of two cases that are loaded at the same time the one that
/// computes last sees the verdicts of both.
pub(super) fn rate() -> String {
    let (label, severity) = (Label::Url, url::SEVERITY.name());
    format!(
        "MATCH (n:`{label}`)\n\
         WHERE n.id > $after AND $case IN n.`{CASES}` AND size(n.`{CASES}`) > 1\n\
         WITH n, n.id AS id ORDER BY id LIMIT $limit\n\
         SET n.`{CASES}` = n.`{CASES}`\n\
         WITH n, id\n\
         SET n.`{severity}` = {}\n\
         RETURN count(*) AS rows, max(id) AS last",
        rating("n")
    )
}

/// Removes `$case` from the node or edge bound to `old`, and deletes it if no other case holds it. `carried` are the other
/// variables that are still needed, each after a comma.
///
/// What is left of a list is computed before anything is written: whether the items of a SET see what those before them
/// wrote is up to the planner.
fn release(
    old: &str,
    carried: &str,
    delete: &str,
    properties: &[Property],
    is_ranked: bool,
) -> String {
    let mut begin = String::new();
    let mut own = String::new();
    for property in properties {
        if let Some(said) = Said::new(property, old, is_ranked) {
            own.push_str(&format!(",\n{old} += {}", said.pruned()));
            continue;
        }
        let held = format!("{old}.`{}`", property.name);
        let left = match property.merge {
            Merge::CasesWith(flag) => {
                begin = format!(
                    "WITH {old}{carried}, head([l IN [[c IN {} WHERE c <> $case]] WHERE size(l) > 0]) AS left\n",
                    flagged_in(old, &held, flag)
                );
                "left".to_owned()
            }
            Merge::InAnyOf(_) => {
                format!("left IS NOT NULL OR CASE WHEN {held} IS NOT NULL THEN false END")
            }
            Merge::OfVerdicts => format!(
                "CASE WHEN {old}.`{CASES}` IN [[], [$case]] THEN {held} ELSE {} END",
                rating(old)
            ),
            _ => continue,
        };
        own.push_str(&format!(",\n{held} = {left}"));
    }
    format!(
        "{begin}SET {old}.`cases` = [c IN {old}.`cases` WHERE c <> $case],\n\
         {old}.`evidence` = head([l IN [[e IN {old}.`evidence` WHERE NOT e STARTS WITH $prefix]] WHERE size(l) > 0])\
         {own}\n\
         FOREACH (gone IN CASE WHEN size({old}.`cases`) = 0 THEN [{old}] ELSE [] END | {delete} gone)"
    )
}

fn is_ranked(kind: EdgeType) -> bool {
    kind.spec().outranking().is_some()
}

/// Removes `$case` from the next `$limit` nodes, starting at id `$after`, in the order of their ids.
pub(super) fn prune_nodes(label: Label) -> String {
    format!(
        "MATCH (n:`{label}`)\n\
         WHERE n.id >= $after AND $case IN n.`cases`\n\
         WITH n, n.id AS id ORDER BY id LIMIT $limit\n\
         {}\n\
         RETURN count(*) AS rows, max(id) AS last",
        release("n", ", id", "DETACH DELETE", label.spec().properties, false)
    )
}

/// Removes `$case` from the next `$limit` edges, starting at start id `$after`, in the order of their start ids.
pub(super) fn prune_edges(kind: EdgeType, from: Label, to: Label) -> String {
    format!(
        "MATCH (a:`{from}`)-[r:`{kind}`]->(:`{to}`)\n\
         WHERE a.id >= $after AND $case IN a.`cases` AND $case IN r.`cases`\n\
         WITH r, a.id AS id ORDER BY id LIMIT $limit\n\
         {}\n\
         RETURN count(*) AS rows, max(id) AS last",
        release(
            "r",
            ", id",
            "DELETE",
            kind.spec().properties,
            is_ranked(kind)
        )
    )
}

/// Counts the `Case` nodes of `$case`: 1 if it was loaded before.
pub(super) fn find_case() -> String {
    let label = Label::Case;
    format!("MATCH (n:`{label}` {{id: $case}}) RETURN count(*) AS rows")
}

/// Counts the nodes that hold `$case`.
pub(super) fn count_nodes(label: Label) -> String {
    format!("MATCH (n:`{label}`) WHERE $case IN n.`cases` RETURN count(*) AS rows")
}

/// Counts the edges that hold `$case`.
pub(super) fn count_edges(kind: EdgeType, from: Label, to: Label) -> String {
    format!(
        "MATCH (:`{from}`)-[r:`{kind}`]->(:`{to}`) WHERE $case IN r.`cases` RETURN count(*) AS rows"
    )
}

/// Returns the ids of the next `$limit` nodes after id `$after` that hold `$case`.
pub(super) fn list_nodes(label: Label) -> String {
    format!(
        "MATCH (n:`{label}`)\n\
         WHERE n.id > $after AND $case IN n.`cases`\n\
         RETURN n.id AS a ORDER BY a LIMIT $limit"
    )
}

/// Returns the ids of both ends of the next `$limit` edges after (`$after`, `$after_end`) that hold `$case`.
pub(super) fn list_edges(kind: EdgeType, from: Label, to: Label) -> String {
    format!(
        "MATCH (a:`{from}`)-[r:`{kind}`]->(b:`{to}`)\n\
         WHERE a.id >= $after AND (a.id > $after OR b.id > $after_end) AND $case IN r.`cases`\n\
         RETURN a.id AS a, b.id AS b ORDER BY a, b LIMIT $limit"
    )
}

/// Removes `$case` from the nodes in `$rows`, a list of maps with their id, `a`.
pub(super) fn release_nodes(label: Label) -> String {
    format!(
        "UNWIND $rows AS row\n\
         MATCH (n:`{label}` {{id: row.a}}) WHERE $case IN n.`cases`\n\
         {}\n\
         RETURN count(*) AS rows",
        release("n", "", "DETACH DELETE", label.spec().properties, false)
    )
}

/// Removes `$case` from the edges in `$rows`, a list of maps with the ids of both ends, `a` and `b`.
pub(super) fn release_edges(kind: EdgeType, from: Label, to: Label) -> String {
    format!(
        "UNWIND $rows AS row\n\
         MATCH (a:`{from}` {{id: row.a}})\n\
         MATCH (b:`{to}` {{id: row.b}})\n\
         MATCH (a)-[r:`{kind}`]->(b) WHERE $case IN r.`cases`\n\
         {}\n\
         RETURN count(*) AS rows",
        release("r", "", "DELETE", kind.spec().properties, is_ranked(kind))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::schema::{EDGES, NODES};

    fn all() -> Vec<String> {
        let mut all = vec![find_case(), rate()];
        for spec in NODES {
            let label = spec.label;
            all.extend([
                merge_nodes(label, &columns(spec.all_properties())),
                prune_nodes(label),
                count_nodes(label),
                list_nodes(label),
                release_nodes(label),
            ]);
        }
        for spec in EDGES {
            for (from, to) in spec.joins {
                let (kind, from, to) = (spec.kind, *from, *to);
                all.extend([
                    merge_edges(kind, from, to, &columns(spec.all_properties())),
                    prune_edges(kind, from, to),
                    count_edges(kind, from, to),
                    list_edges(kind, from, to),
                    release_edges(kind, from, to),
                ]);
            }
        }
        all
    }

    #[test]
    fn the_statements_of_a_label_and_of_a_type() {
        let edges = |kind: EdgeType, from| {
            let columns = columns(kind.spec().all_properties());
            merge_edges(kind, from, Label::Url, &columns)
        };
        let text = [
            merge_nodes(Label::Url, &columns(Label::Url.spec().all_properties())),
            edges(EdgeType::Clicked, Label::User),
            edges(EdgeType::ConnectedTo, Label::Host),
            prune_nodes(Label::Url),
            rate(),
            prune_edges(EdgeType::Clicked, Label::User, Label::Url),
            list_edges(EdgeType::Clicked, Label::User, Label::Url),
            release_edges(EdgeType::Clicked, Label::User, Label::Url),
        ];
        insta::assert_snapshot!(text.join(";\n\n"));
    }

    #[test]
    fn every_node_in_every_statement_has_a_label_or_is_bound() {
        for statement in all() {
            for (at, _) in statement.match_indices('(') {
                let inside = &statement[at + 1..];
                let name = inside
                    .find(|c: char| !c.is_alphanumeric())
                    .map_or(inside, |end| &inside[..end]);
                let bound = inside[name.len()..].starts_with(')')
                    && statement[..at].contains(&format!("({name}:`"));
                let labelled = inside[name.len()..].starts_with(":`");
                let clause = statement[..at].trim_end();
                let is_node = clause.ends_with("MATCH")
                    || clause.ends_with("MERGE")
                    || clause.ends_with("->");
                assert!(!is_node || labelled || bound, "{statement}");
            }
        }
    }

    #[test]
    fn values_come_in_as_parameters_only() {
        for statement in all() {
            assert!(!statement.contains(['\'', '"']), "{statement}");
        }
    }
}
