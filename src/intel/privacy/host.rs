//! Decides which hosts are internal: the tenant's own, names without a public suffix, and private addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// `home.arpa` is in the public suffix list, but names below it belong to home networks (RFC 8375).
const HOME: &str = "home.arpa";
/// Reserved for documentation (RFC 2606), so it belongs to no network. Lists and rehearsals may use it.
const EXAMPLE: &str = "example";

/// The end of a tenant's first domain, and that of its SharePoint: worldwide, and in the clouds of the US government.
const SHAREPOINT: [(&str, &str); 3] = [
    (".onmicrosoft.com", ".sharepoint.com"),
    (".onmicrosoft.us", ".sharepoint.us"),
    (".onmicrosoft.us", ".sharepoint-mil.us"),
];

/// The hosts that the configuration declares internal.
#[derive(Debug, Clone, Default)]
pub(super) struct Inside {
    /// Domains in lower case and punycode, without a dot at either end.
    domains: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Inside {
    /// Adds an address or a domain, in any case, in Unicode or punycode, also in the form `*.contoso.com`. `None` if it
    /// is neither.
    pub(super) fn add(&mut self, declared: &str) -> Option<()> {
        let declared = declared.trim();
        let declared = declared.strip_prefix('*').unwrap_or(declared);
        let declared = declared.trim_matches('.');
        match Host::parse(declared).ok()? {
            Host::Ipv4(address) => self.addresses.push(address.into()),
            Host::Ipv6(address) => self.addresses.push(address.into()),
            Host::Domain(domain) => {
                let domain = domain.trim_matches('.').to_owned();
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
                if domain.is_empty() || domain.contains("..") || !domain.chars().all(plain) {
                    return None;
                }
                // The tenant's SharePoint and OneDrive use the name of its first domain.
                for (initial, sharepoint) in SHAREPOINT {
                    let tenant = domain.strip_suffix(initial);
                    if let Some(tenant) = tenant.filter(|tenant| !tenant.contains('.')) {
                        self.domains.push(format!("{tenant}{sharepoint}"));
                        self.domains.push(format!("{tenant}-my{sharepoint}"));
                    }
                }
                self.domains.push(domain);
            }
        }
        Some(())
    }

    /// The reason why a host is internal; `None` when it is not.
    pub(super) fn why(&self, host: &Host<&str>) -> Option<String> {
        self.why_declared(host).or_else(|| match host {
            Host::Domain(name) => why_nameless(name.trim_end_matches('.')),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        })
    }

    /// The same, without the check for a missing public suffix.
    pub(super) fn why_declared(&self, host: &Host<&str>) -> Option<String> {
        let address: IpAddr = match host {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                let domain = self.domains.iter().find(|domain| is_under(name, domain))?;
                return Some(format!("internal domain {domain}"));
            }
            Host::Ipv4(address) => (*address).into(),
            Host::Ipv6(address) => (*address).into(),
        };
        if self.addresses.contains(&address) {
            return Some(format!("internal address {address}"));
        }
        let kind = match address {
            IpAddr::V4(address) => why_v4(address),
            IpAddr::V6(address) => why_v6(address),
        };
        kind.map(|kind| format!("{kind} address"))
    }
}

fn is_under(name: &str, domain: &str) -> bool {
    let Some(rest) = name.len().checked_sub(domain.len()) else {
        return false;
    };
    let (front, end) = name.as_bytes().split_at(rest);
    // Hosts of parsed urls are in lower case already, but hosts in other text may not be.
    end.eq_ignore_ascii_case(domain.as_bytes()) && (front.is_empty() || front.ends_with(b"."))
}

fn why_nameless(name: &str) -> Option<String> {
    let labels = name.split('.').filter(|label| !label.is_empty()).count();
    if labels < 2 {
        return Some("a name of one label".to_owned());
    }
    if is_under(name, HOME) {
        return Some(format!("no public suffix: .{HOME}"));
    }
    let suffix = psl::suffix(name.as_bytes())?;
    let text = String::from_utf8_lossy(suffix.as_bytes());
    if suffix.is_known() || text == EXAMPLE {
        return None;
    }
    Some(format!("no public suffix: .{text}"))
}

/// The kind of an address that the internet cannot reach, by the registries of RFC 6890. The networks for documentation
/// are not included: nobody has hosts there, so their addresses reveal nothing.
fn why_v4(address: Ipv4Addr) -> Option<&'static str> {
    let kind = match address.octets() {
        [0, ..] => "an unspecified",
        [127, ..] => "a loopback",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private",
        [100, 64..=127, ..] => "a carrier's private",
        [169, 254, ..] => "a link-local",
        [192, 0, 0, _] | [198, 18..=19, ..] | [240..=255, ..] => "a reserved",
        [224..=239, ..] => "a multicast",
        _ => return None,
    };
    Some(kind)
}

