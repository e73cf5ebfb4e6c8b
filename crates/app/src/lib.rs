//! The use cases: one verb each, one transaction each, its audit event inside.

pub mod breached;
