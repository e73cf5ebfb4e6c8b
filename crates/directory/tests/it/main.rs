//! The verbs against a real Samba domain and a real slapd, and against peers that are neither.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod cable;
mod connecting;
mod hostile;
mod peer;
mod samba_change;
mod samba_reset;
mod samba_state;
mod samba_verify;
mod slapd;
mod support;
mod sync;
