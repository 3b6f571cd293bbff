//! What to do about the errors of Entra: one table of its codes, from Microsoft's list of AADSTS codes.

use super::method::Kind;
use crate::journal::Audience;

/// What is asked for, so that an error can be explained.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) by: Kind,
    pub(super) audience: Audience,
    pub(super) tenant: &'a str,
    /// The scope of the token, such as `https://graph.microsoft.com/.default`.
    pub(super) scope: &'a str,
}

/// Codes of a passing trouble, after which it is worth asking again.
const PASSING: &[u32] = &[90055, 90033, 50033, 50196];

/// Codes that are about one service alone, while a token for another one may well be issued.
const OF_ONE_SERVICE: &[u32] = &[
    500_011, 650_052, 650_056, 650_057, 70011, 700_022, 28000, 65001, 65002, 50105, 90094, 90095,
    90008,
];

/// The codes that an end of a person's session has. Another sign-in helps.
const OVER: &[u32] = &[
    50173, 700_082, 70043, 700_084, 70008, 50076, 50078, 50079, 50074, 50158,
];

struct Advice {
    codes: &'static [u32],
    /// What to do, whatever the way to sign in.
    say: &'static str,
    /// What to do where the way to sign in makes a difference. `{tenant}` and `{scope}` are filled in.
    by: &'static [(Kind, &'static str)],
}

const NO_SERVICE: &[u32] = &[500_011, 650_052];
const REGISTER_LOG_ANALYTICS: &str = "; where the cloud is right, an administrator adds the service with: az ad sp create --id ca7f3f0b-7d91-482c-8e09-c5d840d0eac5";

