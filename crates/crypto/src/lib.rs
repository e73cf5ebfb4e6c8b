//! Cryptography for Latchkey: CPU only, no async, no I/O, no clock and no random source of its own.
//!
//! | module | what it is for |
//! |---|---|
//! | [`argon`] | passwords and security answers: Argon2id with a pepper |
//! | [`keys`] | the master key, what is derived from it, and keyed hashes of codes, tokens and ids |
//! | [`codes`] | one-time codes, recovery codes and link tokens, and reading what a person typed |
//! | [`passkey`] | passkeys: registering one, and proving that one has it (WebAuthn) |
//! | [`totp`] | codes of an authenticator app (RFC 6238) |
//! | [`qr`] | QR codes, for what an app reads off the screen |
//! | [`seal`] | encryption at rest: AES-256-GCM under data keys, wrapped by a key-encryption key |
//! | [`hpke`] | sealing to somebody else's key: HPKE (RFC 9180) |
//! | [`sign`] | signatures: Ed25519 |
//! | [`canonical`] | joining fields to bytes so that no two lists of fields look alike |
//! | [`chain`] | the hash chain of the audit log |
//! | [`pow`] | the human check: proof of work, and the timed form for browsers without JavaScript |
//!
//! Every format that is stored begins with a version or a label, so that it can be replaced.

pub mod argon;
pub mod canonical;
pub mod chain;
pub mod codes;
pub mod hpke;
pub mod keys;
pub mod passkey;
pub mod pow;
pub mod qr;
pub mod seal;
pub mod sign;
pub mod totp;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
