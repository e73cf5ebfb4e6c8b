//! Signing in at a tenant's identity provider: the relying party of `OpenID` Connect, with the
//! authorization code flow, PKCE, state and nonce.
//!
//! 1. [`Client::discover`] reads the provider's metadata.
//! 2. [`begin`] gives the address for the browser, and the secrets that the caller keeps (sealed,
//!    in the sign-in flow) until the browser is back.
//! 3. The caller compares `state` with what it kept, in constant time, and claims the flow.
//! 4. [`Client::finish`] exchanges the code, checks the ID token, and says who it was.
//!
//! Nothing is cached and nothing is kept here. Whoever is known, is known by
//! (`issuer`, `subject`); the name only serves to find the account the first time.
//!
//! Not here, because the caller knows: whether `state` is right, whether the flow is used up, and
//! what the provider's `error` parameter says to the person.

mod begin;
mod client;
mod error;
mod id_token;
mod jws;
mod metadata;

pub use begin::{Begun, Request, begin};
pub use client::{Callback, Claims, Client, Expected, Options, Registration};
pub use error::{FederationError, Part, Retry, TokenProblem, Trouble};
pub use latchkey_outbound::SetupError;
pub use metadata::Metadata;
