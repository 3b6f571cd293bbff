//! Generates `cypher/schema.cypher` and `docs/graph-model.md` from the schema's table.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::schema::{COMMON, EDGES, Label, Merge, NODES, Property, ValueKind};

/// The constraints and indexes as statements, without a semicolon.
pub fn schema_statements() -> Vec<String> {
    let constraints = NODES.iter().map(|spec| {
        let label = spec.label;
        let name = label.as_str().to_lowercase();
        format!(
            "CREATE CONSTRAINT linktrail_{name}_id IF NOT EXISTS FOR (n:`{label}`) REQUIRE n.id IS UNIQUE"
        )
    });
    let indexes = NODES.iter().flat_map(|spec| {
        let label = spec.label;
        let name = label.as_str().to_lowercase();
        spec.indexed.iter().map(move |property| {
            format!(
                "CREATE INDEX linktrail_{name}_{property} IF NOT EXISTS FOR (n:`{label}`) ON (n.`{property}`)"
            )
        })
    });
    let counted = NODES
        .iter()
        .filter(|spec| !spec.counted.is_empty())
        .map(|spec| {
            let label = spec.label;
            let name = label.as_str().to_lowercase();
            let properties: Vec<_> = spec
                .counted
                .iter()
                .map(|property| format!("n.`{property}`"))
                .collect();
            format!(
                "CREATE INDEX linktrail_{name}_counted IF NOT EXISTS FOR (n:`{label}`) ON ({})",
                properties.join(", ")
            )
        });
    let on_edges = EDGES.iter().flat_map(|spec| {
        let kind = spec.kind;
        let name = kind.as_str().to_lowercase();
        spec.indexed.iter().map(move |property| {
            format!(
                "CREATE INDEX linktrail_{name}_{property} IF NOT EXISTS FOR ()-[r:`{kind}`]-() ON (r.`{property}`)"
            )
        })
    });
    constraints
        .chain(indexes)
        .chain(counted)
        .chain(on_edges)
        .collect()
}

/// The constraints and indexes as a file that cypher-shell and Neo4j Browser run.
pub fn schema_cypher() -> String {
    let mut text = String::from(
        "// Constraints and indexes of linktrail's graph, generated from src/graph/schema.rs.\n\
         // `linktrail load` makes them itself; `linktrail schema apply` makes them alone.\n",
    );
    for statement in schema_statements() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{statement};");
    }
    text
}

