//! Where settings come from: a TOML file, and environment variables that override it. Every value
//! knows its place, so that what is wrong with it can be mended without searching.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use latchkey_types::Secret;
use toml::de::{DeTable, DeValue};

/// What environment variables begin with; two underscores stand between section and key.
pub(super) const PREFIX: &str = "LATCHKEY__";

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line of the file.
    Line(PathBuf, usize),
    /// A variable.
    Environment(String),
    /// Nowhere: it is missing.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Nowhere => f.write_str("configuration"),
        }
    }
}

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) place: Place,
    /// What is wrong and what would be right.
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Whole(i64),
    Truth(bool),
    List(Vec<Given>),
    Table(BTreeMap<String, Given>),
    /// A kind that no setting has.
    Other,
}

#[derive(Debug, Clone)]
struct Given {
    value: Value,
    place: Place,
}

/// Everything that was found to be wrong, and the root of what was given.
pub(crate) struct Source {
    root: BTreeMap<String, Given>,
    problems: RefCell<Vec<Problem>>,
}

impl Source {
    /// Reads a file, if there is one, and the variables over it.
    pub(crate) fn read(
        file: Option<(&Path, &str)>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut problems = Vec::new();
        let mut root = BTreeMap::new();
        if let Some((path, text)) = file {
            let line = |offset: usize| {
                let before = text.get(..offset.min(text.len())).unwrap_or_default();
                Place::Line(path.to_owned(), 1 + before.matches('\n').count())
            };
            let (table, errors) = DeTable::parse_recoverable(text);
            for error in errors {
                let place = line(error.span().map_or(0, |span| span.start));
                problems.push(Problem {
                    place,
                    what: format!("not TOML: {}", error.message()),
                });
            }
            root = convert(table.get_ref(), &line);
        }
        for (name, value) in environment {
            if let Some(rest) = name.strip_prefix(PREFIX) {
                let keys: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
                let given = Given {
                    value: Value::Text(value),
                    place: Place::Environment(name),
                };
                insert(&mut root, &keys, given, &mut problems);
            }
        }
        Self {
            root,
            problems: RefCell::new(problems),
        }
    }

    /// The keys that stand in no section.
    pub(crate) fn top(&self) -> Section<'_> {
        Section {
            source: self,
            path: String::new(),
            place: Place::Nowhere,
            entries: self.root.clone(),
            asked: Vec::new(),
        }
    }

    /// Notes something to mend.
    pub(crate) fn problem(&self, place: &Place, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            place: place.clone(),
            what: what.into(),
        });
    }

    /// Everything that is to be mended, in the order of the file.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| match &problem.place {
            Place::Line(_, line) => (0, *line),
            Place::Environment(_) => (1, 0),
            Place::Nowhere => (2, 0),
        });
        problems
    }
}

fn convert(table: &DeTable<'_>, line: &dyn Fn(usize) -> Place) -> BTreeMap<String, Given> {
    table
        .iter()
        .map(|(key, value)| {
            let place = line(key.span().start);
            (
                key.get_ref().to_string(),
                Given {
                    value: one(value.get_ref(), line),
                    place,
                },
            )
        })
        .collect()
}

fn one(value: &DeValue<'_>, line: &dyn Fn(usize) -> Place) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Whole)
        }
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Given {
                    value: one(item.get_ref(), line),
                    place: line(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert(table, line)),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    }
}

fn insert(
    table: &mut BTreeMap<String, Given>,
    keys: &[String],
    given: Given,
    problems: &mut Vec<Problem>,
) {
    match keys {
        [] => {}
        [key] => {
            table.insert(key.clone(), given);
        }
        [key, rest @ ..] => {
            let section = table.entry(key.clone()).or_insert_with(|| Given {
                value: Value::Table(BTreeMap::new()),
                place: given.place.clone(),
            });
            match &mut section.value {
                Value::Table(inner) => insert(inner, rest, given, problems),
                _ => problems.push(Problem {
                    place: given.place,
                    what: format!("{key} is no section"),
                }),
            }
        }
    }
}

