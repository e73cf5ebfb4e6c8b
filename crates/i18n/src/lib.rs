//! Every text that a person reads, in every language.
//!
//! The texts are Fluent files in `locales/<tag>/`, compiled into the program; English is the source
//! and the other languages have exactly its ids and variables (tests hold that). A [`Texts`] is a
//! language to write in; [`negotiate`] finds the language that fits a request.
//!
//! Ids are found by tests: write them as string literals, in `texts.get("…")`, `texts.with("…")` or
//! `texts.plain("…")` (in templates, `t` is a good name too), or as literals in a `match` that ends
//! in such a call.

mod bundles;
mod format;
mod negotiate;
mod pseudo;
mod texts;

pub use bundles::{FILES, File, source};
pub use negotiate::negotiate;
pub use texts::{Arg, Texts};
