//! Converts the value of a cell to text.

use serde_json::Value;

/// A value as one text for programs: lists are joined by `; `, null is empty, objects are JSON.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain_text).collect::<Vec<_>>().join("; "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A value as one text for people: like [`plain_text`], but nodes, edges and paths in the notation of Cypher.
pub(super) fn display_text(value: &Value) -> String {
    let field = |name: &str| value.get(name).and_then(Value::as_array);
    match (
        field("labels"),
        field("nodes"),
        value.get("type").and_then(Value::as_str),
    ) {
        (Some(labels), ..) => {
            let labels: Vec<String> = labels
                .iter()
                .map(|label| format!(":{}", plain_text(label)))
                .collect();
            format!("({} {})", labels.concat(), caption(&value["properties"]))
        }
        (_, Some(nodes), _) => {
            let mut path = nodes.first().map(display_text).unwrap_or_default();
            let edges = field("edges").into_iter().flatten();
            for (edge, ends) in edges.zip(nodes.windows(2)) {
                let backwards = edge["to"]["id"] == ends[0]["properties"]["id"]
                    && edge["from"]["id"] == ends[1]["properties"]["id"];
                let (left, right) = if backwards { ("<-", "-") } else { ("-", "->") };
                path.push_str(&format!(
                    "{left}{}{right}{}",
                    display_text(edge),
                    display_text(&ends[1])
                ));
            }
            path
        }
        (_, _, Some(kind)) if value.get("properties").is_some() => format!("[:{kind}]"),
        _ => match value {
            Value::Array(items) => items
                .iter()
                .map(display_text)
                .collect::<Vec<_>>()
                .join("; "),
            other => plain_text(other),
        },
    }
}

/// The property by which people recognise a node.
fn caption(properties: &Value) -> String {
    ["upn", "name", "topic", "id"]
        .iter()
        .find_map(|name| properties[name].as_str())
        .unwrap_or_default()
        .to_owned()
}
