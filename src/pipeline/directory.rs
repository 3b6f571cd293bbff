//! Resolves users in the directory of the tenant (Entra ID).

use std::collections::HashMap;

use super::context::Context;
use super::findings::Findings;
use super::people;
use crate::graph::{Graph, NodeRef};
use crate::http::Failure;
use crate::model::{Stage, sorted};
use crate::source::msgraph::{self, Problem};

/// The answers of the directory, by the object id or UPN that was looked up. No user is looked up twice in one load.
#[derive(Default)]
pub(super) struct Directory(HashMap<String, Entry>);

/// The answer of the directory about one user.
#[derive(Clone, Copy)]
enum Entry {
    Found(NodeRef),
    Absent,
    /// The request failed, so the user may or may not exist.
    Unanswered,
}

/// A user about whom Microsoft Graph can be asked.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Account {
    /// The object id, or the UPN if the directory did not answer.
    pub(super) key: String,
    /// The node of the user.
    pub(super) user: NodeRef,
}

impl Directory {
    /// Looks up the users that can be in the directory and have not been looked up. Gaps are added under `stage`.
    pub(super) async fn resolve(
        &mut self,
        context: &Context,
        findings: &mut Findings,
        stage: Stage,
        users: &[NodeRef],
    ) -> Result<(), Failure> {
        let keys = users.iter().filter_map(|user| key(&findings.graph, *user));
        let mut keys = sorted(keys.collect());
        keys.retain(|key| !self.0.contains_key(key));
        let answers = context.msgraph.users(&keys).await?;
        for (key, answer) in keys.into_iter().zip(answers) {
            let entry = match answer {
                Ok(answer) => {
                    let graph = &mut findings.graph;
                    people::put_directory_user(graph, &answer.value, answer.record)
                        .map_or(Entry::Absent, Entry::Found)
                }
                Err(problem) => {
                    let entry = match problem {
                        Problem::NotFound { .. } => Entry::Absent,
                        _ => Entry::Unanswered,
                    };
                    let mut named = context.options.users.iter();
                    if matches!(problem, Problem::NotFound { .. })
                        && named.any(|user| user.eq_ignore_ascii_case(&key))
                    {
                        // A user that the analyst named has to exist, so a missing one is a gap and not a note.
                        findings.gaps.add(stage, msgraph::SOURCE, problem, 1);
                    } else {
                        findings.add_msgraph_problem(stage, problem);
                    }
                    entry
                }
            };
            self.0.insert(key, entry);
        }
        Ok(())
    }

    /// The account of a user; `None` when the user is not in the directory, or has not been looked up.
    pub(super) fn account(&self, graph: &Graph, user: NodeRef) -> Option<Account> {
        let key = key(graph, user)?;
        match self.0.get(&key)? {
            Entry::Found(user) => Some(Account {
                key: graph.node(*user).id.clone(),
                user: *user,
            }),
            Entry::Unanswered => Some(Account { key, user }),
            Entry::Absent => None,
        }
    }

    /// True when the directory was asked and does not know the user.
    pub(super) fn lacks(&self, graph: &Graph, user: NodeRef) -> bool {
        let entry = key(graph, user).and_then(|key| self.0.get(&key));
        matches!(entry, Some(Entry::Absent))
    }

    /// True when the directory knows the user.
    pub(super) fn knows(&self, graph: &Graph, user: NodeRef) -> bool {
        let entry = key(graph, user).and_then(|key| self.0.get(&key));
        matches!(entry, Some(Entry::Found(_)))
    }

    /// The user that the directory returned for a UPN; `None` when it returned none.
    pub(super) fn user(&self, upn: &str) -> Option<NodeRef> {
        match self.0.get(upn)? {
            Entry::Found(user) => Some(*user),
            Entry::Absent | Entry::Unanswered => None,
        }
    }
}

/// The key for looking up a user; `None` when the user cannot be in the directory.
fn key(graph: &Graph, user: NodeRef) -> Option<String> {
    let id = graph.node(user).user_id()?;
    people::may_be_in_directory(graph, user).then(|| id.directory_key().to_owned())
}
