//! Real directories for tests: a private Samba domain and a private slapd, each in a folder of its
//! own in memory, stopped and removed when the test's process ends, however it ends.
//!
//! [`Samba`] needs root: its ports are fixed, only the loopback address is free. Where a program is
//! missing, a test is skipped in plain sight ([`samba`], [`slapd`] give nothing), except with `CI` or
//! `LATCHKEY_REQUIRE_DIRECTORIES` set, where it fails.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fixture that cannot be set up fails the test"
)]

mod authority;
mod ldif;
mod place;
mod samba;
mod server;
mod slapd;

pub use authority::{Authority, Validity};
pub use ldif::base64;
pub use samba::{Samba, SambaUser};
pub use slapd::{Slapd, SlapdUser};

use std::io::Write as _;

/// A Samba domain, or nothing if this machine has none and need not.
pub fn samba() -> Option<Samba> {
    let root = rustix::process::geteuid().is_root();
    match (
        root,
        missing(&["samba", "samba-tool", "ldapmodify", "setsid"]),
    ) {
        (true, None) => Some(Samba::start()),
        (false, None) => skip("Samba is tested as root only"),
        (_, Some(program)) => skip(&format!("{program} is not installed")),
    }
}

/// A slapd, or nothing if this machine has none and need not.
pub fn slapd() -> Option<Slapd> {
    match missing(&["slapd", "slapadd", "ldapmodify", "setsid"]) {
        None => Some(Slapd::start()),
        Some(program) => skip(&format!("{program} is not installed")),
    }
}

fn missing(programs: &[&'static str]) -> Option<&'static str> {
    programs
        .iter()
        .copied()
        .find(|program| place::find_program(program).is_none())
}

fn skip<T>(why: &str) -> Option<T> {
    assert!(
        !place::required(),
        "{why}, and CI or LATCHKEY_REQUIRE_DIRECTORIES asks for directories"
    );
    // Past the capture of the test harness: a skip that nobody sees is no skip.
    let _ = writeln!(std::io::stderr(), "SKIPPED a test with a directory: {why}");
    None
}
