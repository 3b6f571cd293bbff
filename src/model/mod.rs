//! The words that every other module speaks: what a case is about, its stages and gaps, spans of time, record numbers.
//!
//! Nothing here asks a service, reads a journal or knows the graph.

pub mod digest;
pub mod fs;
pub mod gap;
pub mod record;
pub mod retry;
pub mod scope;
pub mod stage;
pub(crate) mod suggest;
pub mod time;
pub mod url;

pub use gap::{Gap, Gaps};
pub use record::{RecordNumber, sorted};
pub use retry::{Retries, RetryPolicy};
pub use scope::{Channels, ChatsOf, Endpoints, Options, PivotOn, Scope, Settings, Store};
pub use stage::Stage;
pub use time::{Window, duration, format_time, parse_time};
