//! Loads of a person who is signed in: Graph gives people their own lists and no exports, so nothing else is asked for, and
//! one gap says what that leaves out.

use serde_json::Value;
use tenant_sim::{Options, Tenant, World};

use super::whole::{Setup, options};
use crate::run::gaps;

/// A setup for one way to sign in as a person with these scopes.
fn signed_in(way: &str, world: World, scopes: &[&'static str]) -> Setup {
    let options = Options {
        scopes: scopes.to_vec(),
        ..options()
    };
    Setup::of(way, world, options)
}

/// The one gap about Graph.
fn about_person(result: &Value) -> Vec<String> {
    let all = gaps(result, "gaps");
    let such = all
        .into_iter()
        .filter(|gap| gap.contains("signed in as a person"));
    such.collect()
}

/// The requests to Graph that are not for advanced hunting.
fn asked(tenant: &Tenant) -> Vec<String> {
    let all = tenant.requests_to(tenant_sim::Service::Graph);
    let such = all.iter().filter(|e| !e.target.contains("runHuntingQuery"));
    such.map(|e| format!("{} {}", e.target, e.body)).collect()
}

#[test]
fn a_person_without_rights_in_graph_has_what_the_logs_have() {
    for way in ["device-code", "azure-cli"] {
        let setup = signed_in(way, World::small(), &["ThreatHunting.Read.All"]);
        let ran = setup.load(&[]);
        assert_eq!(ran.code, Some(3), "{way}: {ran:#?}");
        let result = ran.json();
        assert_eq!(asked(&setup.lab.tenant), Vec::<String>::new(), "{way}");
        let said = about_person(&result);
        assert_eq!(said.len(), 1, "{way}: {result:#}");
        for part in [
            "joined teams of other people",
            "channels (needs Channel.ReadBasic.All)",
        ] {
            assert!(said[0].contains(part), "{part}: {said:?}");
        }
        assert_eq!(gaps(&result, "gaps"), said, "nothing else is missing");
        setup.lab.tenant.assert_clean();
    }
}
