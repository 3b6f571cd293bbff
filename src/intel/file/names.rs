//! The names that exports give to columns and members, and to the kinds of indicators.

use chrono::{DateTime, Utc};

use super::entry::Entries;
use super::indicator::parts_of_pair;
use crate::intel::clip::clip;
use crate::model::parse_time;

/// A name without case and punctuation: `ioc_value`, `IOC Value` and `iocValue` are the same.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// What a column or a member of an object holds, judged by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A url. Of several columns with a value the first of this order counts.
    Url,
    /// An indicator of a kind that another column may name.
    Any,
    /// A host.
    Host,
    /// An address.
    Address,
    /// The kind of the indicator.
    Kind,
    /// Tags.
    Tags,
    /// What is to be done: entries that are allowed are no bad ones.
    Action,
    /// When the entry expires.
    Until,
    /// Whether MISP's event means the attribute for detection.
    ToIds,
}

impl Role {
    /// True when the column holds indicators.
    pub(super) fn is_value(self) -> bool {
        self <= Role::Address
    }

    /// The role of a name; `None` for a name that says nothing.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = plain(name);
        Some(match name.as_str() {
            "url" | "urls" | "uri" | "urluri" | "fullurl" => Role::Url,
            "ioc" | "iocs" | "iocvalue" | "indicator" | "indicators" | "indicatorvalue"
            | "observable" | "observablevalue" | "value" | "data" | "entry" | "attributevalue"
            | "artifact" | "sendervalue" => Role::Any,
            "domain"
            | "domains"
            | "domainname"
            | "hostname"
            | "hostnames"
            | "host"
            | "hosts"
            | "fqdn"
            | "site"
            | "networkdestinationdomain" => Role::Host,
            "ip" | "ips" | "ipaddress" | "ipaddresses" | "ipv4" | "ipv6" | "ipv4address"
            | "ipv6address" | "ipdst" | "dstip" | "dst" | "destinationip" | "address"
            | "ipport" | "c2ip" => Role::Address,
            "type" | "kind" | "indicatortype" | "indicatorkind" | "ioctype" | "iockind"
            | "observabletype" | "observablekey" | "observablekind" | "attributetype"
            | "datatype" | "valuetype" | "listtype" => Role::Kind,
            "tags" | "tag" | "labels" => Role::Tags,
            "action" | "listaction" => Role::Action,
            "expirationtime" | "expirationdatetime" | "expirationdate" | "expiration"
            | "expires" | "expiry" | "validuntil" => Role::Until,
            "toids" => Role::ToIds,
            name if name.ends_with("url") && !is_about_the_source(name) => Role::Url,
            name if name.ends_with("domain") && !is_about_the_source(name) => Role::Host,
            _ => return None,
        })
    }
}

/// True for names of urls that lead to a report or a picture, or are what a phish imitates.
fn is_about_the_source(name: &str) -> bool {
    const WORDS: [&str; 16] = [
        "detail",
        "reference",
        "source",
        "report",
        "screenshot",
        "image",
        "picture",
        "feed",
        "refer",
        "target",
        "brand",
        "info",
        "urlhaus",
        "virustotal",
        "link",
        "sender",
    ];
    WORDS.iter().any(|word| name.contains(word))
}

/// What the kind of an indicator says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A url, a host or an address.
    Matching,
    /// Something that no url can match.
    Other,
    /// A word that names no kind of indicator, such as `phishing`.
    Unknown,
}