fn why_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        why_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("an unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback"),
        // IPv4 within IPv6: compatible, mapped, translated (RFC 2765), NAT64, 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => Some("a private"),
        [0x100, 0, 0, 0, ..] => Some("a reserved"),
        [0xfc00..=0xfdff, ..] => Some("a private"),
        [0xfe80..=0xfebf, ..] => Some("a link-local"),
        [0xfec0..=0xfeff, ..] => Some("a private"),
        [0xff00..=0xffff, ..] => Some("a multicast"),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn inside(domains: &[&str]) -> Inside {
        let mut inside = Inside::default();
        for domain in domains {
            inside.add(domain).unwrap();
        }
        inside
    }

    fn is_inside(inside: &Inside, url: &str) -> bool {
        let url = url::Url::parse(url).unwrap();
        inside.why(&url.host().unwrap()).is_some()
    }

    #[test]
    fn internal_domains_cover_themselves_and_what_is_below() {
        let rules = inside(&[
            "Contoso.COM.",
            "*.fabrikam.co.uk",
            "bücher.de",
            "xn--caf-dma.fr",
            "203.0.113.9",
        ]);
        for url in [
            "https://contoso.com/",
            "https://CONTOSO.com./",
            "https://contoso.com../",
            "https://a.b.contoso.com:8443/",
            "https://fabrikam.co.uk/",
            "https://www.fabrikam.co.uk/",
            "https://BÜCHER.de/",
            "https://shop.xn--bcher-kva.de/",
            "https://café.fr/",
            "https://c\u{6f}ntoso%2ecom/",
            "http://203.0.113.9/",
            "http://0xcb007109/",
        ] {
            assert!(is_inside(&rules, url), "{url}");
        }
        for url in [
            "https://evilcontoso.com/",
            "https://contoso.com.evil.net/",
            "https://contoso.co/",
            "https://fabrikam.com/",
            "http://203.0.113.90/",
        ] {
            assert!(!is_inside(&rules, url), "{url}");
        }
    }

    #[test]
    fn a_tenant_name_covers_its_sharepoint_and_onedrive_and_no_more() {
        let rules = inside(&["contoso.onmicrosoft.com"]);
        for url in [
            "https://contoso.sharepoint.com/sites/a",
            "https://contoso-my.sharepoint.com/personal/b",
            "https://contoso.onmicrosoft.com/",
        ] {
            assert!(is_inside(&rules, url), "{url}");
        }
        for url in [
            "https://fabrikam.sharepoint.com/",
            "https://contoso-admin.sharepoint.com/",
            "https://notcontoso.sharepoint.com/",
        ] {
            assert!(!is_inside(&rules, url), "{url}");
        }
        let government = inside(&["contoso.onmicrosoft.us"]);
        for url in [
            "https://contoso.sharepoint.us/sites/a",
            "https://contoso-my.sharepoint.us/personal/b",
            "https://contoso-my.sharepoint-mil.us/personal/b",
        ] {
            assert!(is_inside(&government, url), "{url}");
            assert!(!is_inside(&rules, url), "{url}");
        }
        assert!(!is_inside(&government, "https://contoso.sharepoint.com/"));
        let below = inside(&["mail.contoso.onmicrosoft.com"]);
        assert!(!is_inside(&below, "https://contoso.sharepoint.com/"));
    }

    #[test]
    fn names_that_no_public_registry_knows_are_inside() {
        let rules = inside(&[]);
        for host in [
            "intranet",
            "intranet.",
            "printer.local",
            "a.corp",
            "b.internal",
            "c.lan",
            "d.home.arpa",
            "x.contoso",
            "x.test",
            "localhost",
            "a.localhost",
            "com",
            ".com",
        ] {
            assert!(is_inside(&rules, &format!("http://{host}/")), "{host}");
        }
        for host in [
            "evil.example",
            "a.co.uk",
            "evil.xn--p1ai",
            "foo.github.io",
            "a_b.evil.com",
            "home.arpa.evil.com",
        ] {
            assert!(!is_inside(&rules, &format!("http://{host}/")), "{host}");
        }
    }

    #[test]
    fn private_addresses_are_inside_in_every_spelling() {
        let rules = inside(&[]);
        for host in [
            "10.0.0.1",
            "10.1",
            "0xa.1",
            "012.0.0.1",
            "167772161",
            "0x7f000001",
            "127.0.0.1.",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.1.1",
            "169.254.1.1",
            "0.0.0.0",
            "0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00::1]",
            "[fc00::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[::ffff:10.0.0.1]",
            "[::ffff:a00:1]",
            "[::10.0.0.1]",
            "[64:ff9b::192.168.0.1]",
            "[64:ff9b:1::1]",
            "[2002:a00:1::]",
            "[::ffff:0:10.0.0.1]",
            "１０.0.0.1",
        ] {
            assert!(is_inside(&rules, &format!("http://{host}/")), "{host}");
        }
        for host in [
            "192.0.2.7",
            "198.51.100.7",
            "203.0.113.7",
            "172.32.0.1",
            "100.128.0.1",
            "11.0.0.1",
            "[2a02:4780:1:fe::7]",
            "[::ffff:203.0.113.7]",
            "[64:ff9b::203.0.113.7]",
            "[2001:db8::1]",
        ] {
            assert!(!is_inside(&rules, &format!("http://{host}/")), "{host}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for declared in [
            "",
            " ",
            ".",
            "*",
            "https://contoso.com",
            "contoso.com/x",
            "contoso.com:443",
            "a@b.com",
            "a b",
            "10.0.0.0/8",
            "a*b.com",
        ] {
            assert!(Inside::default().add(declared).is_none(), "{declared}");
        }
    }
}
