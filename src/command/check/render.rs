//! The result as text for people, and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::finding::{Check, Command, State, Weight, worst};
use super::needs::GRAPH;
use crate::hunt::render::wrapped;
use crate::terminal::{clean, harmless, word};

/// The width of the text, which is that of the narrowest terminal in common use.
const WIDTH: usize = 80;
/// The column in which names begin, after the state.
const NAME: usize = 11;
/// The column in which details begin, after the name.
const DETAIL: usize = 38;

/// The line of the contract: `{"what", "state", "detail", "fix"}`.
#[derive(Serialize)]
struct Line<'a> {
    what: String,
    state: State,
    detail: String,
    fix: Option<&'a str>,
}

/// The result as one JSON object.
pub(super) fn json(checks: &[Check], client_id: Option<&str>) -> serde_json::Result<String> {
    let fixes: Vec<Option<String>> = checks.iter().map(|check| fix(check, client_id)).collect();
    let lines: Vec<Line<'_>> = checks
        .iter()
        .zip(&fixes)
        .map(|(check, fix)| Line {
            what: check.what(),
            state: check.state,
            detail: match check.without.is_empty() {
                true => check.detail.clone(),
                false => format!("{}; without it: {}", check.detail, check.without),
            },
            fix: fix.as_deref(),
        })
        .collect();
    let result = serde_json::json!({ "checks": lines });
    Ok(harmless(&serde_json::to_string_pretty(&result)?) + "\n")
}

/// What to do, with the whole command.
fn fix(check: &Check, client_id: Option<&str>) -> Option<String> {
    let fix = check.fix.as_ref()?;
    Some(match &fix.command {
        None => fix.say.clone(),
        Some(Command::Line(line)) => format!("{}: {line}", fix.say),
        Some(Command::Grant(id)) => {
            format!("{}: {}", fix.say, granting(&[id], client_id).join(" && "))
        }
    })
}

/// The commands that grant permissions of Microsoft Graph, as an administrator runs them.
fn granting(ids: &[&str], client_id: Option<&str>) -> [String; 2] {
    let client = client_id.and_then(word);
    let client = client.as_deref().unwrap_or("CLIENT_ID");
    let roles: Vec<String> = ids.iter().map(|id| format!("{id}=Role")).collect();
    [
        format!(
            "az ad app permission add --id {client} --api {GRAPH} --api-permissions {}",
            roles.join(" ")
        ),
        format!("az ad app permission admin-consent --id {client}"),
    ]
}

/// The result as text. `client_id` stands in the commands.
pub(super) fn text(
    checks: &[Check],
    client_id: Option<&str>,
    with_colour: bool,
) -> Result<String, std::fmt::Error> {
    let colours = Colours(with_colour);
    let mut text = String::new();
    let mut topic = None;
    let mut before: Option<&Check> = None;
    let mut rest = checks;
    while let Some(check) = rest.first() {
        if topic != Some(check.topic) {
            if topic.is_some() {
                text.push('\n');
            }
            topic = Some(check.topic);
            writeln!(text, "{}", colours.bold(check.topic.title()))?;
        }
        // What was not tried for one reason is one entry.
        let same = |other: &&Check| {
            check.state == State::Skipped
                && (other.state, other.topic, &other.detail)
                    == (check.state, check.topic, &check.detail)
        };
        let count = rest.iter().take_while(same).count().max(1);
        let entry = Entry {
            checks: &rest[..count],
            // What failed for one reason twice has it once.
            is_the_same: before.is_some_and(|before| {
                (before.state, check.state) == (State::Failed, State::Failed)
                    && (before.topic, &before.detail) == (check.topic, &check.detail)
            }),
            // What is to be done about several is said after the last of them.
            is_mended_below: rest.get(count).is_some_and(|next| {
                (next.state, check.state) == (State::Ok, State::Ok) && next.fix == check.fix
            }),
        };
        entry.write(&mut text, &colours)?;
        before = Some(check);
        rest = &rest[count..];
    }
    write_commands(&mut text, checks, client_id, &colours)?;
    let (state, summary) = summary(checks);
    text.push('\n');
    for line in wrapped(&summary, WIDTH) {
        writeln!(text, "{}", colours.state(state, line))?;
    }
    Ok(text)
}

/// What stands together in the text: a check, or several that were skipped for one reason.
struct Entry<'c> {
    checks: &'c [Check],
    /// The check before it failed for the same reason.
    is_the_same: bool,
    /// The next check is mended in the same way.
    is_mended_below: bool,
}

