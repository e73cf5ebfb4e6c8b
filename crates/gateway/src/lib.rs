//! Where agents connect.
