//! Signing in, and being signed in. Specification: *Sign-in*.

mod session;

pub use session::{SignedIn, Todo, form_token, form_token_matches, sign_out, signed_in};

pub(crate) use session::{Begun, Here, begin, outlive, renew};
