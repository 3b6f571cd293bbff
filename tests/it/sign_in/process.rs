use std::fs;
use std::time::{Duration, Instant};

use tenant_sim::{Options, World};

use crate::run::{Lab, start};

/// The limit of a process for core dumps, as the system shows it.
fn core_limit(pid: u32) -> Option<String> {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))?;
    Some(line.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(target_os = "linux")]
#[test]
fn core_dumps_are_off_while_secrets_are_in_memory() {
    let lab = Lab::new(World::small(), Options::default());
    lab.tenant.hold_queries(true);
    let mut child = start(&mut lab.load_command(&lab.case("case"), &[]));
    let begun = Instant::now();
    while lab.tenant.received(tenant_sim::Service::Login) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "no sign-in");
        std::thread::sleep(Duration::from_millis(20));
    }
    let limit = core_limit(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(limit.as_deref(), Some("Max core file size 0 0 bytes"));
}
