//! What each fault of a service does to a load: one row a fault. `docs/reliability.md` is written from these rows.
//!
//! A row runs `load` against the simulated tenant with its faults. It states the exit code, every gap and note beyond
//! those of a load in which nothing is wrong, and bounds for the number of requests. For all rows it holds that the graph
//! says nothing untrue, that a replay gives the same graph, and that the report says "Nothing is missing" exactly when there is no gap.

mod graph;
mod hunting;
mod intel;
mod logs;
mod sign_in;
mod truthful;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tenant_sim::{Fault, Options, Tenant, World};

use crate::run::graph::GraphFile;
use crate::run::{Lab, run};

/// Makes the faults of a row; it may need the tenant's addresses and world.
type Script = Box<dyn Fn(&Tenant) -> Vec<Fault>>;

/// A fault, and what a load makes of it.
pub(crate) struct Row {
    /// What goes wrong, as a sentence for the page.
    fault: &'static str,
    world: fn() -> World,
    options: Options,
    script: Script,
    arguments: Vec<&'static str>,
    setup: fn(String) -> String,
    config: fn(String) -> String,
    exit: i32,
    gaps: Vec<Missing>,
    notes: Vec<Missing>,
    requests: Vec<(&'static str, RangeInclusive<u64>)>,
    heals: bool,
    between: fn(&Tenant),
}

/// A gap or a note. In `reason`, `…` stands for any text.
#[derive(Clone, Copy)]
struct Missing {
    stage: &'static str,
    source: &'static str,
    reason: &'static str,
    affected: u64,
}

impl Row {
    /// A load of the small world with nothing wrong.
    pub(crate) fn new(fault: &'static str) -> Self {
        Self {
            fault,
            world: World::small,
            options: Options::default(),
            script: Box::new(|_| Vec::new()),
            arguments: Vec::new(),
            setup: unchanged,
            config: unchanged,
            exit: 0,
            gaps: Vec::new(),
            notes: Vec::new(),
            requests: Vec::new(),
            heals: false,
            between: |_| {},
        }
    }

    /// Another world than the small one.
    pub(crate) fn world(self, world: fn() -> World) -> Self {
        Self { world, ..self }
    }