/// A section of the configuration. Whoever has asked for every key calls [`Section::finish`], which
/// finds those that do not exist.
pub(crate) struct Section<'a> {
    source: &'a Source,
    path: String,
    /// Where it begins.
    pub(crate) place: Place,
    entries: BTreeMap<String, Given>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Given> {
        self.asked.push(key);
        self.entries.remove(key)
    }

    fn wrong(&self, key: &str, place: &Place, should: &str) {
        self.source
            .problem(place, format!("{} must be {should}", self.name(key)));
    }

    /// Whether a value is given.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The place of a value, or of the section where there is none.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        self.entries
            .get(key)
            .map_or_else(|| self.place.clone(), |given| given.place.clone())
    }

    /// A section in this one.
    pub(crate) fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let given = self.take(key)?;
        match given.value {
            Value::Table(entries) => Some(Section {
                source: self.source,
                path: self.name(key),
                place: given.place,
                entries,
                asked: Vec::new(),
            }),
            _ => {
                self.wrong(
                    key,
                    &given.place,
                    &format!("a section: [{}]", self.name(key)),
                );
                None
            }
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        let given = self.take(key)?;
        match given.value {
            Value::Text(text) => Some(text),
            _ => {
                self.wrong(key, &given.place, "a text in quotes");
                None
            }
        }
    }

    /// A text that means something; `read` says in words what is right.
    pub(crate) fn parse<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let place = self.place_of(key);
        let text = self.text(key)?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(should) => {
                self.source
                    .problem(&place, format!("{}: {should}", self.name(key)));
                None
            }
        }
    }

    /// A number in a range, both ends in it.
    pub(crate) fn number(&mut self, key: &'static str, least: u32, most: u32, default: u32) -> u32 {
        let Some(given) = self.take(key) else {
            return default;
        };
        let number = match given.value {
            Value::Whole(number) => Some(number),
            Value::Text(text) if matches!(given.place, Place::Environment(_)) => {
                text.trim().parse().ok()
            }
            _ => None,
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => number,
            None => {
                self.wrong(
                    key,
                    &given.place,
                    &format!("a number from {least} to {most}"),
                );
                default
            }
        }
    }

    /// `true` or `false`; without a value `false`.
    pub(crate) fn flag(&mut self, key: &'static str) -> bool {
        let Some(given) = self.take(key) else {
            return false;
        };
        let truth = match given.value {
            Value::Truth(truth) => Some(truth),
            Value::Text(text) if matches!(given.place, Place::Environment(_)) => {
                text.trim().parse().ok()
            }
            _ => None,
        };
        truth.unwrap_or_else(|| {
            self.wrong(key, &given.place, "true or false");
            false
        })
    }

    /// Texts; in a variable with commas between them.
    pub(crate) fn list(&mut self, key: &'static str) -> Vec<(String, Place)> {
        let Some(given) = self.take(key) else {
            return Vec::new();
        };
        match given.value {
            Value::Text(text) if matches!(given.place, Place::Environment(_)) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| (item.to_owned(), given.place.clone()))
                .collect(),
            Value::List(items) => items
                .into_iter()
                .filter_map(|item| match item.value {
                    Value::Text(text) => Some((text, item.place)),
                    _ => {
                        self.wrong(key, &item.place, "a list of texts");
                        None
                    }
                })
                .collect(),
            _ => {
                self.wrong(key, &given.place, "a list of texts: [\"…\"]");
                Vec::new()
            }
        }
    }

    /// A list of which each item means something.
    pub(crate) fn parse_list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        self.list(key)
            .into_iter()
            .filter_map(|(text, place)| match read(&text) {
                Ok(value) => Some(value),
                Err(should) => {
                    self.source
                        .problem(&place, format!("{}: {should}", self.name(key)));
                    None
                }
            })
            .collect()
    }

    /// A secret: `key` itself, or a file with it, named by `file_key`. A line break at the end of a
    /// file does not belong to it.
    pub(crate) fn secret(
        &mut self,
        key: &'static str,
        file_key: &'static str,
    ) -> Option<Secret<String>> {
        let file_place = self.place_of(file_key);
        let direct = self.text(key).map(Secret::new);
        let Some(file) = self.text(file_key) else {
            return direct;
        };
        if direct.is_some() {
            self.source.problem(
                &file_place,
                format!(
                    "{} and {} are both given: keep one",
                    self.name(key),
                    self.name(file_key)
                ),
            );
            return direct;
        }
        match std::fs::read_to_string(&file) {
            Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) => {
                let what = format!("{}: {file} cannot be read: {error}", self.name(file_key));
                self.source.problem(&file_place, what);
                None
            }
        }
    }

    /// All that is left, as TOML, for a type that reads itself. Numbers and truth values of the
    /// named keys are read from variables, too.
    pub(crate) fn rest(self, numbers: &[&str]) -> toml::Table {
        fn plain(given: Given, is_number: bool) -> toml::Value {
            match given.value {
                Value::Text(text) if is_number => text
                    .parse::<i64>()
                    .map(toml::Value::from)
                    .or_else(|_| text.parse::<bool>().map(toml::Value::from))
                    .unwrap_or_else(|_| toml::Value::from(text)),
                Value::Text(text) => text.into(),
                Value::Whole(number) => number.into(),
                Value::Truth(truth) => truth.into(),
                Value::List(items) => items
                    .into_iter()
                    .map(|item| plain(item, false))
                    .collect::<Vec<_>>()
                    .into(),
                Value::Table(table) => table
                    .into_iter()
                    .map(|(key, item)| (key, plain(item, false)))
                    .collect::<toml::Table>()
                    .into(),
                Value::Other => toml::Value::from(f64::NAN),
            }
        }
        self.entries
            .into_iter()
            .map(|(key, given)| {
                let from_environment = matches!(given.place, Place::Environment(_));
                let is_number = from_environment && numbers.contains(&key.as_str());
                (key, plain(given, is_number))
            })
            .collect()
    }

    /// Notes every key that nobody asked for.
    pub(crate) fn finish(self) {
        for (key, given) in &self.entries {
            let whole = self.name(key);
            let known = self.asked.join(", ");
            self.source.problem(
                &given.place,
                format!("there is no setting {whole}; here are {known}"),
            );
        }
    }
}
