//! The logs: whether each place can be read, and what is to be said of each table.

use chrono::{DateTime, TimeDelta, Utc};

use super::ask::shown;
use super::finding::{Check, Command, Fix, State, Topic, Weight};
use super::graph::Grant;
use super::needs::{self, HUNTING};
use super::places::{BACK, Partly, Told};
use crate::config::CheckConfig;
use crate::http::{Permissions, length};
use crate::intel::sentinel::NAME as OWN_INDICATORS;
use crate::model::Source;
use crate::source::logs::{LogEnd, Place, Problem, Query, Why, is_rare};
use crate::terminal::word;

/// A table that begins later than this does not hold what a load looks for by default.
const DEFAULT_WINDOW: TimeDelta = TimeDelta::days(30);
/// The newest event of a table that is filled is younger than this.
const FRESH: TimeDelta = TimeDelta::days(2);

/// The tokens that the places were asked with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tokens<'t> {
    /// That of Microsoft Graph.
    pub(super) graph: Option<&'t Permissions>,
    /// That of Log Analytics.
    pub(super) logs: Option<&'t Permissions>,
}

/// What the places of the configuration told.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// `None` when no workspace is configured.
    pub(super) workspace: Option<Told>,
    /// `None` when advanced hunting is not configured.
    pub(super) hunting: Option<Told>,
}

impl Places {
    /// Those that are configured, the workspace first.
    fn all(&self) -> impl Iterator<Item = (Place, &Told)> {
        let workspace = self.workspace.iter().map(|told| (Place::Workspace, told));
        let hunting = self.hunting.iter().map(|told| (Place::Hunting, told));
        workspace.chain(hunting)
    }

    fn find(&self, table: &str) -> Option<&LogEnd> {
        self.all().find_map(|(_, told)| told.find(table))
    }

    fn is_endless(&self, table: &str) -> bool {
        self.all().any(|(_, told)| told.is_endless(table))
    }

    /// The place that gives other tables and not this one, and why.
    fn closed(&self, table: &str) -> Option<(Place, &Problem)> {
        let mut all = self.all();
        all.find_map(|(place, told)| Some((place, told.closed(table)?)))
    }
}

/// True when the configuration reads the tenant's own indicators.
pub(super) fn reads_indicators(config: &CheckConfig) -> bool {
    config.providers.iter().any(|name| name == OWN_INDICATORS)
}

/// The name of a place in the result.
fn place_name(place: Place) -> &'static str {
    match place {
        Place::Workspace => "workspace",
        Place::Hunting => "advanced hunting",
    }
}

/// Judges the places and every table that a load reads.
pub(super) fn judge(
    config: &CheckConfig,
    tokens: &Tokens<'_>,
    places: &Places,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(told) = &places.hunting {
        checks.push(right_to_hunt(config, tokens.graph, told));
    }
    checks.extend(
        places
            .all()
            .map(|(place, told)| of_place(config, tokens, place, told)),
    );
    for table in Query::LogEnds.tables() {
        checks.extend(of_table(config, places, table, now));
    }
    checks
}

/// A place as a whole.
fn of_place(config: &CheckConfig, tokens: &Tokens<'_>, place: Place, told: &Told) -> Check {
    let name = place_name(place);
    let id = config.workspace.as_ref().map(|(_, id)| shown(id));
    let id = id.unwrap_or_default();
    let failed = |why: &str| {
        let service = match place {
            Place::Workspace => "Log Analytics",
            Place::Hunting => "Microsoft Graph",
        };
        Check::gap(Topic::Tables, name, State::Failed, why)
            .without(without(place))
            .fix(Fix::say(format!(
                "see that this machine reaches {service} by HTTPS, then check again"
            )))
    };
    match told {
        Told::NotAsked(why) => Check::skipped(Topic::Tables, name, why),
        Told::Silent(why) => failed(why),
        Told::Refused(problem) => match refused(config, tokens, place, problem) {
            Some(check) if check.state == State::Skipped => check,
            Some(check) => check.without(without(place)),
            None => failed(&shown(&problem.to_string())),
        },
        Told::Partly(partly) => of_part(config, tokens, place, partly),
        // What is read is a table.
        Told::Tables(tables) => match (place, tables.is_empty()) {
            (Place::Workspace, _) => Check::ok(Topic::Tables, name, id).unread(),
            (Place::Hunting, false) => Check::ok(Topic::Tables, name, "").unread(),
            (Place::Hunting, true) => Check::gap(
                Topic::Tables,
                name,
                State::Absent,
                "it knows none of the tables that a load reads",
            )
            .without(without(place))
            .fix(Fix::say(
                "see that the tenant has a licence for Microsoft Defender XDR, and that the application may read its tables",
            )),
        },
    }
}

