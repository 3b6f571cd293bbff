//! The address of a Neo4j server: `bolt://` or `neo4j://`, with `+s` or `+ssc` for TLS.

use std::net::IpAddr;

use super::Neo4jError;

/// The Bolt port for addresses without a port.
const PORT: u16 = 7687;

/// A validated address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address in the form that the driver accepts.
    pub(super) uri: String,
    /// The address of the same server without routing, so that this very server answers and not another member of its
    /// cluster.
    pub(super) direct: String,
    /// True when the driver asks the server which member of the cluster to use.
    pub(super) routed: bool,
    /// True when the connection is encrypted.
    pub(super) tls: bool,
    /// The host name or IP address, without brackets.
    pub(super) host: String,
    /// The port, 7687 unless the address has one.
    pub(super) port: u16,
}

impl Address {
    /// Parses an address. Parts that the driver would silently ignore are an error.
    pub(super) fn parse(uri: &str) -> Result<Self, Neo4jError> {
        let wrong = |reason: &str| Neo4jError::Address {
            uri: without_credentials(uri),
            reason: reason.to_owned(),
        };
        if !uri.contains("://") {
            return Err(wrong("it has no scheme"));
        }
        let url = url::Url::parse(uri).map_err(|error| wrong(&error.to_string()))?;
        let (plain, suffix) = match url.scheme().split_once('+') {
            Some((plain, suffix)) => (plain, Some(suffix)),
            None => (url.scheme(), None),
        };
        let routed = match plain {
            "bolt" => false,
            "neo4j" => true,
            "http" | "https" => {
                return Err(wrong(
                    "that is the address of Neo4j Browser; data travels over Bolt",
                ));
            }
            other => return Err(wrong(&format!("the scheme `{other}` is not known"))),
        };
        let tls = match suffix {
            None => false,
            Some("s" | "ssc") => true,
            Some(other) => return Err(wrong(&format!("the suffix `+{other}` is not known"))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "user and password do not belong there but in [neo4j] user and LINKTRAIL_NEO4J_PASSWORD",
            ));
        }
        if !matches!(url.path(), "" | "/") {
            return Err(wrong(
                "a path does not belong there; the database is named in [neo4j] database",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("a query does not belong there"));
        }
        let host = url
            .host_str()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| wrong("it has no host"))?;
        let port = url.port().unwrap_or(PORT);
        let suffix = suffix.map(|s| format!("+{s}")).unwrap_or_default();
        Ok(Self {
            uri: format!("{plain}{suffix}://{host}:{port}"),
            direct: format!("bolt{suffix}://{host}:{port}"),
            routed,
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
        })
    }
}

impl Address {
    /// True when what is sent to this address, the password among it, leaves this machine without encryption.
    pub(super) fn exposes(&self) -> bool {
        !self.tls && !is_loopback(&self.host)
    }
}

/// True when this address is not encrypted and not on this machine. An address that is not valid is neither:
/// [`Connection::open`](super::Connection::open) says what is wrong with it.
pub fn exposes(uri: &str) -> bool {
    Address::parse(uri).is_ok_and(|address| address.exposes())
}

/// True for `localhost` and for the addresses of the loopback interface, 127.0.0.0/8 and ::1. Other names are not
/// looked up, since what they mean can change from one moment to the next.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.uri)
    }
}

/// Any text that was given as an address, for an error message. The part where a user and a password would be is left
/// out.
fn without_credentials(uri: &str) -> String {
    let start = uri.find("://").map_or(0, |at| at + 3);
    match uri[start..].rfind('@') {
        Some(at) => format!("{}***{}", &uri[..start], &uri[start + at..]),
        None => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_taken() {
        for (uri, routed, tls, direct) in [
            ("bolt://db", false, false, "bolt://db:7687"),
            ("bolt+s://db:1", false, true, "bolt+s://db:1"),
            ("bolt+ssc://db/", false, true, "bolt+ssc://db:7687"),
            ("neo4j://10.0.0.1", true, false, "bolt://10.0.0.1:7687"),
            ("neo4j+s://db", true, true, "bolt+s://db:7687"),
            ("neo4j+ssc://[::1]:7", true, true, "bolt+ssc://[::1]:7"),
        ] {
            let address = Address::parse(uri).unwrap();
            assert_eq!((address.routed, address.tls), (routed, tls), "{uri}");
            assert_eq!(address.direct, direct);
        }
        assert_eq!(Address::parse("neo4j://[::1]").unwrap().host, "::1");
    }

    #[test]
    fn only_plain_text_beyond_this_machine_exposes() {
        for (uri, expected) in [
            ("bolt://localhost", false),
            ("bolt://LOCALHOST:1", false),
            ("bolt://127.0.0.1", false),
            ("neo4j://127.255.0.9:7", false),
            ("bolt://[::1]", false),
            ("bolt://[::ffff:127.0.0.1]", false),
            ("bolt+s://db.example", false),
            ("neo4j+ssc://10.0.0.1", false),
            ("bolt://db.example", true),
            ("neo4j://10.0.0.1", true),
            ("bolt://0.0.0.0", true),
            ("bolt://128.0.0.1", true),
            ("bolt://[::]", true),
            ("bolt://[fe80::1]", true),
            ("bolt://localhost.example", true),
            ("bolt://127.0.0.1.example", true),
            ("bolt://127.1", true),
            ("no address", false),
        ] {
            assert_eq!(exposes(uri), expected, "{uri}");
        }
    }

    #[test]
    fn a_wrong_address_says_what_is_wrong_and_never_a_password() {
        let mut said = String::new();
        for uri in [
            "",
            "localhost:7687",
            "bolt://",
            "bolt://:7687",
            "bolt://db:70000",
            "http://localhost:7474",
            "https://db.example",
            "mysql://db",
            "bolt+tls://db",
            "bolt://neo4j:s3cret@db",
            "bolt://neo4j:s3cret@db:70000",
            "bolt://neo4j:s3c/r@et@db",
            "bolt://db/neo4j",
            "bolt://db?policy=eu",
            "bolt://db#neo4j",
        ] {
            let error = Address::parse(uri).unwrap_err().to_string();
            assert!(!error.contains("s3c"), "{error}");
            assert!(!error.contains('\n'));
            said.push_str(&error);
            said.push('\n');
        }
        insta::assert_snapshot!(said);
    }
}
