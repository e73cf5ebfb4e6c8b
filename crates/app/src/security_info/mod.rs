//! Registering and changing the methods with which a person proves who they are. Specification: *The
//! registration portal*.
//!
//! One file for each method. Nothing is stored before it is proven: what is on its way is in
//! `pending_method`, for ten minutes, bound to the session, the value and the kind, and a code for
//! it has five tries, each counted before it is compared. Every step asks anew whether the sign-in
//! is fresh enough.
//!
//! Each act is one audit event. The act with which somebody becomes registered is written as
//! [`Registered`](latchkey_core::audit::Activity::Registered), with everything that is on file then;
//! every other one as [`SecurityInfoChanged`](latchkey_core::audit::Activity::SecurityInfoChanged),
//! and a value that was only found right as
//! [`SecurityInfoConfirmed`](latchkey_core::audit::Activity::SecurityInfoConfirmed).

mod authenticator;
mod confirm;
mod destination;
mod enter;
mod notify;
mod overview;
mod passkey;
mod pending;
mod prove;
mod questions;
mod recovery;
mod remove;
mod settle;

pub use authenticator::{App as AuthenticatorApp, Named, begin_app, confirm_app, pending_app};
pub use confirm::{confirm_all, must_look, put_off};
pub use destination::{
    By, CodePage, Destinations, Sent, Tried, code, code_again, code_page, destinations, send_email,
    send_phone,
};
pub use enter::{Bar, Reply};
pub use overview::{Item, Overview, Section, overview};
pub use passkey::{begin_passkey, finish_passkey, passkey_options};
pub use prove::{Proved, Ways, begin_proof, finish_proof, proof_options, prove, ways};
pub use questions::{AnswersSaid, QuestionForm, question_form, set_questions};
pub use recovery::{recovery_codes, recovery_page, sheet};
pub use remove::{Removal, removal, remove};
pub use settle::{Change, How, Saved};
