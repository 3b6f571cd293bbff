//! The vocabulary of all other modules: the scope of a case, stages, gaps, ids, time windows and record numbers.
//!
//! Nothing here sends requests, reads a journal or depends on the graph.

pub mod cloud;
pub mod digest;
pub mod fs;
pub mod gap;
pub mod ids;
pub mod kind;
pub mod record;
pub mod retry;
pub mod scope;
pub mod source;
pub mod stage;
pub(crate) mod suggest;
pub mod time;
pub mod url;
pub mod verdict;
pub mod word;

pub use cloud::{Cloud, Lack};
pub use gap::{Gap, Gaps, StoredGap};
pub use ids::{
    AlertId, CaseId, ChannelId, ChatId, DomainId, HostId, MessageId, RecordId, TeamId, UserId,
    VerdictId,
};
pub use kind::{ChatKind, MatchKind, UserKind};
pub use record::{RecordNumber, sorted};
pub use retry::{Retries, RetryPolicy};
pub use scope::{BY_HAND, Channels, ChatsOf, Endpoints, Options, PivotOn, Scope, Settings, Store};
pub use source::Source;
pub use stage::Stage;
pub use time::{Window, duration, format_time, parse_time};
pub use verdict::{Severity, Signal, State, UrlSeverity};
pub use word::Word;
