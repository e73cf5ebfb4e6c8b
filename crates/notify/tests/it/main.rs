//! The channels against real peers: postfix with TLS, an SMTP peer that misbehaves by script, and an
//! HTTPS double of a provider.

mod faulty;
mod fixture;
mod postfix;
mod provider;
mod provider_double;
mod smtp_faults;
mod smtp_relay;
