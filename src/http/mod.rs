//! The one way to the network. [`Client`] asks the journal first, then waits for throttles, signs in, retries and keeps
//! to deadlines.

mod client;
mod sign_in;
mod throttle;

pub use client::*;
pub use sign_in::{SignIn, SignInError, Tokens};
pub use throttle::Throttle;
