//! What there is: tenants, users, groups, roles. Specification: *The model*.

mod role;
mod tenant;
mod user;

pub use role::{Role, may_reset};
pub use tenant::{DomainKind, TRIAL, Tenant};
pub use user::{Managed, Origin, Source, User, UserType};