/// A place that some tables can be read at. Each of the others has a line of its own.
fn of_part(config: &CheckConfig, tokens: &Tokens<'_>, place: Place, partly: &Partly) -> Check {
    let why = shown(&partly.why.to_string());
    let check = Check::gap(
        Topic::Tables,
        place_name(place),
        State::Failed,
        format!("single tables can be read, and when each begins and ends cannot be asked of all ({why})"),
    )
    .without("where a log begins and ends is not known, so that nothing says when one does not cover the time of a load");
    let fix = match (&partly.why.why, place) {
        (Why::Forbidden { .. }, Place::Workspace) => {
            let (whom, _) = assignee(config, tokens.logs);
            Fix::say(format!(
                "give {whom} the right to read every table that a load reads, each by itself or all by Log Analytics Reader on the workspace"
            ))
        }
        _ => Fix::say("mend the tables below that cannot be read, then check again"),
    };
    let is_refused = matches!(partly.why.why, Why::Forbidden { status: 403, .. });
    match is_refused && accepts(config, place.source().as_str()) {
        true => check.weighing(Weight::Fine),
        false => check.fix(fix),
    }
}

/// A table that its place does not give, while it gives others.
fn closed(config: &CheckConfig, place: Place, table: &'static str, problem: &Problem) -> Check {
    let without = needs::table(table).map_or("", |known| known.without);
    let Why::Forbidden { status, words, .. } = &problem.why else {
        return Check::gap(
            Topic::Tables,
            table,
            State::Failed,
            shown(&problem.to_string()),
        )
        .without(without)
        .fix(Fix::say("look the words up, or check again later"));
    };
    let detail = format!("no access to this table (HTTP {status}{words})");
    if *status == 403 && accepts(config, place.source().as_str()) {
        let detail = shown(&format!("{detail}; accepted by [gaps] accepted"));
        return Check::gap(Topic::Tables, table, State::Missing, detail).weighing(Weight::Fine);
    }
    let fix = match place {
        Place::Workspace => {
            "give the right to read this table in the workspace: a role on the table itself is enough"
        }
        Place::Hunting => "give the right to this table in Microsoft Defender",
    };
    Check::gap(Topic::Tables, table, State::Missing, shown(&detail))
        .without(without)
        .fix(Fix::say(fix))
}

/// What a load lacks without a place.
fn without(place: Place) -> &'static str {
    match place {
        Place::Workspace => {
            "nothing is read from the workspace: no incident is found there, no click, no host and no alert"
        }
        Place::Hunting => {
            "nothing is read from Defender: no incident is found there, no click, no host and no alert"
        }
    }
}

