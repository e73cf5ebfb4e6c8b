//! What there is: tenants, users, groups, roles. Specification: *The model*.

mod role;
mod tenant;
mod user;

pub use role::{Role, may_reset};
pub use tenant::{DomainKind, TRIAL, Tenant};
#[cfg(test)]
pub(crate) use user::sample_user;
pub use user::{Managed, Origin, Source, User, UserType};
