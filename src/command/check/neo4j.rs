//! Neo4j: whether a load can write to it.

use super::ask::{LIMIT, shown, within};
use super::finding::{Check, Command, Fix, State, Topic, Weight};
use crate::config::CheckConfig;
use crate::sink::neo4j::{Condition, Connection, Settings, exposes};

const WITHOUT: &str =
    "a load ends before its first request, unless `--no-neo4j` leaves Neo4j out; hunts do not run";

/// Connects, signs in, and looks at the rights and the schema. Nothing is written.
pub(super) async fn database(config: &CheckConfig) -> Vec<Check> {
    let Some(settings) = &config.neo4j else {
        let why = match config.neo4j_is_set {
            true => "[neo4j] is not complete",
            false => {
                "[neo4j] uri is not set: loads, reports and exports work without Neo4j, hunts do not"
            }
        };
        return vec![Check::skipped(Topic::Neo4j, "server", why)];
    };
    let looked = within(LIMIT, look(settings)).await;
    let failed = |why: String| {
        // The reasons of the sink say what to do after the last semicolon.
        let (why, fix) = match why.rsplit_once("; ") {
            Some((why, fix)) => (why.to_owned(), Fix::say(fix)),
            None => (why, None),
        };
        let check = Check::gap(Topic::Neo4j, "server", State::Failed, why);
        vec![check.without(WITHOUT).fix(fix).weighing(Weight::Stop)]
    };
    match looked {
        Ok(Ok((server, condition))) => {
            let mut checks = vec![Check::ok(Topic::Neo4j, "server", server)];
            checks.extend(exposed(settings));
            checks.extend(match condition {
                Ok(condition) => vec![rights(settings, &condition), schema(&condition)],
                Err(why) => vec![Check::gap(Topic::Neo4j, "rights", State::Failed, why)],
            });
            checks
        }
        Ok(Err(why)) => failed(why),
        Err(late) => failed(format!(
            "{late} from {}; see that it is Neo4j that answers there, and that it is not overloaded",
            shown(&settings.uri)
        )),
    }
}

type Looked = (String, Result<Condition, String>);

async fn look(settings: &Settings) -> Result<Looked, String> {
    let connection = Connection::open(settings)
        .await
        .map_err(|error| shown(&error.to_string()))?;
    let server = connection.server();
    let described = format!(
        "{} {}, database {}, as {}",
        shown(&server.version),
        shown(&server.edition),
        shown(&settings.database),
        shown(&settings.user)
    );
    let condition = connection.condition().await;
    let condition = condition.map_err(|error| shown(&error.to_string()));
    Ok((described, condition))
}

/// A connection to another machine in plain text, which the configuration allows.
fn exposed(settings: &Settings) -> Option<Check> {
    exposes(&settings.uri).then(|| {
        let detail = "the password and the graph go to another machine in plain text, as [neo4j] plaintext = true allows";
        Check::ok(Topic::Neo4j, "encryption", detail).fix(Fix::say(
            "write bolt+s:// or neo4j+s:// in [neo4j] uri (+ssc for a self-signed certificate), and take plaintext out",
        ))
    })
}

fn rights(settings: &Settings, condition: &Condition) -> Check {
    let roles = match condition.roles.is_empty() {
        true => String::new(),
        false => format!("; roles {}", shown(&condition.roles.join(", "))),
    };
    match &condition.cannot_write {
        None => Check::ok(Topic::Neo4j, "rights", format!("can write{roles}")),
        Some(why) => Check::gap(
            Topic::Neo4j,
            "rights",
            State::Missing,
            shown(&format!("cannot write{roles} ({why})")),
        )
        .without("the case is complete, and its graph does not reach Neo4j")
        .fix(Fix::say(format!(
            "give {} the right to write, or name another [neo4j] user",
            shown(&settings.user)
        ))),
    }
}

fn schema(condition: &Condition) -> Check {
    let Condition { missing, all, .. } = condition;
    const NAME: &str = "constraints";
    if missing.is_empty() {
        let detail = format!("all {all} constraints and indexes are there");
        return Check::ok(Topic::Neo4j, NAME, detail);
    }
    let detail = format!(
        "{} of {all} constraints and indexes are not there yet",
        missing.len()
    );
    let apply = |say: &str| Fix::run(say, Command::Line("linktrail schema apply".to_owned()));
    match condition.can_create_the_missing() {
        true => Check::gap(Topic::Neo4j, NAME, State::Absent, detail)
            .fix(apply("the next load creates them, or this does"))
            .weighing(Weight::Fine),
        false => Check::gap(Topic::Neo4j, NAME, State::Missing, detail)
            .without(
                "a load cannot write its graph: it needs them, and these roles cannot create them",
            )
            .fix(apply("run this once as a user with the role architect")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_constraints_matter_only_to_who_cannot_create_them() {
        let condition = |roles: &[&str]| Condition {
            missing: vec!["a".to_owned()],
            all: 23,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            cannot_write: None,
        };
        let community = schema(&condition(&[]));
        assert_eq!(
            (community.state, community.weight),
            (State::Absent, Weight::Fine)
        );
        let editor = schema(&condition(&["editor"]));
        assert_eq!((editor.state, editor.weight), (State::Missing, Weight::Gap));
    }
}
