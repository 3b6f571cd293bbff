//! The provider `defender`: what Microsoft Defender found of urls, as the tenant's own logs have it. Nothing is asked:
//! a verdict is made only where a row names the url.

use std::collections::BTreeSet;

use super::verdict::{Severity, Verdict};

/// The name of the provider.
pub const DEFENDER: &str = "defender";

/// The verdict for the threats that rows name; `None` when none of them rates anything.
pub fn judge(threats: &BTreeSet<String>) -> Option<Verdict> {
    let severity = threats.iter().filter_map(|threat| severity(threat)).max()?;
    let known = threats.iter().filter(|threat| severity_is_known(threat));
    let known: Vec<&str> = known.map(String::as_str).collect();
    Some(Verdict::rated(severity, &known.join(", ")).tags(known))
}

/// True for a threat for which the message that has it is risky.
pub fn is_malicious(threat: &str) -> bool {
    severity(threat) == Some(Severity::High)
}

fn severity_is_known(threat: &str) -> bool {
    severity(threat).is_some()
}

/// How bad a threat of Defender is; `None` for a word that is no threat.
fn severity(threat: &str) -> Option<Severity> {
    let is = |known: &str| threat.eq_ignore_ascii_case(known);
    if is("Phish") || is("Malware") {
        Some(Severity::High)
    } else if is("Spam") {
        Some(Severity::Warning)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_threat_counts_and_other_words_are_none() {
        let judged = |threats: &[&str]| {
            let threats = threats.iter().map(|&threat| threat.to_owned()).collect();
            judge(&threats).map(|verdict| (verdict.severity, verdict.summary, verdict.tags))
        };
        for (threats, severity) in [
            (&["Phish"][..], Severity::High),
            (&["malware"], Severity::High),
            (&["Spam"], Severity::Warning),
            (&["Phish", "Spam"], Severity::High),
        ] {
            let (found, summary, tags) = judged(threats).unwrap();
            assert_eq!(found, Some(severity), "{threats:?}");
            assert_eq!(
                (summary, tags),
                (
                    threats.join(", "),
                    threats.iter().map(|&t| t.to_owned()).collect()
                )
            );
        }
        assert_eq!(judged(&["Bulk", "Phish"]).unwrap().1, "Phish");
        assert_eq!(judged(&[]), None);
        assert_eq!(judged(&["NoThreatsFound"]), None);
        assert!(is_malicious("PHISH") && !is_malicious("Spam"));
    }
}
