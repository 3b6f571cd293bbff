//! What later cases take from earlier ones.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{assert_whole, lab, replays_alike, states, verdicts};
use crate::run::{self, Lab};
use tenant_sim::{Action, Fault, Options, Service};

fn cache(lab: &Lab) -> Vec<PathBuf> {
    run::files(&lab.folder().join(".cache/linktrail/verdicts"))
}

#[test]
fn a_later_case_takes_answers_from_an_earlier_one() {
    let lab = lab(
        Options::default(),
        "providers = [\"defender\", \"otx\", \"xforce\"]\ncache_age = \"1h\"",
    );
    // Two answers must not be kept: a refusal of one url, and a page with the status of an answer, which is asked again.
    lab.tenant.script([
        Fault::on(
            Service::Otx,
            "micros0ft-verify.example%2Fmfa",
            Action::status(400),
        ),
        Fault::on(Service::Otx, "github.com", Action::Html),
    ]);
    let first = lab.case("first");
    lab.loaded(&first, &[], 3);
    let (otx, xforce) = (
        lab.tenant.received(Service::Otx),
        lab.tenant.received(Service::XForce),
    );
    assert_eq!(cache(&lab).len(), otx + xforce - 2);

    lab.tenant.clear_requests();
    let second = lab.case("second");
    let result = lab.loaded(&second, &[], 0);
    assert_whole(&result);
    assert_eq!(lab.tenant.received(Service::Otx), 1);
    assert_eq!(lab.tenant.received(Service::XForce), 0);
    assert_eq!(result["requests"]["xforce"]["replayed"], xforce);
    // A verdict says when it was given, and its record that it came from elsewhere.
    let (old, new) = (verdicts(&first, "xforce"), verdicts(&second, "xforce"));
    assert_eq!(old.len(), new.len());
    for (url, verdict) in &new {
        assert_eq!(verdict.get("checked"), old[url].get("checked"), "{url}");
        assert_eq!(verdict.get("severity"), old[url].get("severity"), "{url}");
    }
    let records = run::journal::records(&second);
    let adopted = records.values().filter(|record| {
        record["source"] == "xforce" && record["headers"]["linktrail-from-cache"].is_string()
    });
    assert_eq!(adopted.count(), xforce);
    // A replay needs no cache.
    std::fs::remove_dir_all(lab.folder().join(".cache")).unwrap();
    replays_alike(&lab, &second, 0);
}

#[test]
fn a_cache_full_of_rubbish_breaks_nothing() {
    let lab = lab(
        Options::default(),
        "providers = [\"otx\"]\ncache_age = \"1h\"",
    );
    lab.loaded(&lab.case("first"), &[], 0);
    let all = lab.tenant.received(Service::Otx);
    let files = cache(&lab);
    for (at, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        match at % 5 {
            0 => std::fs::write(file, &text[..text.len() / 2]).unwrap(),
            1 => {
                value["body"] = "<html>Sign in to the proxy</html>".into();
                std::fs::write(file, value.to_string()).unwrap();
            }
            2 => {
                value["at"] = "2999-01-01T00:00:00Z".into();
                std::fs::write(file, value.to_string()).unwrap();
            }
            3 => {
                value["status"] = 500.into();
                std::fs::write(file, value.to_string()).unwrap();
            }
            _ => {
                std::fs::remove_file(file).unwrap();
                std::fs::create_dir(file).unwrap();
            }
        }
    }
    lab.tenant.clear_requests();
    let second = lab.case("second");
    assert_whole_by_otx(&lab.loaded(&second, &[], 0), &lab.case("first"), &second);
    assert_eq!(lab.tenant.received(Service::Otx), all);
    // Nor does a folder that is none.
    std::fs::remove_dir_all(lab.folder().join(".cache")).unwrap();
    std::fs::write(lab.folder().join(".cache"), "in the way").unwrap();
    lab.loaded(&lab.case("third"), &[], 0);
}

fn assert_whole_by_otx(result: &Value, first: &Path, second: &Path) {
    assert_eq!(result["gaps"], Value::Array(Vec::new()));
    assert_eq!(
        states(&verdicts(first, "otx")),
        states(&verdicts(second, "otx"))
    );
}

#[test]
fn without_a_cache_nothing_is_kept() {
    let lab = lab(
        Options::default(),
        "providers = [\"defender\", \"otx\", \"xforce\"]",
    );
    lab.loaded(&lab.case("case"), &[], 0);
    assert!(!lab.folder().join(".cache").exists());
    assert!(!lab.folder().join(".local").exists());
}