/// A refusal that there is advice for; `None` for any other.
fn refused(
    config: &CheckConfig,
    tokens: &Tokens<'_>,
    place: Place,
    problem: &Problem,
) -> Option<Check> {
    let name = place_name(place);
    let id = config.workspace.as_ref().map(|(_, id)| shown(id));
    let id = id.unwrap_or_default();
    let check = |state, detail: String| Check::gap(Topic::Tables, name, state, detail);
    Some(match (&problem.why, place) {
        // The permission has a line of its own.
        (Why::Forbidden { .. }, Place::Hunting) => {
            Check::skipped(Topic::Tables, name, "it lets nobody in without the permission")
        }
        (Why::Forbidden { status, words, .. }, Place::Workspace) => {
            let detail = shown(&format!("no access (HTTP {status}{words})"));
            let (whom, assignee) = assignee(config, tokens.logs);
            let command = format!(
                "az role assignment create --role \"Log Analytics Reader\" --assignee {} --scope \"$(az monitor log-analytics workspace list --query \"[?customerId=='{}'].id\" -o tsv)\"",
                assignee,
                word(&id).as_deref().unwrap_or("WORKSPACE_ID"),
            );
            let check = check(State::Missing, detail).fix(Fix::run(
                format!("give {whom} the role Log Analytics Reader on the workspace; it takes up to an hour to hold"),
                Command::Line(command),
            ));
            match *status == 403 && accepts(config, place.source().as_str()) {
                true => check.weighing(Weight::Fine),
                false => check,
            }
        }
        (Why::Nowhere { .. }, Place::Workspace) => check(
            State::Failed,
            format!("there is no workspace {id}"),
        )
        .fix(Fix::run(
            "set [sentinel] workspace_id to the workspace's own id (customerId), not to its name or resource id",
            Command::Line(
                "az monitor log-analytics workspace list --query \"[].{name:name, id:customerId}\" -o table"
                    .to_owned(),
            ),
        )),
        (Why::Nowhere { .. }, Place::Hunting) => {
            check(State::Failed, "there is none here (HTTP 404)".to_owned()).fix(Fix::say(
                "check [tenant] cloud and [endpoints] graph, and that the tenant has Microsoft Defender XDR",
            ))
        }
        (Why::NoData, _) => check(
            State::Absent,
            "it holds no data at all (HTTP 204)".to_owned(),
        )
        .fix(Fix::say(
            "see that [sentinel] workspace_id is the workspace of Sentinel, and connect data sources",
        )),
        _ => return None,
    })
}

/// Who needs a role on the workspace, in words and as a word of a command.
fn assignee(config: &CheckConfig, token: Option<&Permissions>) -> (String, String) {
    let user = token.and_then(Permissions::user);
    let object_id = token.and_then(Permissions::object_id);
    let known = match (user, &config.client_id) {
        (Some(user), _) => Some(user),
        // A managed identity has no [auth] client_id.
        (None, None) => object_id,
        (None, Some(client_id)) => Some(client_id.as_str()),
    };
    let whom = user.map_or("the application".to_owned(), shown);
    let command = known.and_then(word).unwrap_or_else(|| "WHOM".to_owned());
    (whom, command)
}

fn accepts(config: &CheckConfig, name: &str) -> bool {
    config.accepted.iter().any(|accepted| accepted == name)
}

/// The permission for advanced hunting. The service refuses without it, whatever is asked.
fn right_to_hunt(config: &CheckConfig, token: Option<&Permissions>, told: &Told) -> Check {
    let name = HUNTING.name;
    let has = token.is_some_and(|token| token.has(name));
    let lacks = token.is_some_and(|token| token.lacks(name));
    let is_delegated = token.is_some_and(Permissions::is_delegated);
    let missing = |why: &str| {
        let method = config.sign_in.as_ref().map(|sign_in| &sign_in.method);
        let say = Grant::by(method, token).fix(&HUNTING);
        let check = Check::gap(Topic::Permissions, name, State::Missing, shown(why));
        check.without(HUNTING.without).fix(say)
    };
    let check = match told {
        Told::Refused(Problem {
            why: Why::Forbidden { status, words, .. },
            ..
        }) => {
            let said = format!("HTTP {status}{words}");
            match (has, is_delegated) {
                (true, true) => Check::gap(
                    Topic::Permissions,
                    name,
                    State::Missing,
                    shown(&format!("the token holds it, and the person lacks a role in Defender ({said})")),
                )
                .without(HUNTING.without)
                .fix(Fix::say("give the person who signs in the role Security Reader in Entra")),
                (true, false) => Check::gap(
                    Topic::Permissions,
                    name,
                    State::Failed,
                    shown(&format!("the token holds it, and Graph refuses all the same ({said})")),
                )
                .without(HUNTING.without)
                .fix(Fix::say(
                    "nothing is left to grant; a new consent takes some minutes to reach every part of Graph, so check again later",
                )),
                (false, _) => missing(&format!("Graph refuses ({said})")),
            }
        }
        Told::Tables(_) | Told::Partly(_) => Check::ok(Topic::Permissions, name, ""),
        Told::NotAsked(why) => Check::skipped(Topic::Permissions, name, why),
        Told::Refused(_) | Told::Silent(_) if lacks => missing("the token does not hold it"),
        Told::Refused(_) | Told::Silent(_) if has => {
            Check::ok(Topic::Permissions, name, "by what the token says").unread()
        }
        Told::Refused(_) | Told::Silent(_) => {
            Check::skipped(Topic::Permissions, name, "advanced hunting does not answer")
        }
    };
    // As in a load.
    let is_refused = matches!(
        told,
        Told::Refused(Problem {
            why: Why::Forbidden { status: 403, .. },
            ..
        })
    );
    match is_refused && accepts(config, Place::Hunting.source().as_str()) {
        true => check.weighing(Weight::Fine),
        false => check,
    }
}

