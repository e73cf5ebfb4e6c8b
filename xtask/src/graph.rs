//! The packages of the workspace and what they depend on, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// What names a package of ours; the rest of the name is the crate's folder.
const PREFIX: &str = "latchkey-";

/// A crate of ours: everything without the prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Crate {
    /// Our crates that it is built with.
    pub(crate) uses: BTreeSet<String>,
    /// Our crates that only its tests are built with.
    pub(crate) tests_use: BTreeSet<String>,
}

/// Our crates by name.
pub(crate) type Graph = BTreeMap<String, Crate>;

/// Asks cargo.
pub(crate) fn metadata(root: &Path) -> Result<Value, String> {
    let text = crate::output(root, "cargo", &["metadata", "--format-version", "1"])?;
    serde_json::from_slice(&text).map_err(|error| format!("cargo metadata: {error}"))
}

/// Reads our crates out of what cargo said.
pub(crate) fn graph(metadata: &Value) -> Graph {
    let own = |name: &Value| name.as_str()?.strip_prefix(PREFIX).map(str::to_owned);
    list(&metadata["packages"])
        .filter_map(|package| {
            let mut ours = Crate::default();
            for dependency in list(&package["dependencies"]) {
                let dev = dependency["kind"].as_str() == Some("dev");
                let set = if dev {
                    &mut ours.tests_use
                } else {
                    &mut ours.uses
                };
                set.extend(own(&dependency["name"]));
            }
            Some((own(&package["name"])?, ours))
        })
        .collect()
}

/// The packages that are built into a crate of ours, however deep. Asked of `cargo tree`, because
/// `cargo metadata` also lists what only features of other crates bring.
pub(crate) fn built_in(root: &Path, name: &str) -> Result<BTreeSet<String>, String> {
    let package = format!("{PREFIX}{name}");
    let arguments = [
        "tree",
        "--package",
        &package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let text = String::from_utf8_lossy(&crate::output(root, "cargo", &arguments)?).into_owned();
    Ok(text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}

/// The elements of an array; of anything else, none.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::graph;

    #[test]
    fn programs_and_tests_are_told_apart_and_others_are_left_out() {
        let read = graph(&json!({"packages": [
            {"name": "latchkey-a", "dependencies": [
                {"name": "latchkey-b", "kind": null},
                {"name": "latchkey-t", "kind": "dev"},
                {"name": "tokio", "kind": null}]},
            {"name": "latchkey-b", "dependencies": []},
            {"name": "xtask", "dependencies": []},
        ]}));
        assert_eq!(read.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read["a"].uses.iter().collect::<Vec<_>>(), ["b"]);
        assert_eq!(read["a"].tests_use.iter().collect::<Vec<_>>(), ["t"]);
    }
}