impl Entry<'_> {
    fn write(&self, text: &mut String, colours: &Colours) -> std::fmt::Result {
        let checks = self.checks;
        let [check, ..] = checks else { return Ok(()) };
        let names: Vec<&str> = checks.iter().map(|check| check.name.as_str()).collect();
        let name = clean(&names.join(", ")).into_owned();
        let state = format!("{:<width$}", check.state.as_str(), width = NAME - 2);
        write!(text, "  {}", colours.state(check.state, &state))?;
        let detail = match self.is_the_same {
            true => "the same".into(),
            false => clean(&check.detail),
        };
        let is_short = checks.len() == 1 && name.len() < DETAIL - NAME - 1;
        if detail.is_empty() {
            writeln!(text, "{name}")?;
        } else if is_short && check.without.is_empty() && check.state != State::Failed {
            let width = DETAIL - NAME;
            write!(text, "{name:<width$}")?;
            write_block(text, &detail, DETAIL, true)?;
        } else {
            write_block(text, &name, NAME, true)?;
            write_block(text, &detail, NAME, false)?;
        }
        if !check.without.is_empty() {
            let without = format!("Without it: {}.", clean(&check.without));
            write_block(text, &without, NAME, false)?;
        }
        if let Some(fix) = check.fix.as_ref().filter(|_| !self.is_mended_below) {
            let below = match fix.command {
                Some(_) => " (command below)",
                None => "",
            };
            let fix = format!("Fix: {}{below}.", clean(&fix.say));
            let mut lines = String::new();
            write_block(&mut lines, &fix, NAME, false)?;
            text.push_str(&lines.replacen("Fix:", &colours.bold("Fix:"), 1));
        }
        Ok(())
    }
}

/// Writes a text in lines that begin in this column. `goes_on` says that the first line is begun.
fn write_block(text: &mut String, block: &str, column: usize, goes_on: bool) -> std::fmt::Result {
    for (at, line) in wrapped(block, WIDTH - column).into_iter().enumerate() {
        match at == 0 && goes_on {
            true => writeln!(text, "{line}")?,
            false => writeln!(text, "{:column$}{line}", "")?,
        }
    }
    Ok(())
}

