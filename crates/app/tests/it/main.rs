//! The use cases, on both databases.

mod flow;
mod integrity;
mod notices;
mod privacy;
mod throttles;