const ADVICE: &[Advice] = &[
    Advice {
        codes: &[7_000_215],
        say: "the client secret is wrong; check LINKTRAIL_CLIENT_SECRET (the secret's value, not its id)",
        by: &[],
    },
    Advice {
        codes: &[7_000_222],
        say: "the client secret has expired; make a new one in the app registration",
        by: &[],
    },
    Advice {
        codes: &[7_000_218],
        say: "Entra wants a secret or a certificate of the application; choose another [auth] method",
        by: &[(
            Kind::DeviceCode,
            "the application does not allow device codes; set \"Allow public client flows\" to Yes under Authentication of its app registration",
        )],
    },
    Advice {
        codes: &[700_016],
        say: "there is no such application in the tenant; check [auth] client_id and [tenant] id",
        by: &[
            (
                Kind::WorkloadIdentity,
                "there is no such application in the tenant; check [auth] client_id, or AZURE_CLIENT_ID, and [tenant] id",
            ),
            (
                Kind::AzureCli,
                "the Azure CLI is not allowed in the tenant; ask an administrator, or choose another [auth] method",
            ),
        ],
    },
    Advice {
        codes: &[7_000_112],
        say: "the application is disabled in the tenant; enable it under Enterprise applications",
        by: &[],
    },
    Advice {
        codes: &[700_027],
        say: "the certificate is not registered at the application; upload it under Certificates & secrets of the app registration",
        by: &[],
    },
    Advice {
        codes: &[700_024, 500_133, 50013],
        say: "the assertion is outside its time; check the clock of this machine",
        by: &[(
            Kind::WorkloadIdentity,
            "the federated token has expired, or the clock of this machine is wrong; check what renews the file in AZURE_FEDERATED_TOKEN_FILE",
        )],
    },
    Advice {
        codes: &[700_025],
        say: "the application is a public client, which may show no secret, certificate or federated token; set \"Allow public client flows\" to No under Authentication of its app registration, or use method = \"device-code\"",
        by: &[],
    },
    Advice {
        codes: &[700_030, 50012, 50027],
        say: "Entra cannot use what the application shows for itself; check [auth]",
        by: &[
            (
                Kind::ClientCertificate,
                "Entra cannot use the certificate; check that the one in client_certificate_file is registered at the application and in order",
            ),
            (
                Kind::WorkloadIdentity,
                "Entra cannot use the federated token; check what writes the file in AZURE_FEDERATED_TOKEN_FILE",
            ),
        ],
    },
    Advice {
        codes: &[700_213, 70021, 700_229],
        say: "no federated credential of the application fits the token; compare issuer, subject and audience under Certificates & secrets, Federated credentials",
        by: &[],
    },
    Advice {
        codes: &[90002, 90038, 900_382],
        say: "there is no such tenant; check [tenant] id and cloud",
        by: &[],
    },
    Advice {
        codes: &[900_023],
        say: "that is no tenant id; check [tenant] id",
        by: &[],
    },
    Advice {
        codes: &[900_144],
        say: "the request lacks a field; check [auth], and that [endpoints] login leads to Entra",
        by: &[],
    },
    Advice {
        codes: &[70011, 700_022, 28000],
        say: "Entra does not know this scope; check [tenant] cloud",
        by: &[],
    },
    Advice {
        codes: NO_SERVICE,
        say: "the tenant has no such service; check [tenant] cloud",
        by: &[],
    },
    Advice {
        codes: &[650_056, 650_057],
        say: "the application is not registered for this service; add its permissions under API permissions of the app registration, and let an administrator consent",
        by: &[],
    },
    Advice {
        codes: &[65001],
        say: "nobody has consented to what the application may do; an administrator does so under API permissions of the app registration",
        by: &[],
    },
    Advice {
        codes: &[90094, 90095, 90008],
        say: "an administrator has to consent to what the application may do, under API permissions of the app registration",
        by: &[],
    },
    Advice {
        codes: &[65004],
        say: "consent was declined; sign in again and accept, or let an administrator consent",
        by: &[],
    },
    Advice {
        codes: &[70000],
        say: "Entra does not accept the sign-in; sign in again",
        by: &[],
    },
    Advice {
        codes: &[65002],
        say: "the application may not ask for this service; use an application of your own",
        by: &[(
            Kind::AzureCli,
            "the Azure CLI may not ask for this service; use method = \"device-code\", \"client-secret\" or \"client-certificate\" with an application of your own",
        )],
    },
    Advice {
        codes: &[50034, 50020],
        say: "the account is not in this tenant; sign in with one that is, and check [tenant] id",
        by: &[(
            Kind::AzureCli,
            "the account is not in this tenant; check [tenant] id, and run: az login --tenant {tenant}",
        )],
    },
    Advice {
        codes: &[50059, 50194, 9_001_023],
        say: "Entra wants to know which tenant; write the tenant's own id under [tenant] id",
        by: &[],
    },
    Advice {
        codes: &[50072, 50074, 50076, 50078, 50079, 50158],
        say: "the tenant wants another proof from a person (multi-factor authentication), which this way to sign in cannot give; use method = \"device-code\" or \"azure-cli\"",
        by: &[
            (
                Kind::AzureCli,
                "the tenant wants multi-factor authentication; run: az login --tenant {tenant} --scope {scope}",
            ),
            (
                Kind::DeviceCode,
                "the tenant wants multi-factor authentication; run the same command again, and sign in with it",
            ),
        ],
    },
    Advice {
        codes: &[53000, 53001, 53002, 530_032, 530_035, 50097, 50131],
        say: "conditional access wants a device or an app that this sign-in does not have; ask for an exception for the application",
        by: &[
            (
                Kind::AzureCli,
                "conditional access wants a device that the organisation manages; run az login on one, or use method = \"client-secret\" or \"client-certificate\"",
            ),
            (
                Kind::DeviceCode,
                "conditional access wants a device or an app that a device code cannot show; use method = \"azure-cli\" on a device that the organisation manages, or \"client-secret\" or \"client-certificate\"",
            ),
        ],
    },
    Advice {
        codes: &[53003],
        say: "conditional access forbids it; ask for an exception for the application",
        by: &[
            (
                Kind::AzureCli,
                "conditional access forbids it; run az login where it is allowed, or use method = \"client-secret\" or \"client-certificate\"",
            ),
            (
                Kind::DeviceCode,
                "conditional access forbids it, and many tenants forbid device codes altogether; use method = \"azure-cli\", \"client-secret\" or \"client-certificate\", or ask for an exception",
            ),
        ],
    },
    Advice {
        codes: &[50105],
        say: "the account is not assigned to the application; an administrator assigns it under Enterprise applications, Users and groups",
        by: &[],
    },
    Advice {
        codes: &[50053],
        say: "the account is locked; wait, or ask an administrator",
        by: &[],
    },
    Advice {
        codes: &[50055, 50144],
        say: "the password of the account has expired; set a new one",
        by: &[],
    },
    Advice {
        codes: &[50057],
        say: "the account is disabled; ask an administrator",
        by: &[],
    },
    Advice {
        codes: &[50126],
        say: "the user name or the password is wrong",
        by: &[],
    },
    Advice {
        codes: &[50173, 700_082, 70043, 700_084, 70008],
        say: "the sign-in is over; sign in again",
        by: &[
            (
                Kind::AzureCli,
                "the sign-in of the Azure CLI is over; run: az login --tenant {tenant}",
            ),
            (
                Kind::DeviceCode,
                "the sign-in is over; run the same command again, and sign in again",
            ),
        ],
    },
];

