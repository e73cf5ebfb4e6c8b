//! Threats S42 and S43, of the source itself: no secret is compared in a time that depends on it,
//! and no key is shipped. S44, the guard against requests to places inside, is tested where requests
//! go out: in `notify`.

use std::path::{Path, PathBuf};

/// Words that name a secret, or what stands for one in a comparison.
const SECRET: [&str; 15] = [
    "tag",
    "token",
    "cookie",
    "secret",
    "password",
    "answer",
    "mac",
    "hmac",
    "digest",
    "signature",
    "pepper",
    "nonce",
    "otp",
    "csrf",
    "passcode",
];

/// Comparisons that look like one of a secret and are none: a part of the line, and why.
const FINE: [(&str, &str); 8] = [
    ("known == tag", "both are `Secret`"),
    (
        "|nonce| &nonce.0) != Some(against.nonce)",
        "both are `Secret`",
    ),
    ("== answer.question", "the name of a question"),
    ("tag.trim() == \"*\"", "an entity tag of HTTP"),
    ("asked.tag == *typed", "both are `Secret`"),
    (
        "&(String, Secret<String>)| *known == answer",
        "both are `Secret`",
    ),
    ("pepper.number == number", "which pepper, not the pepper"),
    (
        "stored.pepper != settings.peppers.current.number",
        "which pepper, not the pepper",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

/// Every file under a folder that is part of the project.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    const NOT_OURS: [&str; 6] = [
        ".git",
        "target",
        "node_modules",
        "test-results",
        "dist",
        ".cache",
    ];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The comparisons with `==` and `!=` in a file that look like one of a secret. `Secret` compares in
/// constant time, so that a bare value out of one, or a name of one, is what is looked for.
fn suspicious(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .filter(|line| {
            let line = line.split(" // ").next().unwrap_or_default();
            ["==", "!="].into_iter().any(|operator| {
                line.match_indices(operator).any(|(at, _)| {
                    let (left, right) = (&line[..at], &line[at + 2..]);
                    let left = left
                        .rsplit(['&', '|', ',', '{', '='])
                        .find(|s| !s.trim().is_empty());
                    let right = right
                        .split(['&', '|', ',', '{', ';'])
                        .find(|s| !s.trim().is_empty());
                    let sides = [left.unwrap_or_default(), right.unwrap_or_default()];
                    sides.into_iter().any(is_secret) && !sides.into_iter().any(is_plain)
                })
            })
        })
        .filter(|line| FINE.iter().all(|(part, _)| !line.contains(part)))
        .map(str::trim)
        .collect()
}

fn is_secret(side: &str) -> bool {
    side.contains("expose()")
        || side
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| {
                word.split('_')
                    .any(|part| SECRET.contains(&part.to_ascii_lowercase().as_str()))
            })
}

/// A length, a count, a constant or a literal: a comparison with it gives away nothing of a secret.
fn is_plain(side: &str) -> bool {
    let side = side.trim();
    side.contains(".len()")
        || side.contains(".count()")
        || side.contains(".is_some()")
        || side.starts_with(['"', '\''])
        || side.starts_with("b\"")
        || side.starts_with("b'")
        || side.starts_with(|c: char| c.is_ascii_digit())
        || side.contains("::")
        || side
            .trim_end_matches([')', ' '])
            .chars()
            .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
}

#[test]
fn s42_no_secret_is_compared_in_a_time_that_depends_on_it() {
    let mut found = Vec::new();
    files(&root().join("crates"), &mut found);
    let mut looked = 0;
    let mut wrong = Vec::new();
    for path in found {
        let name = path.to_string_lossy();
        let is_source = name.ends_with(".rs") && name.contains("/src/");
        if !is_source || name.contains("/testkit/") || name.ends_with("tests.rs") {
            continue;
        }
        looked += 1;
        let source = std::fs::read_to_string(&path).unwrap();
        for line in suspicious(&source) {
            wrong.push(format!("{}: {line}", path.display()));
        }
    }
    assert!(looked > 100, "{looked} files");
    assert!(
        wrong.is_empty(),
        "compare a Secret, which takes the same time whatever is in it:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn s42_the_search_finds_a_comparison_of_secrets() {
    for line in [
        "if stored_tag == typed_tag {",
        "let same = cookie.expose() == other.expose();",
        "return row.token != token;",
        "if a && form_token == b {",
    ] {
        assert_eq!(suspicious(line).len(), 1, "{line}");
    }
    for line in [
        "if tag.len() == 32 {",
        "// tag == tag",
        "let same = name == other;",
        "x\n#[cfg(test)]\nif tag == tag {",
    ] {
        assert!(suspicious(line).is_empty(), "{line}");
    }
}

/// What begins a key or a credential in a file.
const KEYS: [&str; 6] = [
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN RSA PRIVATE KEY",
    "-----BEGIN EC PRIVATE KEY",
    "-----BEGIN OPENSSH PRIVATE KEY",
    "-----BEGIN ENCRYPTED PRIVATE KEY",
    "AGE-SECRET-KEY-1",
];

fn holds_key(name: &str, bytes: &[u8]) -> bool {
    let ending = Path::new(name)
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let key_file = ["pem", "key", "p12", "pfx", "jks", "kdbx"];
    let text = String::from_utf8_lossy(bytes);
    ending.is_some_and(|ending| key_file.contains(&ending.as_str()))
        || KEYS.iter().any(|key| text.contains(key))
}

#[test]
fn s43_no_key_is_in_the_repository() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    assert!(found.len() > 200, "{} files", found.len());
    let this = Path::new(file!()).file_name().unwrap();
    for path in found {
        let size = path.metadata().unwrap().len();
        if path.file_name() == Some(this) || size > 2_000_000 {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !holds_key(&path.to_string_lossy(), &bytes),
            "{} holds a key",
            path.display()
        );
    }
    assert!(holds_key("a.key", b""));
    assert!(holds_key("a.md", b"x\n-----BEGIN PRIVATE KEY-----"));
}

#[test]
fn s43_a_key_that_nobody_drew_is_refused_and_the_example_has_no_secret_to_copy() {
    use latchkey_app::MasterKey;
    let counting = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    for key in [
        "00".repeat(32),
        "ff".repeat(32),
        "41".repeat(32),
        "0123456789abcdef".repeat(4),
        "deadbeef".repeat(8),
        counting.into(),
        String::new(),
        "changeme".into(),
    ] {
        assert!(MasterKey::from_text(&key).is_err(), "{key}");
    }
    let drawn = "8f1d6b0c53a94e27f06ab2d9417ce835ba20f4976d1c83ee5907a2c46bf8d13e";
    assert!(MasterKey::from_text(drawn).is_ok());
    let example = root().join("crates/server/src/config/example.toml");
    for line in std::fs::read_to_string(example).unwrap().lines() {
        let line = line.trim_start_matches(['#', ' ']);
        for name in ["password", "secret"] {
            let value = line.strip_prefix(name).map(str::trim_start);
            assert!(value.is_none_or(|rest| !rest.starts_with('=')), "{line}");
        }
    }
}
