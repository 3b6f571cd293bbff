//! Stage 2: the teams of the users that the investigation starts from.

use super::Investigation;
use crate::graph::node::Team;
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::model::Stage;
use crate::model::sorted;
use crate::source::msgraph;

const STAGE: Stage = Stage::Teams;

pub(super) async fn run(run: &mut Investigation) -> Result<(), Failure> {
    let seeds: Vec<NodeRef> = run.seed_users.iter().copied().collect();
    run.resolve(STAGE, &seeds).await?;
    // Those whom the directory does not know have no teams to ask for.
    let mut members: Vec<(String, NodeRef)> = seeds
        .iter()
        .filter_map(|user| run.directory_user(*user))
        .collect();
    members.sort();
    members.dedup();
    let ids: Vec<String> = members.iter().map(|(id, _)| id.clone()).collect();
    let lists = run.msgraph.joined_teams(&ids).await?;
    for ((_, user), list) in members.into_iter().zip(lists) {
        for team in list.items {
            let Some(id) = team.value.id.filter(|id| !id.is_empty()) else {
                continue;
            };
            let seen = Seen::in_record(team.record);
            let node = run.graph.put(
                Team {
                    id: id.as_str().into(),
                    name: team.value.display_name,
                },
                seen,
            );
            run.graph.link(user, Edge::MemberOf, node, seen);
            run.teams.insert(id.to_lowercase());
        }
        if let Some(problem) = list.problem {
            run.graph_gap(STAGE, problem);
        }
    }
    named(run).await
}

/// Names of the teams that the analyst named by id.
async fn named(run: &mut Investigation) -> Result<(), Failure> {
    let typed = run.scope.options.teams.iter();
    let ids = sorted(typed.map(|id| id.to_lowercase()).collect());
    let answers = run.msgraph.teams(&ids).await?;
    for (id, answer) in ids.into_iter().zip(answers) {
        match answer {
            Ok(team) => {
                run.graph.put(
                    Team {
                        id: id.into(),
                        name: team.value.display_name,
                    },
                    Seen::in_record(team.record),
                );
            }
            // The analyst asked for this very team: that it is not there is something to know.
            Err(problem @ msgraph::Problem::NotFound { .. }) => {
                run.gaps.add(STAGE, msgraph::SOURCE, problem, 1)
            }
            Err(problem) => run.graph_gap(STAGE, problem),
        }
    }
    Ok(())
}
