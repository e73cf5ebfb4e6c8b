use super::{Row, arrows, brings_async, rows, sizes, speaks_async};
use crate::graph::{Crate, Graph};

const TABLE: &str = "\
| layer | crate | what it is | uses |
|---|---|---|---|
| 0 | `types` | words | |
| 1 | `core` | rules | types |
| 2 | `store` | SQL | types, core |
| 3 | `app` | use cases | core, store |
| dev | `testkit` | a service in a test | app |
";

/// The crates as the table has them.
fn as_written() -> (Vec<Row>, Graph) {
    let rows = rows(TABLE).unwrap();
    let graph = rows
        .iter()
        .map(|row| {
            let uses = row.uses.iter().cloned().collect();
            (
                row.name.clone(),
                Crate {
                    uses,
                    ..Crate::default()
                },
            )
        })
        .collect();
    (rows, graph)
}

fn one(problems: &[String], words: &str) {
    assert!(
        matches!(problems, [only] if only.contains(words)),
        "{problems:?}, not: {words}"
    );
}

#[test]
fn crates_that_are_as_the_table_says_have_no_problem() {
    let (rows, graph) = as_written();
    assert_eq!(arrows(&rows, &graph), Vec::<String>::new());
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_reported() {
    let (rows, mut graph) = as_written();
    graph.get_mut("core").unwrap().uses.insert("store".into());
    one(&arrows(&rows, &graph), "core uses store");
}

#[test]
fn an_arrow_of_the_table_that_nobody_uses_is_reported() {
    let (rows, mut graph) = as_written();
    graph.get_mut("app").unwrap().uses.remove("store");
    one(&arrows(&rows, &graph), "app uses store, but it does not");
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_reported() {
    let (rows, mut graph) = as_written();
    graph.insert("extra".into(), Crate::default());
    one(&arrows(&rows, &graph), "extra is not in the table");
    let (rows, mut graph) = as_written();
    graph.remove("testkit");
    one(
        &arrows(&rows, &graph),
        "testkit of the table does not exist",
    );
}

#[test]
fn the_table_cannot_allow_an_arrow_that_points_up() {
    let (_, mut graph) = as_written();
    let rows = rows(&TABLE.replace("| rules | types |", "| rules | types, app |")).unwrap();
    graph.get_mut("core").unwrap().uses.insert("app".into());
    one(&arrows(&rows, &graph), "core use app, which is above it");
}

#[test]
fn nothing_that_ships_uses_a_crate_for_tests() {
    let (_, mut graph) = as_written();
    let rows = rows(&TABLE.replace("| core, store |", "| core, store, testkit |")).unwrap();
    graph.get_mut("testkit").unwrap().uses.remove("app");
    graph.get_mut("app").unwrap().uses.insert("testkit".into());
    let problems = arrows(&rows, &graph);
    assert!(
        problems
            .iter()
            .any(|line| line.contains("app use testkit, which is above it")),
        "{problems:?}"
    );
}

#[test]
fn tests_may_use_what_they_like_but_those_of_the_lowest_layers_not_the_use_cases() {
    let (rows, mut graph) = as_written();
    graph
        .get_mut("store")
        .unwrap()
        .tests_use
        .insert("testkit".into());
    assert_eq!(arrows(&rows, &graph), Vec::<String>::new());
    graph
        .get_mut("core")
        .unwrap()
        .tests_use
        .insert("testkit".into());
    one(
        &arrows(&rows, &graph),
        "tests of core use testkit, and so app",
    );
}

#[test]
fn async_code_and_packages_that_bring_it_are_reported() {
    let with = ["serde".to_owned(), "tokio".to_owned()].into();
    one(
        &brings_async("core", &with),
        "core has no I/O and no async, but depends on tokio",
    );
    assert!(brings_async("core", &["serde".to_owned()].into()).is_empty());
    assert!(
        speaks_async("a.rs", "fn f() {}\n    x.await?;\n")
            .unwrap()
            .starts_with("a.rs:2:")
    );
    assert!(speaks_async("a.rs", "pub async fn f() {}").is_some());
    assert_eq!(
        speaks_async("a.rs", "//! no async fn here, no .await\nfn f() {}"),
        None
    );
}

#[test]
fn a_file_may_have_800_lines_and_a_crate_25000() {
    let file = |lines: usize| ("a.rs".to_owned(), "\n".repeat(lines));
    assert!(sizes("a", &[file(800)]).is_empty());
    one(&sizes("a", &[file(801)]), "801 lines");
    let mut most = vec![file(800); 31];
    most.push(file(200));
    assert!(sizes("a", &most).is_empty());
    most.push(file(1));
    one(&sizes("a", &most), "25001 lines of Rust");
}
