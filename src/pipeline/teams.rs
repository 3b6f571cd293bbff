//! Stage 2, teams: finds the teams of the users that the investigation starts from.

use std::collections::BTreeSet;

use super::context::Context;
use super::directory::Directory;
use super::findings::Findings;
use super::seeds::Seeds;
use crate::graph::node::Team;
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{Stage, TeamId, sorted};
use crate::source::msgraph;

const STAGE: Stage = Stage::Teams;

/// Finds the teams that these users have joined. Returns the ids of all teams whose messages are read, including those
/// that the analyst named.
pub(super) async fn find(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    seeds: &Seeds,
) -> Result<BTreeSet<TeamId>, Failure> {
    let mut teams = seeds.teams.clone();
    let users: Vec<NodeRef> = seeds.users.iter().copied().collect();
    directory.resolve(context, findings, STAGE, &users).await?;
    // Users who are not in the directory have no teams.
    let accounts = users
        .into_iter()
        .filter_map(|user| directory.account(&findings.graph, user));
    let mut accounts: Vec<_> = accounts.collect();
    accounts.sort();
    accounts.dedup();
    let keys: Vec<String> = accounts.iter().map(|account| account.key.clone()).collect();
    let lists = context.msgraph.joined_teams(&keys).await?;
    for (account, list) in accounts.into_iter().zip(lists) {
        for team in list.items {
            let Some(id) = team.value.id.filter(|id| !id.is_empty()) else {
                continue;
            };
            let seen = Seen::in_record(team.record);
            let id = TeamId::from(id);
            let team = Team {
                id: id.clone(),
                name: team.value.display_name,
            };
            let team = findings.graph.put(team, seen);
            findings
                .graph
                .link(account.user, Edge::MemberOf, team, seen);
            teams.insert(id);
        }
        if let Some(problem) = list.problem {
            findings.add_msgraph_problem(STAGE, problem);
        }
    }
    name_given_teams(context, findings).await?;
    Ok(teams)
}

/// Reads the names of the teams that the analyst named by id.
async fn name_given_teams(context: &Context, findings: &mut Findings) -> Result<(), Failure> {
    let given = context.options.teams.iter();
    let given = sorted(
        given
            .map(|id| TeamId::from(id.as_str()).to_string())
            .collect(),
    );
    let answers = context.msgraph.teams(&given).await?;
    for (id, answer) in given.into_iter().zip(answers) {
        match answer {
            Ok(team) => {
                let seen = Seen::in_record(team.record);
                let name = team.value.display_name;
                let id = TeamId::from(id);
                findings.graph.put(Team { id, name }, seen);
            }
            // A team that the analyst named has to exist, so a missing one is a gap and not a note.
            Err(problem @ msgraph::Problem::NotFound { .. }) => {
                findings.gaps.add(STAGE, msgraph::SOURCE, problem, 1);
            }
            Err(problem) => findings.add_msgraph_problem(STAGE, problem),
        }
    }
    Ok(())
}
