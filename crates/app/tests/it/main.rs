//! The use cases, on both databases.

mod flow;
mod gates;
mod integrity;
mod notices;
mod outbox;
mod privacy;
mod throttles;
