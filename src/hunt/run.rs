//! Runs a hunt with typed parameters, in a read-only transaction, with a time limit.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use neo4rs::{BoltType, Neo4jErrorKind, Operation, Query};
use serde_json::Value;

use super::parameter::{Argument, Parameter, ParameterType};
use super::shape::Shape;
use super::value::JsonConverter;
use super::{CASE, Hunt, HuntError, Returns};
use crate::model::{Retries, RetryPolicy, suggest};

/// The values of parameters as they were typed, by name.
pub type Parameters = BTreeMap<String, String>;

/// How much longer the client waits than the server may work. The server should be the one to stop a hunt, since it
/// then frees the memory.
const GRACE: Duration = Duration::from_secs(5);

/// How a statement is tried again. All attempts together keep to the hunt's time limit.
const RETRY: RetryPolicy = RetryPolicy {
    first_pause: Duration::from_millis(50),
    longest_pause: Duration::from_millis(1600),
    shortest: 0.5,
    attempts: Some(8),
    time: None,
};

/// The answer to a hunt.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultTable {
    /// The name of the hunt.
    pub hunt: String,
    /// Whether the answer is a table or a graph.
    pub returns: Returns,
    /// The names of the columns, in order.
    pub columns: Vec<String>,
    /// The rows, with one value for each column. Times are RFC 3339 in UTC. A node is an object with `labels` and
    /// `properties`; an edge one with `type`, `properties` and, if its ends were returned too, `from` and `to`; a path
    /// one with `nodes` and `edges`.
    pub rows: Vec<Vec<Value>>,
}

/// Checks that a hunt reads the graph and does nothing else, without a server.
///
/// # Errors
/// Fails when the statement does more than that, and when it cannot be cut into tokens.
pub fn check_reads_only(hunt: &Hunt) -> Result<(), HuntError> {
    reading_shape(hunt).map(|_| ())
}

/// Runs a hunt. Nothing is sent before it is known to read the graph only, and before the parameters are complete and
/// have the right types.
///
/// # Errors
/// Fails when parameters are wrong or missing, when the statement is invalid or does more than read, when it takes longer than
/// `limit`, and when Neo4j cannot be reached.
pub async fn run(
    graph: &neo4rs::Graph,
    database: &str,
    hunt: &Hunt,
    parameters: &Parameters,
    limit: Duration,
) -> Result<ResultTable, HuntError> {
    let shape = reading_shape(hunt)?;
    let columns = columns(hunt, &shape)?;
    let mut query = Query::new(hunt.statement().to_owned());
    for (name, value) in arguments(hunt, &shape, parameters)? {
        query = query.param(&name, value.into_bolt());
    }
    let (mut columns, mut rows) = query_rows(
        graph, database, &hunt.name, &hunt.file, query, columns, limit,
    )
    .await?;
    if !hunt.drawn.is_empty() {
        columns.truncate(hunt.columns.len());
        rows.iter_mut()
            .for_each(|row| row.truncate(hunt.columns.len()));
    }
    Ok(ResultTable {
        hunt: hunt.name.clone(),
        returns: hunt.returns,
        columns,
        rows,
    })
}

/// Runs a statement in a read-only transaction, and returns columns and rows. Without `columns` the names are accepted
/// from the first record and sorted, since the driver gives them in no order.
pub(super) async fn query_rows(
    graph: &neo4rs::Graph,
    database: &str,
    hunt: &str,
    file: &str,
    query: Query,
    columns: Option<Vec<String>>,
    limit: Duration,
) -> Result<(Vec<String>, Vec<Vec<Value>>), HuntError> {
    // The server takes 0 ms for no limit.
    let milliseconds = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX).max(1);
    let query = query.extra("tx_timeout", milliseconds);
    let failed = |error| hunt_error(error, hunt, file, limit);
    let fetched = tokio::time::timeout(limit.saturating_add(GRACE), fetch(graph, database, query));
    let records = fetched
        .await
        .map_err(|_| HuntError::TimedOut {
            hunt: hunt.to_owned(),
            limit,
        })?
        .map_err(failed)?;

    let columns = match (columns, records.first()) {
        (Some(columns), None) => columns,
        (Some(columns), Some(record)) => {
            if columns.len() != record.len()
                || columns.iter().any(|name| !record.contains_key(name))
            {
                return Err(HuntError::Columns {
                    file: file.to_owned(),
                    declared: columns,
                    returned: sorted_keys(record),
                });
            }
            columns
        }
        (None, record) => record.map(sorted_keys).unwrap_or_default(),
    };
    let mut converter = JsonConverter::default();
    for record in &records {
        record
            .values()
            .for_each(|value| converter.remember_nodes(value));
    }
    let rows = records
        .into_iter()
        .map(|mut record| {
            let mut cell = |name| {
                record
                    .remove(name)
                    .map_or(Value::Null, |value| converter.to_json(&value))
            };
            columns.iter().map(&mut cell).collect()
        })
        .collect();
    Ok((columns, rows))
}

