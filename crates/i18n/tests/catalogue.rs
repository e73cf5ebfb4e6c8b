//! The languages say the same things, and every text is used.
#![expect(
    clippy::panic,
    reason = "the helpers of these tests say what is wrong with a file"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fluent_syntax::ast;
use fluent_syntax::parser;
use latchkey_i18n::{FILES, Texts, source};
use latchkey_types::Locale;

/// Ids that begin so may be put together at run time; each prefix says where.
const BUILT_AT_RUN_TIME: [&str; 0] = [];

const WRITTEN: [Locale; 3] = [Locale::En, Locale::Sv, Locale::Nl];

/// What one text is made of.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    variables: BTreeSet<String>,
    /// Messages and terms that it quotes.
    quotes: BTreeSet<String>,
    /// The words, without the variables.
    words: String,
    /// The categories of each choice by number.
    plurals: Vec<BTreeSet<String>>,
}

/// Every text of a language by id; an attribute is `id.attribute`, a term `-id`.
fn catalogue(locale: Locale) -> BTreeMap<String, Shape> {
    let mut all = BTreeMap::new();
    for file in FILES {
        let resource = parser::parse(source(file, locale))
            .unwrap_or_else(|(_, faults)| panic!("{}/{}: {faults:?}", locale.tag(), file.name));
        for entry in &resource.body {
            let (id, value, attributes) = match entry {
                ast::Entry::Message(m) => (m.id.name.to_owned(), m.value.as_ref(), &m.attributes),
                ast::Entry::Term(t) => (format!("-{}", t.id.name), Some(&t.value), &t.attributes),
                ast::Entry::Junk { content } => panic!("{}/{}: {content}", locale.tag(), file.name),
                _ => continue,
            };
            let named = attributes
                .iter()
                .map(|a| (format!("{id}.{}", a.id.name), &a.value))
                .collect::<Vec<_>>();
            for (id, pattern) in value.map(|v| (id, v)).into_iter().chain(named) {
                let mut shape = Shape::default();
                walk(pattern, &mut shape);
                let name = id.clone();
                assert!(
                    all.insert(id, shape).is_none(),
                    "{}: {name} is there twice",
                    locale.tag()
                );
            }
        }
    }
    all
}

fn walk(pattern: &ast::Pattern<&str>, shape: &mut Shape) {
    for element in &pattern.elements {
        match element {
            ast::PatternElement::TextElement { value } => shape.words.push_str(value),
            ast::PatternElement::Placeable { expression } => {
                // U+FFFC stands where something is put in.
                shape.words.push('\u{fffc}');
                match expression {
                    ast::Expression::Inline(inline) => quote(inline, shape),
                    ast::Expression::Select { selector, variants } => {
                        quote(selector, shape);
                        let keys: BTreeSet<String> = variants
                            .iter()
                            .map(|variant| match variant.key {
                                ast::VariantKey::Identifier { name }
                                | ast::VariantKey::NumberLiteral { value: name } => name.to_owned(),
                            })
                            .collect();
                        shape.plurals.push(keys);
                        for variant in variants {
                            walk(&variant.value, shape);
                        }
                    }
                }
            }
        }
    }
}

fn quote(inline: &ast::InlineExpression<&str>, shape: &mut Shape) {
    let with = |id: &str, attribute: &Option<ast::Identifier<&str>>| match attribute {
        Some(attribute) => format!("{id}.{}", attribute.name),
        None => id.to_owned(),
    };
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            shape.variables.insert(id.name.to_owned());
        }
        ast::InlineExpression::MessageReference { id, attribute } => {
            shape.quotes.insert(with(id.name, attribute));
        }
        ast::InlineExpression::TermReference { id, attribute, .. } => {
            shape
                .quotes
                .insert(with(&format!("-{}", id.name), attribute));
        }
        ast::InlineExpression::Placeable { expression } => {
            if let ast::Expression::Inline(inner) = expression.as_ref() {
                quote(inner, shape);
            }
        }
        ast::InlineExpression::StringLiteral { value } => shape.words.push_str(value),
        ast::InlineExpression::NumberLiteral { .. } => {}
        ast::InlineExpression::FunctionReference { id, .. } => {
            panic!(
                "{} is a function; numbers and dates are formatted by Texts",
                id.name
            )
        }
    }
}

#[test]
fn every_language_has_the_same_texts_with_the_same_variables() {
    let english = catalogue(Locale::En);
    for locale in WRITTEN {
        let other = catalogue(locale);
        let ids = |all: &BTreeMap<String, Shape>| all.keys().cloned().collect::<BTreeSet<_>>();
        let differing: Vec<String> = ids(&english)
            .symmetric_difference(&ids(&other))
            .cloned()
            .collect();
        assert!(
            differing.is_empty(),
            "only in one of en and {}: {differing:?}",
            locale.tag()
        );
        for (id, shape) in &other {
            assert_eq!(
                shape.variables,
                english[id].variables,
                "{}: {id}",
                locale.tag()
            );
            assert_eq!(shape.quotes, english[id].quotes, "{}: {id}", locale.tag());
        }
    }
}

