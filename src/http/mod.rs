//! HTTP through the journal. [`Client`] looks for a recorded answer first. Only without one does it use the network: it
//! waits for the rate limits, signs in, retries, keeps the deadline, and records the outcome.

mod client;
mod describe;
mod error;
mod retry;
mod sign_in;
mod throttle;
mod transport;

pub(crate) use client::AnswerFrom;
pub use client::{Client, Counts, FROM_CACHE, Permit};
pub use error::{Failure, TransportError};
pub(crate) use retry::{first_pause, retry_after};
pub use sign_in::{SignIn, SignInError, Tokens};
pub use throttle::Throttle;
pub(crate) use transport::KEPT_HEADERS;
pub use transport::Network;