/// A table, with what stands in for it where it is absent.
fn of_table(
    config: &CheckConfig,
    places: &Places,
    table: &'static str,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let found = |table: &'static str| match places.find(table) {
        Some(end) => Some(there(places, end, now)),
        None => places.is_endless(table).then(|| endless(table)),
    };
    if let Some(check) = found(table) {
        return vec![check];
    }
    if let Some((place, problem)) = places.closed(table) {
        return vec![closed(config, place, table, problem)];
    }
    let stand_ins: Vec<&'static str> = stand_ins(table).collect();
    let found: Vec<Check> = stand_ins.iter().filter_map(|table| found(table)).collect();
    let mut checks = Vec::new();
    let is_replaced = !stand_ins.is_empty() && found.len() == stand_ins.len();
    if is_replaced {
        if may_be_at(places, table).next().is_some() {
            let detail = format!("not there; {} in its place", stand_ins.join(" and "));
            let check = Check::gap(Topic::Tables, table, State::Absent, detail);
            checks.push(check.weighing(Weight::Fine));
        }
    } else if may_be_at(places, table).next().is_none() {
        // As SecurityAlert, which advanced hunting does not show: what is read in its place is what is missing.
        let is_found = |table: &str| found.iter().any(|check| check.name == table);
        let missing = stand_ins.iter().filter(|table| !is_found(table));
        checks.extend(missing.map(|table| match places.closed(table) {
            Some((place, problem)) => closed(config, place, table, problem),
            None => absent(config, places, table),
        }));
    } else {
        checks.push(absent(config, places, table));
    }
    // What is also read by itself has a line of its own.
    let is_own = |check: &Check| Query::LogEnds.tables().any(|table| check.name == table);
    checks.extend(found.into_iter().filter(|check| !is_own(check)));
    checks
}

/// A table that is there, and whose ends are not told.
fn endless(table: &str) -> Check {
    Check::ok(
        Topic::Tables,
        table,
        "it can be read; when it begins and ends is not told",
    )
}

/// The tables that are read in the place of this one where it is absent.
fn stand_ins(table: &str) -> impl Iterator<Item = &'static str> {
    let reads = |query: &Query| query.tables().any(|read| read == table);
    let query = Query::ALL
        .into_iter()
        .filter(reads)
        .find_map(Query::stand_in);
    query.into_iter().flat_map(Query::tables)
}

/// The configured places where a table can be.
fn may_be_at<'p>(places: &'p Places, table: &'p str) -> impl Iterator<Item = (Place, &'p Told)> {
    places.all().filter(move |(place, _)| {
        let reads =
            |query: &Query| *query != Query::LogEnds && query.tables().any(|read| read == table);
        let mut queries = Query::ALL.into_iter().filter(reads);
        queries.any(|query| query.places().contains(place))
    })
}

