//! Resetting a forgotten password. Specification: *The password reset portal*.
//!
//! One file for each step. Every post claims the session's version first: of any number of
//! requests with one form, one goes on, and the others learn that their page is out of date.

mod case;
mod code;
mod forms;
mod leave;
mod limits;
mod methods;
mod notify;
mod passkey;
mod password;
mod recovery_code;
mod refused;
mod render;
mod start;
mod step;
mod view;
mod who;
mod writeback;

pub use code::{answers, code};
pub use forms::{
    brand_by_domain, form_token, human_check, read_form_token, service_brand, start_token,
    start_token_matches,
};
pub use leave::{cancel, contact, expire};
pub use methods::{again, choose, number, other};
pub use passkey::passkey;
pub use password::password;
pub use recovery_code::recovery_code;
pub use refused::refused_input;
pub use start::{no_cookies, start};
pub use step::{shown, view};
pub use view::{
    Brand, Choice, Ended, HumanCheck, HumanProof, Notice, Outcome, Page, Question, StartNotice,
    Started, View,
};

pub(crate) use case::{Case, in_scope};
pub(crate) use code::matched_step;
pub(crate) use forms::brand;
pub(crate) use limits::may_send;
pub(crate) use notify::{
    NOT_ME_VALID, addresses, frozen, locked, not_me_token, post, recipients, was_written,
};
pub(crate) use recovery_code::slot as recovery_code_slot;
pub(crate) use who::{case_of, name_key};
pub(crate) use writeback::{Settled, settle, state_read};
pub use writeback::{choose_reset, read_directory, unlock, working};