/// Writes every command once, broken as a shell takes it.
fn write_commands(
    text: &mut String,
    checks: &[Check],
    client_id: Option<&str>,
    colours: &Colours,
) -> std::fmt::Result {
    let commands = || {
        checks
            .iter()
            .filter_map(|check| check.fix.as_ref()?.command.as_ref())
    };
    let grants: Vec<&str> = commands()
        .filter_map(|command| match command {
            Command::Grant(id) => Some(*id),
            Command::Line(_) => None,
        })
        .collect();
    let mut lines: Vec<String> = Vec::new();
    if !grants.is_empty() {
        lines.extend(granting(&grants, client_id));
    }
    for command in commands() {
        if let Command::Line(line) = command
            && !lines.contains(line)
        {
            lines.push(line.clone());
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{}", colours.bold("Commands"))?;
    for line in lines {
        writeln!(text, "  {}", broken(&clean(&line)))?;
    }
    Ok(())
}

/// A command of several lines, each of which but the last ends in a backslash. It is broken between words, and never
/// inside quotes; what stands in `$(…)` has quotes of its own.
fn broken(line: &str) -> String {
    const INDENT: usize = 2;
    let mut text = String::new();
    let mut used = INDENT;
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut in_quotes, mut around) = (false, Vec::new());
    for c in line.chars() {
        match c {
            ' ' if !in_quotes => {
                words.push(std::mem::take(&mut word));
                continue;
            }
            '"' => in_quotes = !in_quotes,
            '(' if word.ends_with('$') => around.push(std::mem::take(&mut in_quotes)),
            ')' if !in_quotes => in_quotes = around.pop().unwrap_or(false),
            _ => {}
        }
        word.push(c);
    }
    words.push(word);
    for (at, word) in words.iter().enumerate() {
        let width = word.chars().count();
        // Two columns are kept for the backslash.
        if at > 0 && used + 1 + width > WIDTH - 2 {
            text.push_str(" \\\n      ");
            used = INDENT + 4;
        } else if at > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += width;
    }
    text
}

/// The last line: what a load would be like.
fn summary(checks: &[Check]) -> (State, String) {
    let counted = |weight: Weight| checks.iter().filter(|check| check.weight == weight).count();
    match worst(checks) {
        Weight::Fine => (
            State::Ok,
            "All is well: a load would have no gap. Next: linktrail load".to_owned(),
        ),
        Weight::Gap => (
            State::Missing,
            format!(
                "A load would have gaps: {} of {} checks found something missing.",
                counted(Weight::Gap),
                checks.len()
            ),
        ),
        Weight::Stop => (
            State::Failed,
            format!("As it is, nothing could be loaded: {}.", stops(checks)),
        ),
        Weight::Configuration => (
            State::Failed,
            "The configuration is wrong, and no load begins until it is mended.".to_owned(),
        ),
    }
}

/// What ends a load at once.
fn stops(checks: &[Check]) -> String {
    let stops = checks.iter().filter(|check| check.weight == Weight::Stop);
    let mut stops: Vec<String> = stops.map(Check::what).collect();
    if stops.is_empty() {
        stops.push("neither Microsoft Graph nor a log can be read".to_owned());
    }
    clean(&stops.join(", ")).into_owned()
}

/// Whether there are colours.
struct Colours(bool);

impl Colours {
    fn paint(&self, code: &str, text: &str) -> String {
        match self.0 {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    /// The words tell the states apart too, for whoever does not see the colours.
    fn state(&self, state: State, text: &str) -> String {
        match state {
            State::Ok => self.paint("32", text),
            State::Missing | State::Absent => self.paint("33", text),
            State::Failed => self.paint("31", text),
            State::Skipped => self.paint("2", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::check::finding::{Fix, Topic};

    #[test]
    fn a_long_command_is_broken_outside_quotes() {
        let line = format!(
            "az x --id {} --scope \"$(az y --query \"[?a=='b'].id\" -o tsv)\"",
            "4".repeat(60)
        );
        let text = broken(&line);
        assert_eq!(text.replace(" \\\n      ", " "), line);
        assert!(text.contains(" \\\n"), "{text}");
        assert_eq!(broken("linktrail schema apply"), "linktrail schema apply");
    }

    #[test]
    fn permissions_are_granted_by_one_command() {
        let missing = |id| {
            Check::gap(Topic::Permissions, "X", State::Missing, "no")
                .fix(Fix::run("do", Command::Grant(id)))
        };
        let text = text(&[missing("a"), missing("b")], Some("c"), false).unwrap();
        assert_eq!(text.matches("permission add").count(), 1, "{text}");
        assert!(text.contains("a=Role") && text.contains("b=Role"), "{text}");
        assert_eq!(text.matches("admin-consent --id c").count(), 1, "{text}");
        let json = json(&[missing("a")], Some("c; rm")).unwrap();
        assert!(json.contains("--id \\\"c; rm\\\" --api"), "{json}");
    }

    #[test]
    fn what_is_the_same_is_said_once() {
        let failed =
            |name: &str| Check::gap(Topic::SignIn, name, State::Failed, "the secret is wrong");
        let late =
            |name: &str| Check::ok(Topic::Tables, name, "newest 9 days ago").fix(Fix::say("look"));
        let skipped = |name: &str| Check::skipped(Topic::Intel, name, "not asked");
        let checks = [
            failed("a"),
            failed("b"),
            late("c"),
            late("d"),
            skipped("e"),
            skipped("f"),
        ];
        let text = text(&checks, None, false).unwrap();
        for (said, times) in [
            ("the secret is wrong", 1),
            ("the same", 1),
            ("Fix: look.", 1),
            ("e, f", 1),
            ("not asked", 1),
        ] {
            assert_eq!(text.matches(said).count(), times, "{said}: {text}");
        }
        let json = json(&checks, None).unwrap();
        assert_eq!(json.matches("the secret is wrong").count(), 2, "{json}");
        assert_eq!(json.matches("look").count(), 2, "{json}");
    }

    #[test]
    fn no_text_from_outside_reaches_the_terminal_as_it_is() {
        let hostile = "a\u{1b}[2J\u{202e}b\nc";
        let check = Check::gap(Topic::Tables, hostile, State::Failed, hostile)
            .without(hostile)
            .fix(Fix::run(hostile, Command::Line(hostile.to_owned())));
        let text = text(std::slice::from_ref(&check), Some(hostile), false).unwrap();
        let is_unsafe = |c: char| c != '\n' && crate::terminal::is_unsafe(c);
        assert!(!text.contains(is_unsafe), "{text:?}");
        let json = json(&[check], Some(hostile)).unwrap();
        assert!(!json.contains(is_unsafe), "{json:?}");
    }
}
