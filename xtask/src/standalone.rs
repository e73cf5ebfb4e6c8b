//! `cargo xtask standalone`: the repository is all that one needs.
//!
//! No tracked file may speak of a place outside it: a relative path that climbs out, the folder of
//! somebody's machine, or a symbolic link that leaves. Whoever clones has none of those.

use std::path::Path;

/// Top folders of somebody's machine.
const FOREIGN: [&str; 5] = ["home", "root", "Users", "mnt", "workspace"];

/// Folders that every machine has: a copy that lies in one tells nothing by their name.
const EVERYWHERE: [&str; 5] = ["/tmp", "/var/tmp", "/opt", "/srv", "/usr/src"];

/// Checks every tracked file.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let listed = crate::output(root, "git", &["ls-files", "-z"])?;
    let listed = String::from_utf8(listed).map_err(|error| format!("git ls-files: {error}"))?;
    // Where this copy lies, unless every machine has that folder.
    let place = root
        .parent()
        .filter(|parent| parent.parent().is_some())
        .filter(|parent| !EVERYWHERE.iter().any(|folder| *parent == Path::new(folder)))
        .map(|parent| format!("{}/", parent.display()));
    let mut problems = Vec::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let path = root.join(name);
        if let Ok(target) = std::fs::read_link(&path) {
            let target = target.display().to_string();
            if target.starts_with('/') || climbs_out(name, &target) {
                problems.push(format!("{name}: a link to {target}"));
            }
            continue;
        }
        // What is not text speaks of nothing; what was deleted but not yet committed, neither.
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        for (at, line) in text.lines().enumerate() {
            if let Some(found) = outside(name, line, place.as_deref()) {
                problems.push(format!("{name}:{}: {found}", at + 1));
            }
        }
    }
    Ok(problems)
}

/// The first word of a line that is a path to somewhere else.
fn outside<'l>(file: &str, line: &'l str, place: Option<&str>) -> Option<&'l str> {
    line.split(|c: char| !(c.is_alphanumeric() || "/._-~".contains(c)))
        .find(|word| {
            climbs_out(file, word)
                || place.is_some_and(|place| word.starts_with(place))
                || FOREIGN.iter().any(|folder| {
                    word.strip_prefix('/')
                        .and_then(|rest| rest.strip_prefix(folder))
                        .is_some_and(|rest| rest.starts_with('/'))
                })
        })
}

/// Whether a path relative to the folder of a file leaves the repository.
fn climbs_out(file: &str, path: &str) -> bool {
    // Ranges and ellipses are no paths.
    if !path.contains("../") {
        return false;
    }
    let mut depth = file.matches('/').count();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::outside;

    #[test]
    fn a_path_that_climbs_out_of_the_repository_is_found() {
        let up = "../".repeat(3);
        let line = format!("see `{up}notes.md`, please");
        assert_eq!(
            outside("docs/adr/a.md", &line, None),
            Some(format!("{up}notes.md").as_str())
        );
        assert_eq!(outside("crates/a/src/lib.rs", &line, None), None);
        assert!(outside("README.md", &format!("in {}notes", "../"), None).is_some());
        assert!(outside("a/b.md", &format!("c/{}d", "../".repeat(3)), None).is_some());
    }

    #[test]
    fn a_folder_of_somebody_s_machine_is_found() {
        let home = format!("/{}/ada/latchkey", "home");
        assert!(outside("README.md", &format!("cd {home}"), None).is_some());
        assert!(outside("README.md", "cd /srv/here/latchkey", Some("/srv/here/")).is_some());
        assert_eq!(
            outside(
                "README.md",
                "cd /srv/other; https://example.com/home/x",
                Some("/srv/here/")
            ),
            None
        );
    }

    #[test]
    fn what_looks_like_a_path_but_is_none_is_left_alone() {
        assert_eq!(
            outside(
                "a.md",
                "1..2, ..., `..=`, x..y, /etc/latchkey, ./test",
                None
            ),
            None
        );
    }
}