    /// How strict the tenant is.
    pub(crate) fn options(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// The faults.
    pub(crate) fn script(self, script: impl Fn(&Tenant) -> Vec<Fault> + 'static) -> Self {
        let script = Box::new(script);
        Self { script, ..self }
    }

    /// Further arguments of `load`.
    pub(crate) fn arguments(self, arguments: &[&'static str]) -> Self {
        let arguments = arguments.to_vec();
        Self { arguments, ..self }
    }

    /// A change of the configuration that has nothing to do with the fault, so that the load in which nothing is wrong
    /// has it too.
    pub(crate) fn setup(self, setup: fn(String) -> String) -> Self {
        Self { setup, ..self }
    }

    /// A change of the configuration that is a part of the fault.
    pub(crate) fn config(self, config: fn(String) -> String) -> Self {
        Self { config, ..self }
    }

    /// The exit code, where it does not follow from the gaps: 3 with a gap, else 0.
    pub(crate) fn exit(self, exit: i32) -> Self {
        Self { exit, ..self }
    }

    /// A gap, which makes the exit code 3.
    pub(crate) fn gap(
        mut self,
        stage: &'static str,
        source: &'static str,
        reason: &'static str,
        affected: u64,
    ) -> Self {
        self.gaps.push((stage, source, reason, affected).into());
        self.exit = 3;
        self
    }

    /// A note that a load without the fault does not have.
    pub(crate) fn note(
        mut self,
        stage: &'static str,
        source: &'static str,
        reason: &'static str,
        affected: u64,
    ) -> Self {
        self.notes.push((stage, source, reason, affected).into());
        self
    }

    /// Bounds for the number of requests sent to a source, retries included.
    pub(crate) fn sends(mut self, source: &'static str, requests: RangeInclusive<u64>) -> Self {
        self.requests.push((source, requests));
        self
    }

    /// The same command, run again when the fault is over, completes the case: exit code and graph are those of a load
    /// in which nothing went wrong.
    pub(crate) fn heals(self) -> Self {
        Self {
            heals: true,
            ..self
        }
    }

    /// What happens to the tenant between the fault and the second run of a row that heals.
    pub(crate) fn between(self, between: fn(&Tenant)) -> Self {
        Self { between, ..self }
    }

    /// Loads under the fault, and compares everything with the row.
    pub(crate) fn check(self) {
        let healthy = Healthy::of(self.world, self.setup, &self.arguments);
        let lab = Lab::new((self.world)(), self.options.clone());
        lab.edit_config(self.setup);
        lab.edit_config(self.config);
        lab.tenant.script((self.script)(&lab.tenant));
        let case = lab.case("case");
        let ran = lab.load(&case, &self.arguments);
        assert_eq!(ran.code, Some(self.exit), "exit code: {ran:#?}");
        if self.exit != 0 && self.exit != 3 {
            return;
        }
        let result = ran.json();
        expect_list("gaps", &self.gaps, &missing(&result, "gaps"));
        let mut notes = missing(&result, "notes");
        notes.retain(|note| !healthy.notes.contains(note));
        expect_list("notes", &self.notes, &notes);
        for (source, bounds) in &self.requests {
            let sent = result["requests"][source]["sent"].as_u64().unwrap_or(0);
            let usual = &healthy.requests[*source]["sent"];
            assert!(
                bounds.contains(&sent),
                "{source}: {sent} requests, not {bounds:?}; {usual} when all is well"
            );
        }
        let untrue = truthful::untrue(&healthy.graph, &GraphFile::read(&case));
        assert!(untrue.is_empty(), "untrue:\n{}", untrue.join("\n"));
        assert_eq!(
            says_nothing_is_missing(&lab, &case),
            self.gaps.is_empty(),
            "the report on what is missing"
        );
        crate::intel_load::replays_alike(&lab, &case, self.exit);
        if self.heals {
            lab.tenant.clear_script();
            (self.between)(&lab.tenant);
            let result = lab.loaded(&case, &self.arguments, 0);
            assert_eq!(result["summary"], healthy.summary, "healed");
            let healed = GraphFile::read(&case);
            let differences = truthful::differences(&healthy.graph, &healed);
            assert!(
                differences.is_empty(),
                "healed:\n{}",
                differences.join("\n")
            );
        }
    }

    /// The row of the page.
    fn to_markdown(&self) -> String {
        let list = |missing: &[Missing], kind: &str| {
            let one = |missing: &Missing| {
                let Missing {
                    stage,
                    source,
                    reason,
                    affected,
                } = missing;
                format!("{kind} {stage} ({source}): {reason}; {affected} affected")
            };
            missing.iter().map(one).collect::<Vec<_>>()
        };
        let said = [list(&self.gaps, "Gap,"), list(&self.notes, "Note,")].concat();
        let said = if said.is_empty() {
            "Nothing is missing.".to_owned()
        } else {
            said.join("<br>")
        };
        let again = if self.heals { "heals" } else { "" };
        format!(
            "| {} | {} | {} | {again} |",
            self.fault,
            self.exit,
            said.replace('|', "\\|")
        )
    }
}

/// A load in which nothing goes wrong.
struct Healthy {
    summary: Value,
    requests: Value,
    notes: Vec<Value>,
    graph: GraphFile,
}

impl Healthy {
    /// The load of a world with these arguments. It is made once for all rows.
    fn of(
        world: fn() -> World,
        setup: fn(String) -> String,
        arguments: &[&'static str],
    ) -> std::sync::Arc<Self> {
        type Key = (usize, usize, Vec<&'static str>);
        static KNOWN: Mutex<BTreeMap<Key, std::sync::Arc<Healthy>>> = Mutex::new(BTreeMap::new());
        let key = (world as usize, setup as usize, arguments.to_vec());
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let healthy = known.entry(key).or_insert_with(|| {
            let lab = Lab::new(world(), Options::default());
            lab.edit_config(setup);
            let case = lab.case("case");
            let ran = lab.load(&case, arguments);
            let result = ran.json();
            std::sync::Arc::new(Self {
                summary: result["summary"].clone(),
                requests: result["requests"].clone(),
                notes: missing(&result, "notes"),
                graph: GraphFile::read(&case),
            })
        });
        std::sync::Arc::clone(healthy)
    }
}

fn unchanged(config: String) -> String {
    config
}

fn missing(result: &Value, list: &str) -> Vec<Value> {
    result[list].as_array().expect("a list").clone()
}

/// Each expected element is there, and no other.
fn expect_list(name: &str, expected: &[Missing], found: &[Value]) {
    let mut left: Vec<&Value> = found.iter().collect();
    for missing in expected {
        let at = left.iter().position(|found| missing.is(found));
        let at = at.unwrap_or_else(|| {
            let Missing {
                stage,
                source,
                reason,
                affected,
            } = missing;
            panic!("{name}: no {stage} {source} {affected}: {reason}\nin {found:#?}")
        });
        left.remove(at);
    }
    assert!(
        left.is_empty(),
        "{name} that the row does not have: {left:#?}"
    );
}

impl From<(&'static str, &'static str, &'static str, u64)> for Missing {
    fn from(
        (stage, source, reason, affected): (&'static str, &'static str, &'static str, u64),
    ) -> Self {
        Self {
            stage,
            source,
            reason,
            affected,
        }
    }
}

impl Missing {
    fn is(&self, found: &Value) -> bool {
        found["stage"] == self.stage
            && found["source"] == self.source
            && found["affected"] == self.affected
            && matches_text(self.reason, found["reason"].as_str().unwrap_or_default())
    }
}

/// Whether a text is like the pattern, in which `…` stands for any text.
fn matches_text(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
        last = Some(part);
    }
    rest.is_empty() || last.is_some_and(|part| part.is_empty() || text.ends_with(part))
}

/// Whether the report of the case says that nothing is missing.
fn says_nothing_is_missing(lab: &Lab, case: &Path) -> bool {
    let file = lab.folder().join("report.html");
    let mut command = lab.binary();
    command.args(["report", "--case"]).arg(case);
    let ran = run(command.arg("--out").arg(&file));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let page = std::fs::read_to_string(file).unwrap();
    page.contains("Nothing is missing")
}

/// Makes a test of each row, and `rows`, which lists them all for the page.
macro_rules! rows {
    ($($name:ident: $row:expr;)*) => {
        $(#[test]
        fn $name() {
            $row.check();
        })*

        pub(super) fn rows() -> Vec<super::Row> {
            vec![$($row),*]
        }
    };
}
use rows;

/// `UPDATE_SNAPSHOTS=1` writes the page anew.
#[test]
fn the_page_is_written_from_the_rows() {
    let chapters = [
        ("Microsoft Graph", graph::rows()),
        ("The logs", logs::rows()),
        ("The logs in advanced hunting", hunting::rows()),
        ("Providers of threat intelligence", intel::rows()),
        ("Sign-in", sign_in::rows()),
    ];
    let mut page = include_str!("page.md").to_owned();
    for (title, rows) in chapters {
        page.push_str(&format!("\n## {title}\n\n| What goes wrong | Exit code | What the load says | Run again |\n|---|---|---|---|\n"));
        for row in rows {
            page.push_str(&row.to_markdown());
            page.push('\n');
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reliability.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/reliability.md is not what the rows give; run the tests with UPDATE_SNAPSHOTS=1"
    );
}

#[test]
fn a_pattern_stands_for_any_text_at_its_gaps() {
    assert!(matches_text("a … c", "a b c"));
    assert!(matches_text("a…", "a"));
    assert!(matches_text("abc", "abc"));
    assert!(!matches_text("abc", "abcd"));
    assert!(!matches_text("a … c", "a b d"));
    assert!(!matches_text("a … c", "a b c d"));
}