fn there(places: &Places, end: &LogEnd, now: DateTime<Utc>) -> Check {
    let table = end.log;
    let place = match places.all().count() {
        ..=1 => "",
        _ if end.place == Place::Hunting => "; in advanced hunting",
        _ => "",
    };
    let check = |detail: String| Check::ok(Topic::Tables, table, format!("{detail}{place}"));
    if is_rare(table) {
        return check("there; its events are rare".to_owned());
    }
    let (Some(oldest), Some(newest)) = (end.extent.oldest, end.extent.newest) else {
        let days = BACK.num_days();
        return check(format!("no event in the last {days} days"))
            .fix(Fix::say("see that the source of such a table still sends"));
    };
    let ago = |at: DateTime<Utc>| length((now - at).to_std().unwrap_or_default());
    let newest_is = format!("newest {} ago", ago(newest));
    if now - newest > FRESH {
        return check(newest_is).fix(Fix::say("see that the source of such a table still sends"));
    }
    if now - oldest < DEFAULT_WINDOW - TimeDelta::days(1) {
        return check(format!("{newest_is}; begins {} ago", ago(oldest))).fix(Fix::say(
            "a load looks 30 days back: keep the table for longer, or `load --since` less",
        ));
    }
    check(format!("{newest_is}; all of 30 days"))
}

fn absent(config: &CheckConfig, places: &Places, table: &'static str) -> Check {
    let mut unknown = may_be_at(places, table)
        .filter(|(_, told)| !matches!(told, Told::Tables(_) | Told::Partly(_)));
    if let Some((place, told)) = unknown.next() {
        let why = match told {
            Told::NotAsked(why) => why.clone(),
            _ => format!("the {} cannot be read", place_name(place)),
        };
        return Check::skipped(Topic::Tables, table, why);
    }
    let at: Vec<Place> = may_be_at(places, table).map(|(place, _)| place).collect();
    let detail = match at[..] {
        [Place::Workspace] => "not in the workspace",
        [Place::Hunting] => "not in advanced hunting",
        [] => "not where this configuration looks",
        _ => "neither in the workspace nor in advanced hunting",
    };
    let check = Check::gap(Topic::Tables, table, State::Absent, detail);
    // As in a load: the table, what was looked for in its place, or the place that was asked first.
    let first = places.all().next().map(|(place, _)| place.source());
    let names = stand_ins(table).chain([table]);
    let mut names = names.chain(first.map(Source::as_str));
    if names.any(|name| accepts(config, name)) {
        let detail = format!("{detail}; accepted by [gaps] accepted");
        return Check { detail, ..check }.weighing(Weight::Fine);
    }
    let Some(known) = needs::table(table) else {
        return check;
    };
    let how = match at[..] {
        [Place::Hunting] => {
            "see whether its licence or the right to it is missing in Defender, or connect a workspace that has it".to_owned()
        }
        _ => format!("connect it in Sentinel's Content hub ({})", known.connector),
    };
    check.without(known.without).fix(Fix::say(format!(
        "{how}, or name it in [gaps] accepted if it is known to be missing"
    )))
}

/// The tenant's own indicators, which the provider `sentinel` reads.
pub(super) fn of_indicators(
    config: &CheckConfig,
    found: Result<(&'static str, Place), (&'static str, Told)>,
) -> Check {
    match found {
        Ok((table, place)) => Check::ok(Topic::Tables, table, format!("in {}", place.as_str())),
        Err((table, Told::Tables(_))) => {
            let places = Places {
                workspace: config.workspace.as_ref().map(|_| Told::Tables(Vec::new())),
                hunting: config.hunting.then(|| Told::Tables(Vec::new())),
            };
            absent(config, &places, table)
        }
        Err((table, Told::Refused(problem))) => match problem.why {
            Why::Forbidden { .. } | Why::Nowhere { .. } => {
                Check::skipped(Topic::Tables, table, "its place cannot be read")
            }
            _ => Check::gap(
                Topic::Tables,
                table,
                State::Failed,
                shown(&problem.to_string()),
            ),
        },
        // The indicators are asked for by themselves.
        Err((table, Told::Partly(partly))) => Check::gap(
            Topic::Tables,
            table,
            State::Failed,
            shown(&partly.why.to_string()),
        ),
        Err((table, Told::Silent(why))) => Check::gap(Topic::Tables, table, State::Failed, why),
        Err((table, Told::NotAsked(why))) => Check::skipped(Topic::Tables, table, why),
    }
}