#[test]
fn texts_hold_words_and_no_markup() {
    for locale in WRITTEN {
        for (id, shape) in catalogue(locale) {
            let words = &shape.words;
            let place = format!("{}: {id}: {words:?}", locale.tag());
            assert!(!words.contains(['<', '>', '&', '`', '*', '_']), "{place}");
            assert!(
                !words.contains(|c: char| c.is_control() && c != '\n'),
                "{place}"
            );
            assert!(
                !words.contains("http:") && !words.contains("https:"),
                "{place}"
            );
            assert!(!words.contains("  "), "two spaces: {place}");
            assert_eq!(words.trim_end_matches(' '), words.trim_end(), "{place}");
        }
    }
}

#[test]
fn a_choice_by_number_has_every_category_of_the_language() {
    // CLDR 48: English, Swedish and Dutch have `one` and `other` for whole numbers below a million.
    let whole: BTreeSet<String> = ["one", "other"].map(str::to_owned).into();
    for locale in WRITTEN {
        for (id, shape) in catalogue(locale) {
            for keys in shape.plurals {
                let by_number = keys.is_subset(
                    &["zero", "one", "two", "few", "many", "other"]
                        .map(str::to_owned)
                        .into(),
                );
                assert!(
                    !by_number || keys == whole,
                    "{}: {id}: {keys:?}",
                    locale.tag()
                );
            }
        }
    }
}

#[test]
fn the_pseudo_language_is_at_least_a_third_longer_than_english() {
    let length = |locale| {
        let texts = Texts::new(locale);
        catalogue(Locale::En)
            .iter()
            .filter(|(id, shape)| !id.starts_with('-') && shape.variables.is_empty())
            .map(|(id, _)| texts.get(id).chars().count())
            .sum::<usize>()
    };
    let (english, pseudo) = (length(Locale::En), length(Locale::Pseudo));
    assert!(pseudo * 3 > english * 4, "{english} {pseudo}");
}

/// Sources and templates of every crate: path and content.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for package in std::fs::read_dir(crates)
        .expect("the folder of the crates")
        .flatten()
    {
        for folder in ["src", "templates"] {
            collect(&package.path().join(folder), &mut files);
        }
    }
    assert!(files.len() > 20, "the sources were not found");
    files
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|e| e == "rs" || e == "html" || e == "txt")
        {
            let text = std::fs::read_to_string(&path).expect("a source is UTF-8");
            // What the tests and comments in a file say is no use of a text.
            let text = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            files.push((path, text));
        }
    }
}

/// The ids in `texts.get("…")`, `.with("…")`, `.plain("…")` on a receiver named `texts` or `t`.
fn asked_for(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for method in [".get(", ".with(", ".plain("] {
        for (at, _) in text.match_indices(method) {
            let receiver: String = text[..at]
                .trim_end()
                .chars()
                .rev()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<Vec<char>>()
                .into_iter()
                .rev()
                .collect();
            let argument = text[at + method.len()..].trim_start();
            if matches!(receiver.as_str(), "texts" | "t")
                && let Some(literal) = argument.strip_prefix('"')
                && let Some((id, _)) = literal.split_once('"')
            {
                ids.push(id.to_owned());
            }
        }
    }
    ids
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let english = catalogue(Locale::En);
    for (path, text) in sources() {
        for id in asked_for(&text) {
            assert!(
                english.contains_key(&id),
                "{}: there is no text {id:?}",
                path.display()
            );
        }
    }
}

#[test]
fn every_text_is_used() {
    let sources = sources();
    let english = catalogue(Locale::En);
    let unused: Vec<&String> = english
        .keys()
        .filter(|id| {
            !BUILT_AT_RUN_TIME
                .iter()
                .any(|prefix| id.starts_with(prefix))
        })
        .filter(|id| !english.values().any(|shape| shape.quotes.contains(*id)))
        .filter(|id| {
            let literal = format!("\"{id}\"");
            !sources.iter().any(|(_, text)| text.contains(&literal))
        })
        .collect();
    assert!(unused.is_empty(), "no page and no message says {unused:?}");
}

#[test]
fn the_search_for_ids_finds_them() {
    let text = r#"{{ t.get("a-b") }} texts.with(
        "c-d", &[]) self.texts.plain("e-f.label", &[]) map.get("not-one") t.get(id)"#;
    assert_eq!(asked_for(text), ["a-b", "c-d", "e-f.label"]);
}