type Record = HashMap<String, BoltType>;

/// Reads all records. A load or a prune at the same time can make the server give up with a transient error, even in
/// the middle of the records. No record has been handed out by then, so the statement is run again from the start.
async fn fetch(
    graph: &neo4rs::Graph,
    database: &str,
    query: Query,
) -> Result<Vec<Record>, neo4rs::Error> {
    let mut retries = Retries::begin();
    loop {
        let error = match fetch_once(graph, database, query.clone()).await {
            Ok(records) => return Ok(records),
            Err(error) => error,
        };
        if !is_transient(&error) || !retries.wait(&RETRY).await {
            return Err(error);
        }
    }
}

fn is_transient(error: &neo4rs::Error) -> bool {
    matches!(error, neo4rs::Error::Neo4j(server) if server.kind() == Neo4jErrorKind::Transient)
}

async fn fetch_once(
    graph: &neo4rs::Graph,
    database: &str,
    query: Query,
) -> Result<Vec<Record>, neo4rs::Error> {
    let mut stream = graph.execute_on(Operation::Read, database, query).await?;
    let mut records = Vec::new();
    while let Some(row) = stream.next().await? {
        records.push(row.to_strict::<Record>()?);
    }
    Ok(records)
}

fn sorted_keys(record: &Record) -> Vec<String> {
    let mut keys: Vec<String> = record.keys().cloned().collect();
    keys.sort();
    keys
}

/// The error of the driver as an error of the hunt.
fn hunt_error(error: neo4rs::Error, hunt: &str, file: &str, limit: Duration) -> HuntError {
    let neo4rs::Error::Neo4j(server) = &error else {
        return HuntError::Neo4j {
            error: Box::new(error),
        };
    };
    let code = server.code();
    let file = file.to_owned();
    if code == "Neo.ClientError.Statement.AccessMode" {
        HuntError::Writes { file }
    } else if code.contains("TransactionTimedOut") {
        HuntError::TimedOut {
            hunt: hunt.to_owned(),
            limit,
        }
    } else if code.starts_with("Neo.ClientError.Statement.")
        || code.starts_with("Neo.ClientError.Procedure.")
    {
        HuntError::Statement {
            file,
            message: server.message().to_owned(),
        }
    } else {
        HuntError::Neo4j {
            error: Box::new(error),
        }
    }
}

/// What the statement of a hunt reads and returns.
pub(super) fn shape(hunt: &Hunt) -> Result<Shape, HuntError> {
    Shape::parse(hunt.statement()).map_err(|unreadable| HuntError::Statement {
        file: hunt.file.clone(),
        message: format!("{}: {}", unreadable.place, unreadable.problem),
    })
}

/// The same; an error if the statement does more than read the graph.
fn reading_shape(hunt: &Hunt) -> Result<Shape, HuntError> {
    let shape = shape(hunt)?;
    if shape.forbidden.is_empty() {
        return Ok(shape);
    }
    Err(HuntError::NotReadOnly {
        file: hunt.file.clone(),
        found: shape.forbidden,
    })
}

/// The columns to expect: those of the header, with those that are only drawn at the end, which have to agree with the
/// statement; `None` when neither tells.
fn columns(hunt: &Hunt, shape: &Shape) -> Result<Option<Vec<String>>, HuntError> {
    let returned = shape
        .returns
        .as_ref()
        .and_then(|returns| returns.columns.clone());
    match returned {
        _ if !hunt.declared => Ok(returned),
        Some(returned) if !same_names(&returned, &hunt.returned()) => Err(HuntError::Columns {
            file: hunt.file.clone(),
            declared: hunt.returned(),
            returned,
        }),
        _ => Ok(Some(hunt.returned())),
    }
}

fn same_names(some: &[String], others: &[String]) -> bool {
    some.len() == others.len() && some.iter().all(|name| others.contains(name))
}

/// Every parameter that a hunt takes: those that it declares, those that it uses without declaring them, and [`CASE`].
fn accepted(hunt: &Hunt, shape: &Shape) -> Vec<Parameter> {
    let mut accepted = hunt.parameters.clone();
    for used in &shape.parameters {
        if used.name != CASE && accepted.iter().all(|parameter| parameter.name != used.name) {
            accepted.push(Parameter {
                name: used.name.clone(),
                kind: ParameterType::Any,
                required: true,
                default: None,
                example: None,
            });
        }
    }
    if accepted.iter().all(|parameter| parameter.name != CASE) {
        accepted.push(Parameter {
            name: CASE.to_owned(),
            kind: ParameterType::String,
            required: false,
            default: None,
            example: None,
        });
    }
    accepted
}

