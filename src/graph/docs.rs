//! `cypher/schema.cypher` and `docs/graph-model.md`, made from the schema's table.

use super::schema::NODES;

/// The constraints and indexes as statements, without a semicolon.
pub fn schema_statements() -> Vec<String> {
    let mut statements = Vec::new();
    for spec in NODES {
        let label = spec.label;
        let name = label.as_str().to_lowercase();
        statements.push(format!(
            "CREATE CONSTRAINT linktrail_{name}_id IF NOT EXISTS FOR (n:`{label}`) REQUIRE n.id IS UNIQUE"
        ));
    }
    for spec in NODES {
        let label = spec.label;
        let name = label.as_str().to_lowercase();
        for property in spec.indexed {
            statements.push(format!(
                "CREATE INDEX linktrail_{name}_{property} IF NOT EXISTS FOR (n:`{label}`) ON (n.`{property}`)"
            ));
        }
    }
    statements
}
pub fn schema_cypher() -> String {
    String::new()
}
