//! The database that the graph is written to: `[neo4j]` and its password.

use super::error::Problems;
use super::secret::{self, NEO4J_PASSWORD};
use super::sections::Neo4j;
use crate::sink::neo4j::{Neo4jError, Settings, exposes};

/// `None` when no address is set, or when a setting is not valid.
pub(super) fn settings(section: &Neo4j, problems: &mut Problems) -> Option<Settings> {
    let uri = section.uri.clone()?;
    let password = problems.check(secret::find(NEO4J_PASSWORD, None))?;
    if password.is_none() {
        problems.add(format!(
            "Neo4j needs a password: set {NEO4J_PASSWORD}, or {NEO4J_PASSWORD}_FILE to a file that holds it"
        ));
    }
    if exposes(&uri) && !section.plaintext {
        let address = uri;
        problems.add(Neo4jError::Plaintext { address }.to_string());
        return None;
    }
    Some(Settings {
        uri,
        user: section.user.clone(),
        password: password?,
        database: section.database.clone(),
        plaintext: section.plaintext,
    })
}
