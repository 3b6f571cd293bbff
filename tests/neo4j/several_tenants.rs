//! Two customers of one analyst: `docs/several-tenants.md`, with what its commands print.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tenant_sim::{Options, Tenant, World};

use crate::run::{self, Ran, binary};
use crate::shared::{ONE_WORLD_AT_A_TIME, open, with_server};

/// A customer: the name, the tenant, and what stands in the page in the place of the id of its case.
struct Customer {
    name: &'static str,
    tenant: Tenant,
    shown: &'static str,
    /// The first day of its case.
    from: &'static str,
}

impl Customer {
    fn new(name: &'static str, world: World, shown: &'static str, from: &'static str) -> Self {
        let tenant = Tenant::start(world, Options::default());
        Self {
            name,
            tenant,
            shown,
            from,
        }
    }

    /// Writes the configuration of this customer, and its secret beside it.
    fn settle_in(&self, folder: &Path) {
        let config = self.tenant.config_toml("");
        let secret = format!("[auth]\nclient_secret_file = \"{}.secret\"\n", self.name);
        let config = config.replacen("[auth]\n", &secret, 1);
        std::fs::write(folder.join(format!("{}.toml", self.name)), config).expect("written");
        let secret = &self.tenant.world().client_secret;
        std::fs::write(folder.join(format!("{}.secret", self.name)), secret).expect("written");
    }
}

/// What was typed, and what came of it.
struct Session {
    folder: TempDir,
    text: String,
    /// Ids of cases, and what is shown in their place.
    shown: Vec<(String, &'static str)>,
}

impl Session {
    /// Runs a command that is typed as it stands here.
    fn run(&mut self, line: &str, code: i32) -> Ran {
        let mut real = line.to_owned();
        for (id, shown) in &self.shown {
            real = real.replace(shown, id);
        }
        let mut command = binary(self.folder.path());
        command.args(real.split(' ').skip(1));
        for (name, key) in [
            ("LINKTRAIL_OTX_KEY", tenant_sim::OTX_KEY),
            ("LINKTRAIL_XFORCE_KEY", tenant_sim::XFORCE_KEY),
            ("LINKTRAIL_XFORCE_PASSWORD", tenant_sim::XFORCE_PASSWORD),
        ] {
            command.env(name, key);
        }
        let command: &mut Command = with_server(&mut command);
        let ran = run::run(command);
        assert_eq!(ran.code, Some(code), "{line}: {ran:#?}");
        ran
    }

    /// Shows a command with its output.
    fn show(&mut self, line: &str, code: i32) {
        let ran = self.run(line, code);
        let output = match code {
            0 => &ran.stdout,
            _ => &ran.stderr,
        };
        let mut output = output.trim_end().to_owned();
        for (id, shown) in &self.shown {
            output = output.replace(id, shown);
        }
        write!(self.text, "$ {line}\n{output}\n\n").expect("a text");
    }
}

/// `UPDATE_SNAPSHOTS=1` writes the session into the page again.
#[tokio::test]
async fn the_page_of_several_tenants_shows_what_its_commands_print() {
    let _turn = ONE_WORLD_AT_A_TIME.lock().await;
    let connection = open().await;
    let customers = [
        Customer::new(
            "contoso",
            World::small(),
            "01KA1CASE0FC0NT0S0HERE0001",
            "2026-10-01",
        ),
        Customer::new(
            "northwind",
            World::neighbour(),
            "01KA1CASE0FN0RTHW1ND000002",
            "2026-10-05",
        ),
    ];
    let mut session = Session {
        folder: TempDir::new().expect("a folder"),
        text: String::new(),
        shown: Vec::new(),
    };
    for customer in &customers {
        customer.settle_in(session.folder.path());
        let Customer { name, from, .. } = customer;
        let line = format!(
            "linktrail load --config {name}.toml --case cases/{name}/october --from {from}T00:00:00Z --to 2026-10-31T00:00:00Z"
        );
        let ran = session.run(&line, 0);
        let sentence = ran
            .stdout
            .lines()
            .find(|line| line.contains(" malicious URL(s) "));
        let sentence = sentence.expect("a sentence");
        write!(session.text, "$ {line}\n…\n{sentence}\n\n").expect("a text");
        let manifest = session
            .folder
            .path()
            .join(format!("cases/{name}/october/case.json"));
        let manifest = std::fs::read_to_string(manifest).expect("a case");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        let id = manifest["id"].as_str().expect("an id").to_owned();
        session.shown.push((id, customer.shown));
        customer.tenant.assert_clean();
    }
    let [contoso, northwind] = [customers[0].shown, customers[1].shown];
    session.show(
        &format!("linktrail hunt run seen-before --config contoso.toml -p case={contoso}"),
        0,
    );
    session.show(
        &format!(
            "linktrail hunt run summary --config contoso.toml -p case={contoso} --format json"
        ),
        0,
    );
    session.show(
        &format!(
            "linktrail hunt run summary --config northwind.toml -p case={northwind} --format json"
        ),
        0,
    );
    session.show(
        "linktrail load --config northwind.toml --case cases/contoso/october",
        2,
    );
    for (id, _) in &session.shown {
        connection.prune(id).await.expect("it is taken out");
    }

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/several-tenants.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once("```console\n").expect("the session");
    let (_, after) = rest.split_once("```\n").expect("its end");
    let wanted = format!("{}\n", session.text.trim_end());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        let page = format!("{before}```console\n{wanted}```\n{after}");
        std::fs::write(&path, page).expect("written");
    }
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(
        page.contains(&format!("```console\n{wanted}```\n")),
        "docs/several-tenants.md shows other output; run the tests with UPDATE_SNAPSHOTS=1:\n{wanted}"
    );
}
