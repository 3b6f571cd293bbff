//! What differs from service to service.

use serde_json::{Map, Value};
use url::Url;

use super::account::Account;
use super::verdict::Verdict;
use crate::journal::Request;

/// A service: what it is asked, and how its answers are read.
pub trait Service {
    /// The name of the service in texts for people.
    const TITLE: &'static str;
    /// A url of which the service is known to have a report, so that status 200 with a report shows that the service
    /// itself answers. It is the same for everybody and says nothing of the tenant.
    const PROBE: &'static str;

    /// The path at which the service tells of the key; `None` where only a look-up shows whether it is good.
    const ACCOUNT: Option<&'static str> = None;

    /// False for a service that answers look-ups with a wrong key too.
    const LOOK_UP_TELLS: bool = true;

    /// What the JSON of that path says, with status 200.
    fn account(_answer: &Value) -> Account {
        Account::default()
    }

    /// Builds the request about a string. Credentials, headers and limits are added afterwards.
    fn request(endpoint: &Url, asked: &str) -> Request;

    /// Converts the JSON object of an answer with status 200 to a verdict.
    ///
    /// # Errors
    /// When the object is no report of the service.
    fn verdict(url: &Url, answer: &Map<String, Value>) -> Result<Verdict, Unread>;

    /// True when the JSON object of an answer with status 404 is the service's own way to say that it does not know the
    /// url. Every other 404 comes from somebody else, such as a gateway, or from a wrong address.
    fn is_not_known(answer: &Map<String, Value>) -> bool;
}

/// Why the JSON of an answer is no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It has another shape than the service's reports; the text says what it lacks.
    Shape(&'static str),
    /// The service works, and does not take this url for one; for this reason.
    Url(String),
    /// The service refuses the key; for this reason.
    Key(String),
}

impl From<&'static str> for Unread {
    fn from(lacks: &'static str) -> Self {
        Self::Shape(lacks)
    }
}
