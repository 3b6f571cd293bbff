//! `[tenant] internal_domains` has to be given once a provider outside the tenant is asked, and the error says what to
//! write.

use tenant_sim::{Action, Fault, Options, Service, World};

use crate::run::{self, Lab};

/// A lab whose configuration does not name the tenant's domains.
fn lab(options: Options) -> Lab {
    let lab = Lab::new(World::small(), options);
    lab.edit_config(|config| config.replacen("internal_domains = ", "# ", 1));
    lab
}

const GENERAL: &str = "error: the tenant's own domains are missing, about which no outside provider is asked, and [intel] providers has otx, xforce: set internal_domains = [\"contoso.com\", \"contoso.onmicrosoft.com\"], with your own, under [tenant] in linktrail.toml, or LINKTRAIL_TENANT_INTERNAL_DOMAINS; [] says that there are none";

fn complaint(lab: &Lab) -> String {
    let case = lab.case("case");
    let ran = lab.load(&case, &[]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.stdout.is_empty() && !case.exists(), "{ran:#?}");
    ran.complaint()
}

#[test]
fn the_error_proposes_what_the_tenant_lists() {
    let lab = lab(Options::default());
    assert_eq!(
        complaint(&lab),
        "error: the tenant's own domains are missing, about which no outside provider is asked, and [intel] providers has otx, xforce; Microsoft Graph lists these as the tenant's own: write internal_domains = [\"contoso.com\", \"contoso.onmicrosoft.com\"] under [tenant] in linktrail.toml, with what else is yours, or [] to say that there are none"
    );
    let asked: Vec<String> = lab
        .tenant
        .requests()
        .into_iter()
        .filter(|request| request.service != Service::Login)
        .map(|request| request.target)
        .collect();
    assert_eq!(asked, ["/v1.0/organization?$select=verifiedDomains"]);
    lab.tenant.assert_clean();
}

#[test]
fn the_error_is_the_general_one_where_the_tenant_does_not_say() {
    let refused = lab(Options {
        withheld: vec!["Organization.Read.All"],
        ..Options::default()
    });
    assert_eq!(complaint(&refused), GENERAL);
    let script = |fault: Fault| {
        let lab = lab(Options::default());
        lab.tenant.script([fault.always()]);
        lab
    };
    let away = script(Fault::on(Service::Login, "POST", Action::status(503)));
    assert_eq!(complaint(&away), GENERAL);
    let html = script(Fault::on(Service::Graph, "organization", Action::Html));
    assert_eq!(complaint(&html), GENERAL);
    let hostile = r#"{"value":[{"verifiedDomains":[{"name":"\u001b[2Jx.example"},{"name":"a\"]\n[auth]"}]}]}"#;
    let hostile = Action::page(200, "application/json", hostile);
    let hostile = script(Fault::on(Service::Graph, "organization", hostile));
    assert_eq!(complaint(&hostile), GENERAL);
}

#[test]
fn nobody_is_asked_while_something_else_is_wrong() {
    let lab = lab(Options::default());
    lab.edit_config(|config| config.replacen("client_id = ", "# ", 1));
    let ran = lab.load(&lab.case("case"), &[]);
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{ran:#?}");
    assert!(
        lines[1].contains("the application (client) id is missing"),
        "{ran:#?}"
    );
    assert_eq!(lines[2], GENERAL.replace("error: ", "  - "));
    assert!(lab.tenant.requests().is_empty());
}

#[test]
fn an_empty_list_says_that_there_are_none() {
    let lab = Lab::new(World::small(), Options::default());
    lab.edit_config(|config| {
        let start = config.find("internal_domains = [").expect("the key");
        let end = start + config[start..].find('\n').expect("a line");
        format!(
            "{}internal_domains = []{}",
            &config[..start],
            &config[end..]
        )
    });
    lab.loaded(&lab.case("case"), &[], 0);
}

#[test]
fn it_need_not_be_given_where_nothing_leaves_the_tenant() {
    let lab = lab(Options::default());
    lab.edit_config(|config| {
        config.replacen("[\"defender\", \"otx\", \"xforce\"]", "[\"sentinel\"]", 1)
    });
    lab.loaded(&lab.case("case"), &[], 0);
}

#[test]
fn a_case_goes_on_with_the_domains_that_it_has() {
    let lab = Lab::new(World::small(), Options::default());
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    lab.edit_config(|config| config.replacen("internal_domains = ", "# ", 1));
    lab.tenant.clear_requests();
    lab.loaded(&case, &[], 0);
    lab.loaded(&case, &["--replay"], 0);
    let ran = run::run(run::binary(lab.folder()).args(["load", "--demo", "--no-neo4j"]));
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(lab.tenant.requests().is_empty());
}
