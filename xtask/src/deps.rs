//! `cargo xtask deps`: every package that we depend on is used, and explained.
//!
//! The table of `docs/dependencies.md` has exactly the direct dependencies of the workspace, with
//! the version that is locked and its licence; the workspace's manifest names none that no crate
//! asks for; and no crate asks for one that its sources do not mention.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::graph::{self, list};
use crate::markdown;

/// Version and licence by name.
type Direct = BTreeMap<String, (String, String)>;

/// Checks the workspace; each problem is a line to show.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let metadata = graph::metadata(root)?;
    let direct = direct(&metadata);
    let table = markdown::table(
        &crate::read(&root.join("docs/dependencies.md"))?,
        &[
            "package",
            "version",
            "licence",
            "used by",
            "what for, and why this one",
        ],
    )?;
    let mut problems = explained(&direct, &table);
    let manifest: toml::Table = crate::read(&root.join("Cargo.toml"))?
        .parse()
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let named = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies")?.as_table())
        .ok_or("Cargo.toml has no [workspace.dependencies]")?;
    problems.extend(
        named
            .keys()
            .filter(|name| !name.starts_with("latchkey-") && !direct.contains_key(*name))
            .map(|name| format!("Cargo.toml names {name}, which no crate uses")),
    );
    for package in list(&metadata["packages"]).filter(|package| package["source"].is_null()) {
        problems.extend(unmentioned(package)?);
    }
    Ok(problems)
}

/// Dependencies of a crate of ours, our own too, that none of its sources mentions.
fn unmentioned(package: &Value) -> Result<Vec<String>, String> {
    let manifest = package["manifest_path"].as_str().unwrap_or_default();
    let folder = Path::new(manifest).parent().unwrap_or(Path::new("."));
    let sources = crate::sources(folder, folder)?;
    let name = package["name"].as_str().unwrap_or_default();
    Ok(list(&package["dependencies"])
        .filter_map(|dependency| {
            dependency["rename"]
                .as_str()
                .or(dependency["name"].as_str())
        })
        .filter(|dependency| !sources.iter().any(|(_, text)| mentions(text, dependency)))
        .map(|dependency| format!("{name} depends on {dependency}, but never mentions it"))
        .collect())
}

/// Whether a source names a package: as a word, in its code.
fn mentions(text: &str, package: &str) -> bool {
    let identifier = package.replace('-', "_");
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .any(|line| {
            line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|word| word == identifier)
        })
}

/// The packages of others that crates of the workspace ask for themselves.
fn direct(metadata: &Value) -> Direct {
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let members: Vec<&str> = list(&metadata["workspace_members"])
        .filter_map(Value::as_str)
        .collect();
    list(&metadata["resolve"]["nodes"])
        .filter(|node| node["id"].as_str().is_some_and(|id| members.contains(&id)))
        .flat_map(|node| list(&node["dependencies"]).filter_map(Value::as_str))
        .filter(|id| !members.contains(id))
        .filter_map(|id| {
            let text = |field: &str| packages.get(id)?.get(field)?.as_str().map(str::to_owned);
            Some((
                text("name")?,
                (text("version")?, text("license").unwrap_or_default()),
            ))
        })
        .collect()
}

/// What differs between the packages and the table of them.
fn explained(direct: &Direct, table: &[Vec<String>]) -> Vec<String> {
    let rows: BTreeMap<&str, (&str, &str)> = table
        .iter()
        .filter_map(|row| match row.as_slice() {
            [name, version, licence, ..] => {
                Some((name.as_str(), (version.as_str(), licence.as_str())))
            }
            _ => None,
        })
        .collect();
    let mut problems = Vec::new();
    for (name, (version, licence)) in direct {
        match rows.get(name.as_str()) {
            None => problems.push(format!(
                "{name} {version} ({licence}) is not in docs/dependencies.md"
            )),
            Some(row) if *row != (version, licence) => problems.push(format!(
                "{name} is {version} ({licence}), not {} ({}) as docs/dependencies.md says",
                row.0, row.1
            )),
            Some(_) => {}
        }
    }
    problems.extend(
        rows.keys()
            .filter(|name| !direct.contains_key(**name))
            .map(|name| format!("docs/dependencies.md explains {name}, which no crate uses")),
    );
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Direct, direct, explained, mentions};

    fn table(rows: &[[&str; 3]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect()
    }

    #[test]
    fn a_package_without_a_row_a_row_without_a_package_and_another_version_are_reported() {
        let direct: Direct = [("serde".to_owned(), ("1.0.1".to_owned(), "MIT".to_owned()))].into();
        assert!(explained(&direct, &table(&[["serde", "1.0.1", "MIT"]])).is_empty());
        assert_eq!(explained(&direct, &table(&[])).len(), 1);
        assert_eq!(
            explained(&direct, &table(&[["serde", "1.0.2", "MIT"]])).len(),
            1
        );
        assert_eq!(
            explained(&direct, &table(&[["serde", "1.0.1", "GPL-3.0"]])).len(),
            1
        );
        assert_eq!(
            explained(
                &direct,
                &table(&[["serde", "1.0.1", "MIT"], ["x", "1", "MIT"]])
            )
            .len(),
            1
        );
    }

    #[test]
    fn only_what_members_ask_for_themselves_is_direct() {
        let package =
            |id: &str| json!({"id": id, "name": id, "version": "1.0.0", "license": "MIT"});
        let read = direct(&json!({
            "packages": [package("ours"), package("direct"), package("deeper")],
            "workspace_members": ["ours"],
            "resolve": {"nodes": [
                {"id": "ours", "dependencies": ["direct"]},
                {"id": "direct", "dependencies": ["deeper"]},
            ]},
        }));
        assert_eq!(read.keys().collect::<Vec<_>>(), ["direct"]);
    }

    #[test]
    fn a_package_is_mentioned_as_a_word_of_the_code() {
        assert!(mentions("use tokio_util::sync;", "tokio-util"));
        assert!(!mentions("use tokio_util::sync;", "tokio"));
        assert!(!mentions("// tokio would do that\n", "tokio"));
    }
}
