//! What an operator or administrator does: tenants, domains, users, groups, policies, methods.
//!
//! Every change is one transaction with its audit event inside. What is refused is refused in words
//! for whoever typed it: [`AppError::Invalid`], [`AppError::Conflict`], [`AppError::NotFound`].

pub mod agent;
pub mod audit_list;
pub mod domain;
pub mod explain;
mod explain_sign_in;
pub mod federation;
mod find;
pub mod group;
pub mod methods;
pub mod policy;
mod preview;
mod purge;
pub mod registration;
pub mod seed;
pub mod sync;
pub mod tenant;
pub mod user;
pub mod user_import;
mod written_password;

use latchkey_core::audit::ActorKind;
use latchkey_types::{Locale, RequestId};

use crate::{App, Ctx};

pub use explain_sign_in::{Finding, SignInView};
pub use find::{tenant as find_tenant, user as find_user};
pub use preview::Effect;
pub use purge::purge;

/// How many rows are read at a time.
const PAGE: i64 = 500;

/// The operator at the command line.
pub fn operator(app: &App) -> Ctx {
    Ctx {
        request: RequestId::new(app.clock(), app.entropy()),
        address: None,
        browser: String::new(),
        locale: Locale::En,
        actor: ActorKind::Operator,
    }
}