/// What to do about an error with this code; `None` for a code without a known cause.
pub(super) fn advice(code: u32, asking: Asking<'_>) -> Option<String> {
    let row = ADVICE.iter().find(|row| row.codes.contains(&code))?;
    let by = row.by.iter().find(|(kind, _)| *kind == asking.by);
    let mut text = by
        .map_or(row.say, |(_, text)| *text)
        .replace("{tenant}", asking.tenant)
        .replace("{scope}", asking.scope);
    if NO_SERVICE.contains(&code) && asking.audience == Audience::LogAnalytics {
        text.push_str(REGISTER_LOG_ANALYTICS);
    }
    Some(text)
}

/// True for a trouble that passes.
pub(super) fn passes(codes: &[u32]) -> bool {
    codes.iter().any(|code| PASSING.contains(code))
}

/// True when the error is about one service alone.
pub(super) fn is_of_one_service(codes: &[u32]) -> bool {
    codes.iter().any(|code| OF_ONE_SERVICE.contains(code))
}

/// True when a person has to sign in again.
pub(super) fn is_over(codes: &[u32]) -> bool {
    codes.iter().any(|code| OVER.contains(code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const KINDS: [Kind; 6] = [
        Kind::ClientSecret,
        Kind::ClientCertificate,
        Kind::WorkloadIdentity,
        Kind::ManagedIdentity,
        Kind::AzureCli,
        Kind::DeviceCode,
    ];

    fn asking(by: Kind, audience: Audience) -> Asking<'static> {
        Asking {
            by,
            audience,
            tenant: "t",
            scope: "s/.default",
        }
    }

    #[test]
    fn a_code_has_one_advice_and_all_that_is_known_has_some() {
        let mut seen = BTreeSet::new();
        let codes = ADVICE.iter().flat_map(|row| row.codes);
        for code in codes {
            assert!(seen.insert(*code), "{code} stands in two rows");
            for by in KINDS {
                let text = advice(*code, asking(by, Audience::Graph)).unwrap();
                assert!(!text.contains(['{', '}']), "{text}");
            }
        }
        let named = OF_ONE_SERVICE.iter().chain(OVER);
        for code in named {
            assert!(seen.contains(code), "{code} has no advice");
        }
        assert!(PASSING.iter().all(|code| !seen.contains(code)));
        assert_eq!(advice(1, asking(Kind::DeviceCode, Audience::Graph)), None);
    }

    #[test]
    fn advice_fits_the_way_to_sign_in() {
        let say = |code, by| advice(code, asking(by, Audience::Graph)).unwrap();
        let text = say(50076, Kind::AzureCli);
        assert!(text.ends_with("run: az login --tenant t --scope s/.default"));
        assert!(say(53003, Kind::DeviceCode).contains("many tenants forbid device codes"));
        assert!(!say(53003, Kind::ClientSecret).contains("device code"));
        assert!(say(700_024, Kind::WorkloadIdentity).contains("AZURE_FEDERATED_TOKEN_FILE"));
        assert!(!say(500_011, Kind::ClientSecret).contains("az ad sp create"));
        let logs = asking(Kind::ClientSecret, Audience::LogAnalytics);
        assert!(advice(500_011, logs).unwrap().contains("az ad sp create"));
    }
}
