//! HTTP through the journal. [`Client`] looks for a recorded answer first. Only without one does it use the network: it
//! waits for the rate limits, signs in, retries, keeps the deadline, and records the outcome.

mod breaker;
mod client;
mod describe;
mod error;
mod permissions;
mod retry;
mod sign_in;
mod throttle;
mod transport;
mod words;

pub use breaker::{Breaker, GivenUp, Pass};
pub(crate) use client::AnswerFrom;
pub use client::{Client, Counts, FROM_CACHE, Permit};
pub use error::{Failure, TransportError};
pub use permissions::Permissions;
pub(crate) use retry::{asked_pause, first_pause, retry_after};
pub use sign_in::{
    ClientCertificate, IdentityService, Method as SignInMethod, PATIENCE, SignIn, SignInError,
    SignInKind, Tokens, secret_file,
};
pub use throttle::Throttle;
pub(crate) use transport::KEPT_HEADERS;
pub use transport::Network;
pub(crate) use words::ASKED_TO_WAIT;
pub use words::length;