/// The value of each parameter, read by its type.
fn arguments(
    hunt: &Hunt,
    shape: &Shape,
    given: &Parameters,
) -> Result<BTreeMap<String, Argument>, HuntError> {
    let accepted = accepted(hunt, shape);
    let known = || accepted.iter().map(|parameter| parameter.name.as_str());
    if let Some(name) = given
        .keys()
        .find(|name| known().all(|known| known != name.as_str()))
    {
        return Err(HuntError::UnknownParameter {
            hunt: hunt.name.clone(),
            name: name.clone(),
            nearest: suggest::nearest(name, known()).map(str::to_owned),
            known: known().map(str::to_owned).collect(),
        });
    }
    let missing: Vec<Parameter> = accepted
        .iter()
        .filter(|parameter| parameter.required && !given.contains_key(&parameter.name))
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(HuntError::Missing {
            hunt: hunt.name.clone(),
            parameters: missing,
        });
    }
    let value = |parameter: &Parameter| match given.get(&parameter.name) {
        None => Ok(parameter.default.clone().unwrap_or(Argument::Null)),
        Some(text) => parameter
            .kind
            .parse_value(text)
            .ok_or_else(|| HuntError::BadValue {
                hunt: hunt.name.clone(),
                name: parameter.name.clone(),
                kind: parameter.kind,
                value: text.clone(),
            }),
    };
    accepted
        .iter()
        .map(|parameter| Ok((parameter.name.clone(), value(parameter)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Group;
    use super::*;

    const HEADER: &str = "// name: x\n// title: T\n// description: D\n\
        // parameters: url string required example u; depth integer optional default 2\n\
        // returns: table\n// columns: a, b\n";

    fn resolve(
        text: &str,
        given: &[(&str, &str)],
    ) -> Result<BTreeMap<String, Argument>, HuntError> {
        let hunt = Hunt::parse("x.cypher", Group::Own, text).unwrap();
        let given = given
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        arguments(&hunt, &shape(&hunt)?, &given)
    }

    #[test]
    fn values_get_the_type_of_the_header_and_defaults_fill_in() {
        let text = format!("{HEADER}RETURN $url AS a, $depth AS b");
        let found = resolve(&text, &[("url", "17"), ("depth", "3")]).unwrap();
        assert_eq!(found["url"], Argument::Text("17".to_owned()));
        assert_eq!(found["depth"], Argument::Integer(3));
        assert_eq!(found["case"], Argument::Null, "case is always set");
        let found = resolve(&text, &[("url", "u"), ("case", "01J")]).unwrap();
        assert_eq!(found["depth"], Argument::Integer(2));
        assert_eq!(found["case"], Argument::Text("01J".to_owned()));
    }

    #[test]
    fn a_file_without_a_header_takes_what_it_uses() {
        let found = resolve("RETURN $n + 1 AS n, $case AS c", &[("n", "4")]).unwrap();
        assert_eq!(found["n"], Argument::Integer(4));
        let error = resolve("RETURN $n AS n", &[]).unwrap_err();
        assert_eq!(error.to_string(), "the hunt x needs -p n=VALUE");
    }

    #[test]
    fn wrong_parameters_are_named() {
        let text = format!("{HEADER}RETURN $url AS a, $depth AS b");
        for (given, message) in [
            (vec![], "the hunt x needs -p url=u"),
            (
                vec![("ulr", "u")],
                "the hunt x has no parameter `ulr`; did you mean url?; it takes url, depth, case",
            ),
            (
                vec![("url", "u"), ("depth", "deep")],
                "parameter `depth` of the hunt x takes a whole number, not `deep`",
            ),
        ] {
            let error = resolve(&text, &given).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.is_usage());
        }
    }

    #[test]
    fn declared_columns_are_those_returned_in_any_order() {
        let expect = |body: &str| {
            let hunt = Hunt::parse("x.cypher", Group::Own, &format!("{HEADER}{body}")).unwrap();
            columns(&hunt, &shape(&hunt).unwrap()).map_err(|error| error.to_string())
        };
        let declared = Ok(Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(expect("RETURN 1 AS b, 2 AS a"), declared);
        assert_eq!(expect("WITH 1 AS a, 2 AS b RETURN *"), declared);
        assert_eq!(
            expect("RETURN 1 AS a, 2 AS c"),
            Err("x.cypher declares the columns a, b, and returns a, c".to_owned())
        );
        let drawn = HEADER.replace("// columns: a, b\n", "// columns: a\n// drawn: b\n");
        let drawn = format!("{drawn}RETURN 1 AS b, 2 AS a");
        let drawn = Hunt::parse("x.cypher", Group::Own, &drawn).unwrap();
        assert_eq!(drawn.columns, ["a"]);
        let all = columns(&drawn, &shape(&drawn).unwrap()).map_err(|error| error.to_string());
        assert_eq!(all, declared);
        let own = Hunt::parse("x.cypher", Group::Own, "RETURN 1 AS z, 2 AS a").unwrap();
        let found = columns(&own, &shape(&own).unwrap()).unwrap().unwrap();
        assert_eq!(
            found,
            ["z", "a"],
            "without a header in the statement's order"
        );
    }

    #[test]
    fn a_text_that_does_not_end_is_wrong_usage() {
        let error = resolve("RETURN 'a\n", &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.cypher: line 1, column 8: the text does not end"
        );
        assert!(error.is_usage());
    }
}
