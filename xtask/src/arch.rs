//! `cargo xtask arch`: the code is as `docs/architecture.md` says.
//!
//! The table of layers in that document is the input, so the document cannot go stale. Checked are
//! the crates and the arrows between them, both ways; that the lowest layers are free of async; and
//! the sizes of files and crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::graph::{self, Graph};
use crate::markdown;

/// Lines of one Rust file, at most.
const FILE_LINES_MAX: usize = 800;
/// Lines of Rust in one crate, at most, without those of its folder `tests`: testing more must never
/// be a reason to split what belongs together.
const CRATE_LINES_MAX: usize = 25_000;
/// Crates of this layer and below have no async and do not test through the use cases.
const PURE_LAYER_MAX: u8 = 1;
/// What brings async along.
const ASYNC: [&str; 5] = ["async-std", "async-trait", "futures-util", "smol", "tokio"];
/// The crate of the use cases.
const USE_CASES: &str = "app";

/// A row of the table of layers.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// `None`: for tests only.
    layer: Option<u8>,
    name: String,
    uses: Vec<String>,
}

/// Checks the workspace; each problem is a line to show.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let rows = rows(&crate::read(&root.join("docs/architecture.md"))?)?;
    let graph = graph::graph(&graph::metadata(root)?);
    let mut problems = arrows(&rows, &graph);
    for name in graph.keys() {
        let usual = root.join("crates").join(name);
        let folder = if usual.is_dir() {
            usual
        } else {
            root.join(name)
        };
        let sources = crate::sources(root, &folder)?;
        problems.extend(sizes(name, &sources));
        if rows.iter().any(|row| row.name == *name && is_pure(row)) {
            problems.extend(brings_async(name, &graph::built_in(root, name)?));
            problems.extend(
                sources
                    .iter()
                    .filter_map(|(path, text)| speaks_async(path, text)),
            );
        }
    }
    problems.extend(sizes("xtask", &crate::sources(root, &root.join("xtask"))?));
    Ok(problems)
}

fn rows(document: &str) -> Result<Vec<Row>, String> {
    markdown::table(document, &["layer", "crate", "what it is", "uses"])?
        .into_iter()
        .map(|cells| match cells.as_slice() {
            [layer, name, _, uses] => Ok(Row {
                layer: match layer.as_str() {
                    "dev" => None,
                    number => Some(
                        number
                            .parse()
                            .map_err(|_| format!("not a layer: {number}"))?,
                    ),
                },
                name: name.clone(),
                uses: uses
                    .split(',')
                    .map(str::trim)
                    .filter(|on| !on.is_empty())
                    .map(str::to_owned)
                    .collect(),
            }),
            _ => Err("a row of the layer table has four cells".to_owned()),
        })
        .collect()
}

fn is_pure(row: &Row) -> bool {
    row.layer.is_some_and(|layer| layer <= PURE_LAYER_MAX)
}

/// What differs between the table and the manifests, and what the table itself may not say.
fn arrows(rows: &[Row], graph: &Graph) -> Vec<String> {
    let mut problems = Vec::new();
    let table: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.name.as_str(), row)).collect();
    for (name, is) in graph {
        let Some(row) = table.get(name.as_str()) else {
            problems.push(format!(
                "crate {name} is not in the table of docs/architecture.md"
            ));
            continue;
        };
        for on in is.uses.iter().filter(|on| !row.uses.contains(on)) {
            problems.push(format!("{name} uses {on}, which the table does not allow"));
        }
        for on in row.uses.iter().filter(|on| !is.uses.contains(on.as_str())) {
            problems.push(format!(
                "the table says that {name} uses {on}, but it does not"
            ));
        }
        for on in &is.tests_use {
            if is_pure(row) && (on == USE_CASES || reaches(graph, on, USE_CASES)) {
                problems.push(format!(
                    "tests of {name} use {on}, and so {USE_CASES}: test rules without it"
                ));
            }
        }
    }
    for row in rows {
        if !graph.contains_key(&row.name) {
            problems.push(format!("crate {} of the table does not exist", row.name));
        }
        for on in row.uses.iter().filter_map(|on| table.get(on.as_str())) {
            let upwards = match (row.layer, on.layer) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(from), Some(to)) => to > from,
            };
            if upwards {
                problems.push(format!(
                    "the table lets {} use {}, which is above it",
                    row.name, on.name
                ));
            }
        }
    }
    problems
}

/// Whether a crate of ours is built with another, however far down.
fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    graph.get(from).is_some_and(|is| {
        is.uses.contains(to) || is.uses.iter().any(|next| reaches(graph, next, to))
    })
}

/// The packages of a pure crate that bring async.
fn brings_async(name: &str, built_in: &BTreeSet<String>) -> Vec<String> {
    ASYNC
        .iter()
        .filter(|package| built_in.contains(**package))
        .map(|package| format!("{name} has no I/O and no async, but depends on {package}"))
        .collect()
}

/// The first line of code that is async, if any.
fn speaks_async(path: &str, text: &str) -> Option<String> {
    let is_async = |line: &str| {
        let code = line.trim_start();
        !code.starts_with("//")
            && (code.contains(".await")
                || ["async fn", "async move", "async {", "async |"]
                    .iter()
                    .any(|mark| code.contains(mark)))
    };
    let at = text.lines().position(is_async)?;
    Some(format!("{path}:{}: async in a crate that has none", at + 1))
}

fn sizes(name: &str, sources: &[(String, String)]) -> Vec<String> {
    let lines = |text: &str| text.lines().count();
    let mut problems: Vec<String> = sources
        .iter()
        .map(|(path, text)| (path, lines(text)))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| format!("{path}: {lines} lines; {FILE_LINES_MAX} at most"))
        .collect();
    let all: usize = sources
        .iter()
        .filter(|(path, _)| !path.contains("/tests/"))
        .map(|(_, text)| lines(text))
        .sum();
    if all > CRATE_LINES_MAX {
        problems.push(format!(
            "{name}: {all} lines of Rust; {CRATE_LINES_MAX} at most"
        ));
    }
    problems
}

#[cfg(test)]
#[path = "arch_tests.rs"]
mod tests;
