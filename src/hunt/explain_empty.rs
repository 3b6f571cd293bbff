//! Explains an empty answer by what was never collected, so that it is not taken for "there is none".

use std::collections::BTreeSet;
use std::time::Duration;

use neo4rs::Query;
use serde_json::Value;

use super::run::{Parameters, query_rows, shape};
use super::{CASE, Hunt, HuntError};
use crate::graph::{EdgeType, Label};
use crate::model::{Gap, Stage};

/// A label of nodes or a type of edges that a hunt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum GraphElement {
    Node(Label),
    Edge(EdgeType),
}

/// What an analyst has to know beside the answer of a hunt, one line each: that Neo4j does not hold the case and, if
/// the answer is empty, which labels and types were never collected, with the gaps of the stages that collect them.
/// Without lines nothing is known to be missing.
///
/// # Errors
/// Neo4j cannot be asked.
pub async fn explain_empty(
    graph: &neo4rs::Graph,
    database: &str,
    hunt: &Hunt,
    parameters: &Parameters,
    empty: bool,
    limit: Duration,
) -> Result<Vec<String>, HuntError> {
    let case = parameters.get(CASE).map(String::as_str);
    if !empty && case.is_none() {
        return Ok(Vec::new());
    }
    let ask = async |statement: String, columns: &[&str]| {
        let query = Query::new(statement).param("case", case);
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        let asked = query_rows(
            graph,
            database,
            &hunt.name,
            &hunt.file,
            query,
            Some(columns),
            limit,
        );
        Ok::<_, HuntError>(asked.await?.1)
    };

    let cases = "MATCH (run:Case) WHERE $case IS NULL OR $case IN run.cases \
                 RETURN run.id AS id, run.complete AS complete, run.gaps AS gaps ORDER BY id";
    let cases = ask(cases.to_owned(), &["id", "complete", "gaps"]).await?;
    if cases.is_empty() {
        return Ok(vec![match case {
            Some(case) => {
                format!(
                    "Neo4j holds no case {case}; `linktrail hunt run cases` lists those it holds"
                )
            }
            None => "Neo4j holds no case; `linktrail load` or `linktrail case push DIR` brings one"
                .to_owned(),
        }]);
    }

    if !empty {
        return Ok(Vec::new());
    }
    let wanted = elements_of(hunt)?;
    let mut lines = Vec::new();
    let mut absent = BTreeSet::new();
    for element in &wanted {
        let (pattern, name) = match element {
            GraphElement::Node(label) => (format!("(x:`{label}`)"), format!("{label} node")),
            GraphElement::Edge(kind) => (format!("()-[x:`{kind}`]->()"), format!("{kind} edge")),
        };
        let statement = format!(
            "MATCH {pattern} WHERE $case IS NULL OR $case IN x.cases RETURN 1 AS found LIMIT 1"
        );
        if ask(statement, &["found"]).await?.is_empty() {
            lines.push(format!("no {name} was collected"));
            absent.insert(*element);
        }
    }

    // If every label and type was collected, a gap may still have left out the very nodes that were asked for.
    let looked_at = if absent.is_empty() { &wanted } else { &absent };
    let stages: BTreeSet<Stage> = looked_at
        .iter()
        .flat_map(|element| element.stages())
        .copied()
        .collect();
    for row in &cases {
        let id = row.first().and_then(Value::as_str).unwrap_or_default();
        if row.get(1) == Some(&Value::Bool(false)) && !stages.is_empty() {
            lines.push(format!(
                "case {id} is not complete: load it again to go on with it"
            ));
        }
        let gaps = row.get(2).and_then(Value::as_array).into_iter().flatten();
        for gap in gaps.filter_map(Value::as_str) {
            if Gap::stage_in(gap).is_some_and(|stage| stages.contains(&stage)) {
                lines.push(format!("gap of case {id}: {gap}"));
            }
        }
    }
    Ok(lines)
}

/// Every label and type that a hunt names, except [`Label::Case`], which every load writes.
fn elements_of(hunt: &Hunt) -> Result<BTreeSet<GraphElement>, HuntError> {
    let shape = shape(hunt)?;
    let names = shape.labels.iter().chain(&shape.types);
    let elements = names.filter_map(|named| {
        let node = Label::parse(&named.name).map(GraphElement::Node);
        node.or_else(|| EdgeType::parse(&named.name).map(GraphElement::Edge))
    });
    Ok(elements
        .filter(|element| *element != GraphElement::Node(Label::Case))
        .collect())
}

impl GraphElement {
    /// The stages that collect it.
    fn stages(self) -> &'static [Stage] {
        use Stage::{Alerts, Chats, Hosts, Intel, Links, Messages, Seeds, Spread, Teams};
        match self {
            Self::Node(label) => match label {
                Label::Alert => &[Alerts],
                Label::Case => &[],
                Label::Channel => &[Seeds, Messages, Spread, Chats],
                Label::Chat => &[Seeds, Spread, Chats],
                Label::Domain => &[Links],
                Label::Host => &[Seeds, Hosts],
                Label::Message => &[Seeds, Messages, Spread, Chats, Hosts],
                Label::Team => &[Seeds, Teams],
                Label::Url => &[Seeds, Messages, Links, Spread, Chats, Hosts],
                Label::User => &[Seeds, Teams, Messages, Spread, Chats],
                Label::Verdict => &[Intel],
            },
            Self::Edge(kind) => match kind {
                EdgeType::Clicked | EdgeType::Used => &[Seeds, Hosts],
                EdgeType::ConnectedTo => &[Hosts],
                EdgeType::Contains => &[Seeds, Messages, Links, Spread, Chats, Hosts],
                EdgeType::HasChannel | EdgeType::ReplyTo => &[Seeds, Messages, Spread],
                EdgeType::HasVerdict => &[Intel],
                EdgeType::MemberOf => &[Teams],
                EdgeType::Mentions => &[Alerts],
                EdgeType::OnDomain => &[Links],
                EdgeType::Opened | EdgeType::StartedFrom | EdgeType::WarnedAbout => &[Seeds],
                EdgeType::ParticipatesIn => &[Chats],
                EdgeType::PostedIn | EdgeType::Sent => &[Seeds, Messages, Spread, Chats, Hosts],
                EdgeType::Received => &[Seeds, Spread, Chats, Hosts],
                EdgeType::RedirectsTo => &[Seeds, Hosts],
                EdgeType::Reported => &[Seeds],
            },
        }
    }
}