/// The graph model as a page for analysts.
pub fn graph_model_markdown() -> String {
    let mut text = String::from(
        "# The graph\n\n\
         Generated from `src/graph/schema.rs`. Labels, types and properties stand here as a hunt spells them.\n\n\
         ```mermaid\nflowchart LR\n",
    );
    for spec in EDGES {
        for (from, to) in spec.joins {
            let _ = writeln!(text, "  {from} -->|{}| {to}", spec.kind);
        }
    }
    text.push_str("```\n\n## Everything has\n\n");
    table(&mut text, COMMON);
    text.push_str(
        "\nWhat is absent is absent: no property is ever empty. Times are Neo4j `datetime` in UTC, of the evidence and \
         not of the load. `id` is unique within its label.\n\n## Nodes\n",
    );
    for spec in NODES {
        let _ = writeln!(
            text,
            "\n### {}\n\n{}. `id`: {}.\n",
            spec.label,
            sentence(spec.doc),
            spec.key
        );
        table(&mut text, spec.properties);
        if !spec.indexed.is_empty() {
            let _ = writeln!(text, "\nIndexed beside `id`: {}.", quoted(spec.indexed));
        }
        if !spec.counted.is_empty() {
            let _ = writeln!(text, "\nIndexed together: {}.", quoted(spec.counted));
        }
    }
    text.push_str(
        "\n## Edges\n\nThere is one edge for each start, type and end; events are counted on it, and `first_seen` and \
         `last_seen` span them.\n",
    );
    for spec in EDGES {
        let joins: Vec<_> = spec
            .joins
            .iter()
            .map(|(from, to)| arrow(*from, spec.kind.as_str(), *to))
            .collect();
        let _ = writeln!(
            text,
            "\n### {}\n\n{}. {}\n",
            spec.kind,
            sentence(spec.doc),
            joins.join(", ")
        );
        table(&mut text, spec.properties);
        if !spec.indexed.is_empty() {
            let _ = writeln!(text, "\nIndexed: {}.", quoted(spec.indexed));
        }
    }
    text.push_str(
        "\n## When two values meet\n\n\
         | rule | within a case | when a case meets another in Neo4j |\n|---|---|---|\n\
         | first | the first value stays | the case pushed last wins; what it does not know stays |\n\
         | last | the later value wins | the case pushed last wins; what it leaves out is removed |\n\
         | any | true once is true | the same |\n\
         | sum | values add up | the higher stays: both may have counted the same events |\n\
         | earliest, latest | the earlier or later moment | the same |\n\
         | union | all values, sorted and distinct | the same |\n\
         | evidence | at most 20 records | a push replaces the records of its own case; of more than 20 each case \
         keeps as many as the others, and what one does not need goes to them |\n\
         | cases with a flag | made from the flag when a node is written | a case puts its own id there or takes it out |\n\
         | in any of a list | the later value wins | true while the list has a case |\n\
         | of the verdicts | the later value wins | the highest of the verdicts of all cases that hold it, computed at \
         each push and prune |\n\
         | outranks | an edge with that value replaces one without it | the same, but for `cases`, which are those of \
         both; when no record of another case is left in `evidence`, the lesser replaces the better |\n\n\
         So loading a case twice changes nothing.\n\n\
         Of a property whose rule ends with *by case*, Neo4j also keeps what each case says, wherever cases that hold the \
         same node or edge say different things: `actions_in` beside `actions` holds the id of the case, a slash and the \
         value, for each value of each case; for a flag the list holds the ids of the cases in which it is true. Where the \
         list is absent, all cases say what the property says. The property itself follows from the words of the cases \
         that are left when one is taken out. Hunts with `$case` read the word of that case alone. Files and exports hold \
         one case and have no such lists.\n",
    );
    text
}

fn arrow(from: Label, kind: &str, to: Label) -> String {
    format!("`(:{from})-[:{kind}]->(:{to})`")
}

fn table(text: &mut String, properties: &[Property]) {
    if properties.is_empty() {
        text.push_str("No properties of its own.\n");
        return;
    }
    text.push_str("| property | holds | rule | meaning |\n|---|---|---|---|\n");
    for property in properties {
        let meaning = property.doc.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {meaning} |",
            property.name,
            kind(property.kind),
            by_case(property)
        );
    }
}

fn kind(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Text => "text",
        ValueKind::Integer => "whole number",
        ValueKind::Number => "number",
        ValueKind::Boolean => "true or false",
        ValueKind::Time => "datetime",
        ValueKind::Set => "list, sorted and distinct",
        ValueKind::Sequence => "list in order",
    }
}

fn by_case(property: &Property) -> String {
    let rule = rule(property.merge);
    match property.by_case {
        None => rule.into_owned(),
        Some(_) => format!("{rule}, by case"),
    }
}

fn rule(rule: Merge) -> Cow<'static, str> {
    let name = match rule {
        Merge::First => "first",
        Merge::Last => "last",
        Merge::Any => "any",
        Merge::Sum => "sum",
        Merge::Earliest => "earliest",
        Merge::Latest => "latest",
        Merge::Union => "union",
        Merge::Evidence => "evidence",
        Merge::CasesWith(flag) => return format!("cases with `{flag}`").into(),
        Merge::InAnyOf(list) => return format!("in any of `{list}`").into(),
        Merge::OfVerdicts => "of the verdicts",
        Merge::Outranks(best) => return format!("`{best}` outranks").into(),
    };
    name.into()
}

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Capitalises the first letter, since descriptions in the schema start with a lower-case one.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares a generated file with the one in the repository. `UPDATE_SNAPSHOTS=1` writes the file anew.
    fn in_step(path: &str, generated: &str) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, generated).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            kept == generated,
            "{} is not what the schema gives; run the tests with UPDATE_SNAPSHOTS=1",
            path.display()
        );
    }

    #[test]
    fn generated_files_are_in_step_with_the_schema() {
        in_step("cypher/schema.cypher", &schema_cypher());
        in_step("docs/graph-model.md", &graph_model_markdown());
    }
}
