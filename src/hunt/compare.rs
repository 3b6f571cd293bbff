//! Compares two answers to the same hunt.

use std::collections::HashMap;

use super::run::ResultTable;

/// The column that names the answer which a row comes from.
const ONLY_IN: &str = "only_in";

/// The rows that are only in the first answer, then those that are only in the second, each in their own order. A first
/// column `only_in` holds the name of the answer.
pub fn compare(one: (&str, &ResultTable), other: (&str, &ResultTable)) -> ResultTable {
    let rows = only(one, other.1).chain(only(other, one.1)).collect();
    let names = [ONLY_IN.to_owned()].into_iter();
    ResultTable {
        hunt: one.1.hunt.clone(),
        returns: one.1.returns,
        columns: names.chain(one.1.columns.iter().cloned()).collect(),
        rows,
    }
}

/// The rows of `these` that `those` does not have, with the name of the answer in front.
fn only<'a>(
    (name, these): (&'a str, &'a ResultTable),
    those: &ResultTable,
) -> impl Iterator<Item = Vec<serde_json::Value>> + 'a {
    let key = |row: &Vec<serde_json::Value>| serde_json::Value::from(row.clone()).to_string();
    // Rows are counted, since the same row may occur more often in one answer than in the other.
    let mut left: HashMap<String, usize> = HashMap::new();
    for row in &those.rows {
        *left.entry(key(row)).or_default() += 1;
    }
    these.rows.iter().filter_map(move |row| {
        if let Some(count) = left.get_mut(&key(row)).filter(|count| **count > 0) {
            *count -= 1;
            return None;
        }
        let cells = [serde_json::Value::from(name)].into_iter();
        Some(cells.chain(row.iter().cloned()).collect())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Returns;
    use super::*;

    fn table(rows: &[&str]) -> ResultTable {
        ResultTable {
            hunt: "h".to_owned(),
            returns: Returns::Table,
            columns: vec!["url".to_owned()],
            rows: rows.iter().map(|url| vec![json!(url)]).collect(),
        }
    }

    #[test]
    fn what_both_have_is_left_out_as_often_as_both_have_it() {
        let (one, other) = (table(&["a", "b", "b", "c"]), table(&["c", "b", "d"]));
        let found = compare(("A", &one), ("B", &other));
        assert_eq!(found.columns, ["only_in", "url"]);
        assert_eq!(
            json!(found.rows),
            json!([["A", "a"], ["A", "b"], ["B", "d"]])
        );
        assert!(compare(("A", &one), ("B", &one)).rows.is_empty());
    }
}
