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
    /// Every package of others that ends up in a program through it.
    pub(crate) reaches: BTreeSet<String>,
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
    let names: BTreeMap<&str, &str> = list(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
        .collect();
    let built: BTreeMap<&str, Vec<&str>> = list(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, built_with(node))))
        .collect();
    names
        .iter()
        .filter_map(|(id, name)| {
            let name = name.strip_prefix(PREFIX)?;
            let mut ours = Crate::default();
            for package in list(&metadata["packages"]).filter(|package| package["id"] == **id) {
                for dependency in list(&package["dependencies"]) {
                    let Some(on) = dependency["name"]
                        .as_str()
                        .and_then(|on| on.strip_prefix(PREFIX))
                    else {
                        continue;
                    };
                    let dev = dependency["kind"].as_str() == Some("dev");
                    let set = if dev {
                        &mut ours.tests_use
                    } else {
                        &mut ours.uses
                    };
                    set.insert(on.to_owned());
                }
            }
            let mut open = vec![*id];
            let mut seen = BTreeSet::new();
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    open.extend(built.get(next).into_iter().flatten());
                }
            }
            ours.reaches = seen
                .iter()
                .filter_map(|id| names.get(id))
                .filter(|name| !name.starts_with(PREFIX))
                .map(|name| (*name).to_owned())
                .collect();
            Some((name.to_owned(), ours))
        })
        .collect()
}

/// The ids of the normal dependencies of a node of the resolved graph.
fn built_with(node: &Value) -> Vec<&str> {
    list(&node["deps"])
        .filter(|dep| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .filter_map(|dep| dep["pkg"].as_str())
        .collect()
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
    fn tests_and_programs_are_told_apart_and_what_is_reached_goes_all_the_way() {
        let node = |id: &str, deps: &[(&str, Option<&str>)]| {
            let deps: Vec<_> = deps
                .iter()
                .map(|(on, kind)| json!({"pkg": on, "dep_kinds": [{"kind": kind}]}))
                .collect();
            json!({"id": id, "deps": deps})
        };
        let read = graph(&json!({
            "packages": [
                {"id": "A", "name": "latchkey-a", "dependencies": [
                    {"name": "latchkey-b", "kind": null}, {"name": "latchkey-t", "kind": "dev"}]},
                {"id": "B", "name": "latchkey-b", "dependencies": [{"name": "hyper", "kind": null}]},
                {"id": "H", "name": "hyper", "dependencies": []},
                {"id": "T", "name": "tokio", "dependencies": []},
                {"id": "P", "name": "proptest", "dependencies": []},
            ],
            "resolve": {"nodes": [
                node("A", &[("B", None), ("P", Some("dev"))]),
                node("B", &[("H", None)]),
                node("H", &[("T", None)]),
            ]},
        }));
        let a = &read["a"];
        assert_eq!(a.uses.iter().collect::<Vec<_>>(), ["b"]);
        assert_eq!(a.tests_use.iter().collect::<Vec<_>>(), ["t"]);
        assert_eq!(a.reaches.iter().collect::<Vec<_>>(), ["hyper", "tokio"]);
        assert_eq!(read.len(), 2);
    }
}
