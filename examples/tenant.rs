//! Runs a simulated tenant until Ctrl-C, so that the command line can be tried by hand:
//!
//! ```text
//! cargo run --example tenant -- --world demo --out /tmp/try
//! set -a; . /tmp/try/secrets.env; set +a
//! linktrail load --config /tmp/try/linktrail.toml --from 2026-10-01 --to 2026-10-31 --no-neo4j
//! ```
//!
//! Options: `--world small|demo|<messages>` (small), `--seed N` (the world's own), `--throttle FACTOR` (off; 1 is the
//! real limits), `--cloud public|gcc|usgov|usgov-dod` (public), `--out DIR` (a temporary folder), `--extra FILE` (TOML appended to the configuration,
//! such as a `[neo4j]` table). `truth.json` in that folder holds what a load with default options must
//! answer. When it ends it prints what a careful client would not have asked.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use tenant_sim::{Cloud, Options, Query, Tenant, World};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut world_name = "small".to_owned();
    let mut seed = None;
    let mut options = Options::default();
    let mut out = None;
    let mut extra = String::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--world" => world_name = value,
            "--seed" => seed = Some(value.parse()?),
            "--throttle" => options.throttle = Some(value.parse()?),
            "--cloud" => {
                options.cloud = match value.as_str() {
                    "public" => Cloud::Public,
                    "gcc" => Cloud::Gcc,
                    "usgov" => Cloud::Usgov,
                    "usgov-dod" => Cloud::UsgovDod,
                    _ => return Err(format!("no cloud is called {value}").into()),
                }
            }
            "--out" => out = Some(PathBuf::from(value)),
            "--extra" => extra = std::fs::read_to_string(value)?,
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    let world = World::named(&world_name, seed, World::default_anchor())
        .ok_or(format!("no world is called {world_name}"))?;
    let truth = world.truth(&Query::of(&world));
    let (from, to) = (world.from(), world.anchor);
    let tenant = Tenant::start(world, options);

    let folder = out.unwrap_or_else(|| tenant.folder().to_owned());
    std::fs::create_dir_all(&folder)?;
    let config = folder.join("linktrail.toml");
    std::fs::write(&config, tenant.config_toml(&extra))?;
    let secrets: String = tenant
        .env()
        .iter()
        .map(|(name, value)| format!("{name}='{value}'\n"))
        .collect();
    std::fs::write(folder.join("secrets.env"), secrets)?;
    let expected = serde_json::to_string_pretty(&truth.to_json())?;
    std::fs::write(folder.join("truth.json"), expected)?;

    println!("config   {}", config.display());
    println!("secrets  {}", folder.join("secrets.env").display());
    println!("truth    {}", folder.join("truth.json").display());
    println!("ca       {}", tenant.ca_file().display());
    for (name, url) in tenant.endpoints() {
        println!("{name:<14} {url}");
    }
    println!(
        "window   --from {} --to {}",
        from.to_rfc3339(),
        to.to_rfc3339()
    );
    println!("expect   {}", truth.summary.sentence);
    println!("Ctrl-C ends it.");
    tokio::signal::ctrl_c().await?;

    println!("\n{} requests", tenant.requests().len());
    for violation in tenant.violations() {
        println!("violation: {violation}");
    }
    Ok(())
}
