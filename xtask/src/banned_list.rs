//! `cargo xtask banned-list`: makes `crates/core/data/banned.txt`, the global list of banned terms.
//!
//! The words come from two packages of fixed version, fetched with the ordinary clients (`npm`,
//! `pip`) into a temporary folder. What is taken:
//! - common passwords, which are what people choose and attackers try;
//! - given names and surnames, which are what people decorate.
//!
//! Not taken are the lists of ordinary English words (encyclopaedia, film subtitles): a term counts
//! as one point wherever it stands in a password, and with every word of the language banned, a
//! passphrase of four random words written without spaces could never be accepted. With this list,
//! of phrases of random words from the 8000 most frequent of four to nine letters, there pass: two
//! words with a space 97 %, three without spaces 99.7 %, four without spaces over 99.9 %; and all
//! random passwords of 12 characters (`core/src/password/shipped_list_tests.rs` holds the line).

#[path = "../../crates/core/src/password/substitution.rs"]
mod substitution;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const ZXCVBN: &str = "zxcvbn@4.4.2";
const DJANGO: &str = "Django==5.2";

/// Lists of the npm package which are taken.
const LISTS: [&str; 4] = ["passwords", "female_names", "male_names", "surnames"];

/// Length of a term in characters; the same bounds as in `core/src/password/terms.rs`.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=24;

/// Fetches the sources, writes the list and the licences of its sources.
pub(crate) fn run() -> Result<(), String> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/core/data");
    let temp = std::env::temp_dir().join(format!("latchkey-banned-list-{}", std::process::id()));
    fs::create_dir_all(&temp).map_err(|e| format!("{}: {e}", temp.display()))?;
    let made = make(&temp, &data);
    let removed = fs::remove_dir_all(&temp).map_err(|e| format!("{}: {e}", temp.display()));
    made.and(removed)
}

fn make(temp: &Path, data: &Path) -> Result<(), String> {
    command(temp, "npm", &["pack", "--silent", ZXCVBN])?;
    command(temp, "tar", &["-xzf", "zxcvbn-4.4.2.tgz"])?;
    command(
        temp,
        "pip",
        &[
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
            DJANGO,
        ],
    )?;
    let wheel = fs::read_dir(temp)
        .map_err(|e| e.to_string())?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "whl")
        })
        .ok_or("pip left no wheel")?;
    command(temp, "python3", &["-m", "zipfile", "-e", &wheel, "django"])?;

    let frequency = read(&temp.join("package/src/frequency_lists.coffee"))?;
    let mut words = Vec::new();
    for list in LISTS {
        words.extend(words_of(&frequency, list)?.split(','));
    }
    let common = command(
        temp,
        "gzip",
        &["-dc", "django/django/contrib/auth/common-passwords.txt.gz"],
    )?;
    words.extend(common.lines());

    let terms: BTreeSet<String> = words.into_iter().filter_map(term).collect();
    let mut text = header(terms.len());
    for term in terms {
        text.push_str(&term);
        text.push('\n');
    }
    write(&data.join("banned.txt"), &text)?;
    let zxcvbn = read(&temp.join("package/LICENSE.txt"))?;
    write(&data.join("licences/zxcvbn.txt"), &zxcvbn)?;
    let django = read(&temp.join("django/Django-5.2.dist-info/LICENSE"))?;
    write(&data.join("licences/django.txt"), &django)
}

/// The line `  name: "a,b,c"` of the CoffeeScript file.
fn words_of<'t>(coffee: &'t str, name: &str) -> Result<&'t str, String> {
    let start = format!("{name}:");
    coffee
        .lines()
        .find_map(|line| line.trim().strip_prefix(&start))
        .map(|words| words.trim().trim_matches('"'))
        .ok_or_else(|| format!("the frequency lists have no {name}"))
}

/// The folded term, if it can be one. What is neither ASCII nor Cyrillic in these sources is the
/// wreckage of lost encodings.
fn term(word: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_graphic() || ('а'..='я').contains(&c);
    let term: String = word
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'й' => 'и',
            'ё' => 'е',
            _ => substitution::substitute(c),
        })
        .collect();
    (LENGTHS.contains(&term.chars().count()) && term.chars().all(plain)).then_some(term)
}

fn header(terms: usize) -> String {
    format!(
        "# Global list of banned terms: {terms} terms, one a line, folded (lower case, substitutions\n\
         # undone, 1 stands for l or i) and in order. Made by `cargo xtask banned-list`; do not edit.\n\
         # Sources:\n\
         # - npm package {ZXCVBN}, lists passwords, female_names, male_names and surnames:\n\
         #   MIT licence, Copyright (c) 2012-2016 Dan Wheeler and Dropbox, Inc. (licences/zxcvbn.txt)\n\
         # - PyPI package {DJANGO}, django/contrib/auth/common-passwords.txt.gz:\n\
         #   BSD-3-Clause, Copyright (c) Django Software Foundation and individual contributors\n\
         #   (licences/django.txt)\n"
    )
}

fn command(folder: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "{program}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
