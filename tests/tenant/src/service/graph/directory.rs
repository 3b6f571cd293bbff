//! Users, teams and channels.

use super::ask::Ask;
use super::{bodies, graph_error};
use crate::service::Reply;
use crate::world::facts::*;
use serde_json::{Value, json};

impl Ask<'_> {
    /// The tenant itself, of which nothing but its domains may be asked for.
    pub(super) fn organization(&self) -> Reply {
        let chosen = self
            .enter("Organization.Read.All", &["$select"], &[])
            .and_then(|()| self.select(&["verifiedDomains"]));
        if let Err(reply) = chosen {
            return reply;
        }
        let names = self.state.world.internal_domains.iter().enumerate();
        let domains: Vec<Value> = names
            .map(|(n, name)| {
                json!({
                    "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": n == 0,
                    "isInitial": name.contains(".onmicrosoft."), "name": name, "type": "Managed"
                })
            })
            .collect();
        Reply::json(200, &json!({"value": [{"verifiedDomains": domains}]}))
    }

    pub(super) fn missing_user(&self, key: &str) -> Reply {
        graph_error(
            404,
            "Request_ResourceNotFound",
            &format!(
                "Resource '{key}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    /// One user of all, which shows whether users may be read. Nobody is to read all of them.
    pub(super) fn users(&self) -> Reply {
        if self.option("$top") != Some("1") {
            return graph_error(400, "BadRequest", "All users are not listed here.")
                .violating("all users were asked for");
        }
        let chosen = self
            .enter("User.Read.All", &["$select", "$top"], &[])
            .and_then(|()| Ok((self.select(&["id"])?, self.top(100)?)));
        match chosen {
            Ok((chosen, top)) => self.page(&self.state.world.users, top, "/users", "", |user| {
                bodies::user(user, &chosen)
            }),
            Err(reply) => reply,
        }
    }

    /// The ids of a team's channels, which show whether channels may be read.
    pub(super) fn channels(&self, team: &str) -> Reply {
        if self.option("$select") != Some("id") {
            return graph_error(400, "BadRequest", "Channels are not listed here.")
                .violating("all channels of a team were asked for");
        }
        let limits = self.team_limits(team, "channels", 30.0);
        let found = self
            .enter("Channel.ReadBasic.All", &["$select"], &limits)
            .and_then(|()| self.select(&["id"]))
            .and_then(|chosen| Ok((chosen, self.find_team(team)?)));
        let (chosen, team) = match found {
            Ok(found) => found,
            Err(reply) => return reply,
        };
        let channels = self.state.world.channels.iter();
        let channels: Vec<&Channel> = channels.filter(|c| c.team == team).collect();
        let id = &self.state.world.teams[team].id;
        self.page(&channels, 100, &format!("/teams/{id}/channels"), "", |c| {
            bodies::only(bodies::channel(c), &chosen)
        })
    }

    pub(super) fn user(&self, key: &str) -> Reply {
        let known = ["id", "userPrincipalName", "displayName", "mail", "userType"];
        let user = self.state.index.user(key);
        let user = user.map(|ix| self.state.world.users[ix].id.as_str());
        let permission = match user.is_some() && user == self.token.person.as_deref() {
            true => "User.Read",
            false => "User.Read.All",
        };
        let chosen = self
            .enter(permission, &["$select"], &[])
            .and_then(|()| self.select(&known));
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(reply) => return reply,
        };
        match self.state.index.user(key) {
            Some(ix) => Reply::json(200, &bodies::user(&self.state.world.users[ix], &chosen)),
            None => self.missing_user(key),
        }
    }

    /// A user whose teams are asked for. Only for joined teams a limit is published, so the others count among them.
    fn member(&self, key: &str) -> Result<&User, Reply> {
        let limits = [("joined".to_owned(), 30.0)];
        self.enter("Team.ReadBasic.All", &[], &limits)?;
        match self.state.index.user(key) {
            Some(ix) => {
                let own = self.own(|person| person == ix);
                own.map_err(|reply| reply.violating("a list of another person"))?;
                Ok(&self.state.world.users[ix])
            }
            None => Err(self.missing_user(key)),
        }
    }

    pub(super) fn joined_teams(&self, key: &str) -> Reply {
        let user = match self.member(key) {
            Ok(user) => user,
            Err(reply) => return reply,
        };
        let path = format!("/users('{}')/joinedTeams", user.id);
        self.page(&user.teams, 100, &path, "", |team| {
            bodies::team(&self.state.world.teams[*team])
        })
    }

    /// The teams that a user has joined, and those that share a channel with the user.
    pub(super) fn associated_teams(&self, key: &str) -> Reply {
        let user = match self.member(key) {
            Ok(user) => user,
            Err(reply) => return reply,
        };
        let world = &self.state.world;
        let own = user.teams.iter().chain(&user.associated);
        let own = own.map(|team| bodies::associated_team(&world.teams[*team], &world.tenant_id));
        let foreign = user.foreign_teams.iter();
        let teams: Vec<Value> = own
            .chain(foreign.map(|id| bodies::foreign_team(id)))
            .collect();
        let path = format!("/users('{}')/teamwork/associatedTeams", user.id);
        self.page(&teams, 100, &path, "", Value::clone)
    }

    pub(super) fn find_team(&self, id: &str) -> Result<TeamIx, Reply> {
        let team = self.state.index.team(id).ok_or_else(|| {
            graph_error(
                404,
                "NotFound",
                &format!("No team found with Group Id {id}"),
            )
        })?;
        let users = &self.state.world.users;
        self.own(|person| {
            users[person].teams.contains(&team) || users[person].associated.contains(&team)
        })?;
        Ok(team)
    }

    pub(super) fn find_channel(&self, team: &str, id: &str) -> Result<ChannelIx, Reply> {
        let team = self.find_team(team)?;
        let found = self.state.index.channel(id);
        let channel = found
            .filter(|c| self.state.world.channels[*c].team == team)
            .ok_or_else(|| graph_error(404, "NotFound", "No channel found for id."))?;
        match self.state.is_served(channel) {
            true => Ok(channel),
            false => {
                let text = "Shared channels are not supported in this environment.";
                Err(graph_error(403, "Forbidden", text))
            }
        }
    }

    /// The limit of a team and that of a kind of resource.
    pub(super) fn team_limits(&self, team: &str, resource: &str, rate: f64) -> Vec<(String, f64)> {
        vec![
            (format!("team {}", team.to_lowercase()), 4.0),
            (resource.to_owned(), rate),
        ]
    }

    pub(super) fn team(&self, id: &str) -> Reply {
        let limits = self.team_limits(id, "teams", 30.0);
        let found = self
            .enter("Team.ReadBasic.All", &["$select"], &limits)
            .and_then(|()| self.select(&["id", "displayName"]))
            .and_then(|chosen| Ok((chosen, self.find_team(id)?)));
        match found {
            Ok((chosen, ix)) => {
                let body = bodies::team(&self.state.world.teams[ix]);
                Reply::json(200, &bodies::only(body, &chosen))
            }
            Err(reply) => reply,
        }
    }

    pub(super) fn channel(&self, team: &str, id: &str) -> Reply {
        let mut limits = self.team_limits(team, "channels", 30.0);
        limits.push((format!("channel {id}"), 1.0));
        let found = self
            .enter("Channel.ReadBasic.All", &["$select"], &limits)
            .and_then(|()| self.select(&["id", "displayName", "membershipType"]))
            .and_then(|chosen| Ok((chosen, self.find_channel(team, id)?)));
        match found {
            Ok((chosen, ix)) => {
                let body = bodies::channel(&self.state.world.channels[ix]);
                Reply::json(200, &bodies::only(body, &chosen))
            }
            Err(reply) => reply,
        }
    }
}
