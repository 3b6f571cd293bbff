//! The workspace's own indicators.

use super::{lab, replays_alike, states, verdicts};
use crate::run::gaps;
use tenant_sim::{Action, Fault, Options, Service};

#[test]
fn an_older_workspace_answers_from_its_older_table() {
    let options = Options {
        absent_tables: vec!["ThreatIntelIndicators"],
        ..Options::default()
    };
    let lab = lab(options, "providers = [\"sentinel\"]");
    let case = lab.case("case");
    lab.loaded(&case, &[], 0);
    lab.tenant.assert_clean();
    assert!(states(&verdicts(&case, "sentinel"))["hit"] > 1);
    let queries: Vec<_> = lab
        .tenant
        .requests()
        .into_iter()
        .filter_map(|request| request.query)
        .collect();
    assert!(
        queries.contains(&"threat_indicators_legacy".to_owned()),
        "{queries:?}"
    );
    replays_alike(&lab, &case, 0);
}

#[test]
fn a_workspace_without_indicators_is_one_gap_and_no_clean_verdict() {
    let options = Options {
        absent_tables: vec!["ThreatIntelIndicators", "ThreatIntelligenceIndicator"],
        ..Options::default()
    };
    let lab = lab(options, "providers = [\"sentinel\"]");
    let case = lab.case("case");
    let result = lab.loaded(&case, &[], 3);
    let found = gaps(&result, "gaps");
    assert!(verdicts(&case, "sentinel").is_empty());
    // Each url counts whose indicators could not be looked up.
    assert_eq!(
        found,
        [format!(
            "intel log_analytics {}: table absent: ThreatIntelIndicators and ThreatIntelligenceIndicator; connect its data source to the workspace",
            result["nodes"]["Url"]
        )]
    );
    replays_alike(&lab, &case, 3);
}

#[test]
fn a_workspace_that_refuses_is_no_clean_verdict() {
    for action in [
        Action::status(403),
        Action::status(404),
        Action::Html,
        Action::HalfJson,
    ] {
        let lab = lab(Options::default(), "providers = [\"sentinel\"]");
        lab.tenant
            .script([Fault::on(Service::LogAnalytics, "ThreatIntelIndicators", action).always()]);
        let case = lab.case("case");
        let result = lab.loaded(&case, &[], 3);
        assert_eq!(gaps(&result, "gaps").len(), 1, "{result:#}");
        assert!(verdicts(&case, "sentinel").is_empty());
        assert_eq!(result["summary"]["risky_urls"], 0);
    }
}
