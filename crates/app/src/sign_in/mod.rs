//! Signing in, and being signed in. Specification: *Sign-in*.
//!
//! One file for each step of the way in. Every post claims the flow's version first; a try is
//! counted before it is compared; whoever does not exist issues the same statements.

mod federated;
mod flow;
mod passkey;
mod password;
mod place;
mod second;
mod session;
mod view;

pub use federated::{Back, come_back, go_elsewhere};
pub use flow::{
    cancel, flow_token, flow_token_matches, forgot, forgotten_name, start, start_with_passkey, view,
};
pub use passkey::{passkey, use_passkey};
pub use password::password;
pub use place::Place;
pub use second::{choose, other, second_code};
pub use session::{SignedIn, Todo, form_token, form_token_matches, sign_out, signed_in};
pub use view::{
    Elsewhere, Notice, Outcome, Over, Page, Shown, SignedInNow, StartNotice, Started, View,
};

pub(crate) use federated::redirect_uri;
pub(crate) use password::{is_kept_here, network_tag};
pub(crate) use place::landing;
pub(crate) use session::{Here, Pace, begin, limits, outlive, renew};
