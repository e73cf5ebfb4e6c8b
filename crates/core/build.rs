//! Compiles the global list of banned terms, `data/banned.txt`, into two automata that the program
//! embeds: the terms forwards and backwards. See `src/password/terms.rs`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=data/banned.txt");
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script is told its folder this way"
    )]
    let out = env::var("OUT_DIR")?;
    let text = fs::read_to_string("data/banned.txt")?;
    let terms = || text.lines().filter(|line| !line.starts_with("# "));
    write(
        &Path::new(&out).join("banned.fst"),
        terms().map(str::to_owned).collect(),
    )?;
    let backward = terms().map(|term| term.chars().rev().collect()).collect();
    write(&Path::new(&out).join("banned-backward.fst"), backward)
}

fn write(path: &Path, mut terms: Vec<String>) -> Result<(), Box<dyn Error>> {
    terms.sort_unstable();
    let set = fst::Set::from_iter(terms)?;
    Ok(fs::write(path, set.as_fst().as_bytes())?)
}