impl Kind {
    /// Reads the name of a kind, in the spelling of any of the common exports: `ip-dst|port` (MISP), `IPv4-Addr`
    /// (STIX), `ip:port` (ThreatFox), `DomainName` (Defender), `url:value` (Sentinel), `FileHash-MD5` (OTX).
    pub(super) fn of(name: &str) -> Self {
        // A path of STIX (`domain-name:value`, `network-traffic:dst_ref.value`) ends in the name of a property.
        let name = name.trim().strip_suffix("value").unwrap_or(name);
        match plain(name).as_str() {
            "url"
            | "urls"
            | "uri"
            | "uris"
            | "link"
            | "website"
            | "domain"
            | "domains"
            | "domainname"
            | "domainnames"
            | "hostname"
            | "hostnames"
            | "host"
            | "hosts"
            | "fqdn"
            | "fqdns"
            | "ip"
            | "ips"
            | "ipv4"
            | "ipv6"
            | "ipaddr"
            | "ipaddress"
            | "ipaddresses"
            | "ipv4addr"
            | "ipv6addr"
            | "ipv4address"
            | "ipv6address"
            | "ipdst"
            | "ipsrc"
            | "ipdstport"
            | "ipsrcport"
            | "ipport"
            | "domainip"
            | "hostnameport"
            | "domainport"
            | "networkip"
            | "dns"
            | "networktrafficdstref"
            | "networktrafficsrcref"
            | "destinationip"
            | "sourceip" => return Kind::Matching,
            _ => {}
        }
        let words = || {
            name.split(|c: char| !c.is_alphanumeric())
                .map(str::to_lowercase)
                .collect::<Vec<_>>()
        };
        let has = |parts: &[&str]| {
            let whole = plain(name);
            parts.iter().any(|part| whole.contains(part))
        };
        if has(&OTHER)
            || words()
                .iter()
                .any(|word| OTHER_WORDS.contains(&word.as_str()))
        {
            return Kind::Other;
        }
        let matching = [
            "url", "uri", "domain", "hostname", "fqdn", "ip", "ipv4", "ipv6",
        ];
        match words().iter().any(|word| matching.contains(&word.as_str())) {
            true => Kind::Matching,
            false => Kind::Unknown,
        }
    }
}

/// Parts of the names of kinds that no url can match.
const OTHER: [&str; 34] = [
    "hash",
    "md5",
    "sha1",
    "sha2",
    "sha3",
    "sha5",
    "ssdeep",
    "tlsh",
    "file",
    "mail",
    "mutex",
    "registry",
    "regkey",
    "yara",
    "snort",
    "suricata",
    "sigma",
    "vulnerab",
    "certificate",
    "thumbprint",
    "ja3",
    "jarm",
    "wallet",
    "phone",
    "account",
    "comment",
    "description",
    "useragent",
    "cryptocurrency",
    "process",
    "commandline",
    "cidr",
    "autonomoussystem",
    "malwaresample",
];
/// Whole words in the names of such kinds.
const OTHER_WORDS: [&str; 14] = [
    "cve",
    "asn",
    "as",
    "range",
    "subnet",
    "path",
    "text",
    "btc",
    "xmr",
    "pdb",
    "port",
    "mac",
    "attachment",
    "subject",
];

/// A row of a table or an object, by what its columns or members hold.
#[derive(Debug, Default)]
pub(super) struct Row<'t> {
    pub(super) value: &'t str,
    pub(super) kind: Option<&'t str>,
    pub(super) action: Option<&'t str>,
    pub(super) until: Option<&'t str>,
    pub(super) to_ids: Option<&'t str>,
    pub(super) tags: Vec<String>,
}

impl Row<'_> {
    /// Adds the indicator of the row, unless the row says that it is none of a bad url.
    pub(super) fn add_to(&self, entries: &mut Entries, line: usize, since: DateTime<Utc>) {
        let says = |text: Option<&str>, words: &[&str]| {
            text.is_some_and(|text| words.contains(&text.trim().to_ascii_lowercase().as_str()))
        };
        if says(self.action, &["allow", "allowed", "permit", "whitelist"]) {
            return entries.leave_out("allowed entry");
        }
        if says(self.to_ids, &["0", "false", "no"]) {
            return entries.leave_out("entry that is not for detection");
        }
        let until = self.until.and_then(|text| {
            parse_time(text).or_else(|| parse_time(&format!("{}T00:00:00Z", text.trim())))
        });
        if until.is_some_and(|until| until <= since) {
            return entries.leave_out("expired entry");
        }
        match self.kind.map(|kind| (Kind::of(kind), kind)) {
            Some((Kind::Other, kind)) => entries.leave_out(&clip(&kind.to_lowercase(), 40)),
            _ => {
                for part in parts_of_pair(self.value) {
                    entries.add(line, &part, &self.tags);
                }
            }
        }
    }
}

/// The tags in a cell, which are separated by commas, semicolons or bars.
pub(super) fn tags_in(cell: &str) -> Vec<String> {
    let tags = cell.split([',', ';', '|']).map(str::trim);
    tags.filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}
