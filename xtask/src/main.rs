//! Checks and generators of the project itself: `cargo xtask <command>`.
//!
//! | command | what it does |
//! |---|---|
//! | `arch` | holds the code to the layer table and the limits of `docs/architecture.md` |
//! | `deps` | holds `docs/dependencies.md` and the workspace's manifest to what the crates use |
//! | `standalone` | finds whatever speaks of a place outside this repository |
//! | `banned-list` | makes the global list of banned terms again |

#![expect(
    clippy::print_stdout,
    reason = "a program that people read the output of"
)]

mod arch;
mod banned_list;
mod deps;
mod graph;
mod markdown;
mod standalone;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask arch | deps | standalone | banned-list";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let found = match command.as_str() {
        "arch" => arch::check(&root()),
        "deps" => deps::check(&root()),
        "standalone" => standalone::check(&root()),
        "banned-list" => banned_list::run().map(|()| Vec::new()),
        _ => Err(USAGE.to_owned()),
    };
    match found {
        Ok(problems) if problems.is_empty() => {
            println!("{command}: ok");
            ExitCode::SUCCESS
        }
        Ok(problems) => {
            for problem in &problems {
                println!("{command}: {problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The text of a file, or which file could not be read and why.
fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What a program prints, if it succeeds.
fn output(folder: &Path, program: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let done = std::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        Ok(done.stdout)
    } else {
        Err(format!(
            "{program} {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&done.stderr)
        ))
    }
}

/// Every Rust file under a folder: its path from the root, and its text.
fn sources(root: &Path, folder: &Path) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        let entries =
            std::fs::read_dir(&next).map_err(|error| format!("{}: {error}", next.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root)
                    .unwrap_or(&path)
                    .display()
                    .to_string();
                found.push((name, read(&path)?));
            }
        }
    }
    found.sort();
    Ok(found)
}
