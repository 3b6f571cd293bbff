//! Stage 2, teams: finds the teams of the users that the investigation starts from.

use std::collections::BTreeSet;

use super::context::Context;
use super::directory::{Account, Directory};
use super::findings::Findings;
use super::people;
use super::starts::Seeds;
use crate::graph::node::Team;
use crate::graph::{Edge, NodeRef, Seen};
use crate::http::Failure;
use crate::model::{Stage, TeamId};
use crate::source::msgraph::{self, TeamsOf};

const STAGE: Stage = Stage::Teams;

/// The teams that were found.
#[derive(Default)]
struct Teams {
    /// The teams that Microsoft Graph listed for a user, and has named.
    listed: BTreeSet<TeamId>,
    /// Teams of other tenants, which host a shared channel.
    foreign: BTreeSet<TeamId>,
}

/// Finds the teams of these users: those that they have joined, and the host teams of shared channels that they are in.
/// Returns the ids of all teams whose messages are read, including those that the analyst or a log named.
pub(super) async fn find(
    context: &Context,
    findings: &mut Findings,
    directory: &mut Directory,
    seeds: &Seeds,
) -> Result<BTreeSet<TeamId>, Failure> {
    let users: Vec<NodeRef> = seeds.users.iter().copied().collect();
    let people = [users.as_slice(), &seeds.people].concat();
    directory.resolve(context, findings, STAGE, &people).await?;
    // Users who are not in the directory have no teams.
    let accounts = users
        .into_iter()
        .filter_map(|user| directory.account(&findings.graph, user));
    let mut accounts: Vec<_> = accounts.collect();
    accounts.sort();
    accounts.dedup();
    let keys: Vec<String> = accounts.iter().map(|account| account.key.clone()).collect();
    let lists = context.msgraph.teams_of(&keys).await?;
    let mut teams = Teams::default();
    for (account, lists) in accounts.iter().zip(lists) {
        teams.add(context, findings, account, lists);
    }
    if !teams.foreign.is_empty() {
        let reason = "teams of another tenant, which share a channel with users of this one, were not read: only that tenant can read them";
        let count = teams.foreign.len() as u64;
        findings.notes.add(STAGE, msgraph::SOURCE, reason, count);
    }
    if !context.msgraph.has_associated_teams() && !accounts.is_empty() {
        let reason = "this cloud does not say which teams share a channel with a user; such teams are read only when the user has joined them, or when they are named with --team";
        let count = accounts.len() as u64;
        findings.notes.add(STAGE, msgraph::SOURCE, reason, count);
    }
    name_given_teams(context, findings, seeds, &teams.listed).await?;
    Ok(seeds.teams.union(&teams.listed).cloned().collect())
}

impl Teams {
    /// Adds the teams of a user. Only those that the user has joined make the user a member.
    fn add(
        &mut self,
        context: &Context,
        findings: &mut Findings,
        account: &Account,
        lists: TeamsOf,
    ) {
        let mut joined = BTreeSet::new();
        let mut nameless = 0;
        for team in lists.joined.items {
            let Some(id) = team.value.id.filter(|id| !id.is_empty()) else {
                nameless += 1;
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
            joined.insert(id);
        }
        self.listed.extend(joined.iter().cloned());
        let mut problems: Vec<_> = lists.joined.problem.into_iter().collect();
        if let Some(associated) = lists.associated {
            for team in associated.items {
                let Some(id) = team.value.id.filter(|id| !id.is_empty()) else {
                    nameless += 1;
                    continue;
                };
                let id = TeamId::from(id);
                let owner = team.value.tenant_id.as_deref();
                if joined.contains(&id) {
                    continue;
                }
                if people::is_foreign(owner, &context.settings.tenant) {
                    self.foreign.insert(id);
                    continue;
                }
                let node = Team {
                    id: id.clone(),
                    name: team.value.display_name,
                };
                findings.graph.put(node, Seen::in_record(team.record));
                self.listed.insert(id);
            }
            // What is out of reach is so for both lists of a user.
            let problem = associated.problem;
            problems.extend(problem.filter(|problem| !problem.is_out_of_reach()));
        }
        findings.add_nameless(STAGE, "teams of a user", nameless);
        for problem in problems {
            findings.add_msgraph_problem(STAGE, problem);
        }
    }
}

/// Reads the names of the teams that the analyst named by id, and of those that a log named and no list of a user did.
async fn name_given_teams(
    context: &Context,
    findings: &mut Findings,
    seeds: &Seeds,
    listed: &BTreeSet<TeamId>,
) -> Result<(), Failure> {
    let by_hand = context.options.teams.iter();
    let by_hand: BTreeSet<TeamId> = by_hand.map(|id| TeamId::from(id.as_str())).collect();
    let given = seeds.teams.iter();
    let given = given.filter(|id| by_hand.contains(*id) || !listed.contains(*id));
    let given: Vec<String> = given.map(TeamId::to_string).collect();
    let answers = context.msgraph.teams(&given).await?;
    for (id, answer) in given.into_iter().zip(answers) {
        match answer {
            Ok(team) => {
                let seen = Seen::in_record(team.record);
                let name = team.value.display_name;
                let id = TeamId::from(id);
                findings.graph.put(Team { id, name }, seen);
            }
            // A team that the analyst or a log named has to exist, so a missing one is a gap and not a note.
            Err(msgraph::Problem::NotFound { .. }) => {
                let reason = match by_hand.contains(&TeamId::from(id)) {
                    true => "teams: not found, although named with --team; check the id",
                    false => {
                        "teams: not found, although a log names them; they may have been deleted since, and their messages with them"
                    }
                };
                findings.gaps.add(STAGE, msgraph::SOURCE, reason, 1);
            }
            Err(problem) => findings.add_msgraph_problem(STAGE, problem),
        }
    }
    Ok(())
}
