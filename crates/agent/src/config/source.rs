use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    place: Option<(PathBuf, usize)>,
    what: String,
}

impl Problem {
    pub(super) const fn nowhere(what: String) -> Self {
        Self { place: None, what }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((path, line)) => write!(f, "{}:{line}: {}", path.display(), self.what),
            None => f.write_str(&self.what),
        }
    }
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Whole(i64),
    Truth(bool),
    List(Vec<Given>),
    Table(BTreeMap<String, Given>),
    Other,
}

#[derive(Debug, Clone)]
struct Given {
    value: Value,
    line: usize,
}

/// What was given, and everything that was found to be wrong.
pub(super) struct Source {
    path: PathBuf,
    root: BTreeMap<String, Given>,
    problems: RefCell<Vec<Problem>>,
}

impl Source {
    pub(super) fn read(path: &Path, text: &str) -> Self {
        let line = |offset: usize| {
            let before = text.get(..offset.min(text.len())).unwrap_or_default();
            1 + before.matches('\n').count()
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        let problems = errors
            .iter()
            .map(|error| Problem {
                place: Some((
                    path.to_owned(),
                    line(error.span().map_or(0, |span| span.start)),
                )),
                what: format!("not TOML: {}", error.message()),
            })
            .collect();
        Self {
            path: path.to_owned(),
            root: convert(table.get_ref(), &line),
            problems: RefCell::new(problems),
        }
    }

    pub(super) fn top(&self) -> Section<'_> {
        Section {
            source: self,
            path: String::new(),
            line: None,
            entries: self.root.clone(),
            asked: Vec::new(),
            wrong: Vec::new(),
        }
    }

    pub(super) fn problem(&self, line: Option<usize>, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            place: line.map(|line| (self.path.clone(), line)),
            what: what.into(),
        });
    }

    /// In the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems
            .sort_by_key(|problem| problem.place.as_ref().map_or(usize::MAX, |(_, line)| *line));
        problems
    }
}

fn convert(table: &DeTable<'_>, line: &dyn Fn(usize) -> usize) -> BTreeMap<String, Given> {
    let entries = table.iter().map(|(key, value)| {
        let given = Given {
            value: one(value.get_ref(), line),
            line: line(key.span().start),
        };
        (key.get_ref().to_string(), given)
    });
    entries.collect()
}

fn one(value: &DeValue<'_>, line: &dyn Fn(usize) -> usize) -> Value {
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
                    line: line(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert(table, line)),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    }
}

/// A section. Whoever has asked for every key calls [`Section::finish`].
pub(super) struct Section<'a> {
    source: &'a Source,
    path: String,
    line: Option<usize>,
    entries: BTreeMap<String, Given>,
    asked: Vec<&'static str>,
    wrong: Vec<&'static str>,
}

impl Section<'_> {
    fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) const fn line(&self) -> Option<usize> {
        self.line
    }

    /// Whether something that is wrong was given.
    pub(super) fn is_wrong(&self, key: &str) -> bool {
        self.wrong.contains(&key)
    }

    fn take(&mut self, key: &'static str) -> Option<Given> {
        self.asked.push(key);
        self.entries.remove(key)
    }

    fn must(&mut self, key: &'static str, line: usize, should: &str) {
        self.wrong.push(key);
        let what = format!("{} must be {should}", self.name(key));
        self.source.problem(Some(line), what);
    }

    fn should(&mut self, key: &'static str, line: usize, should: &str) {
        self.wrong.push(key);
        let what = format!("{}: {should}", self.name(key));
        self.source.problem(Some(line), what);
    }

    pub(super) fn section(&mut self, key: &'static str) -> Option<Self> {
        let Given { value, line } = self.take(key)?;
        let Value::Table(entries) = value else {
            self.must(key, line, "a section in brackets");
            return None;
        };
        Some(Self {
            source: self.source,
            path: self.name(key),
            line: Some(line),
            entries,
            asked: Vec::new(),
            wrong: Vec::new(),
        })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.parse(key, |text| Ok(text.to_owned()))
    }

    /// A text that means something; `read` says in words what is right.
    pub(super) fn parse<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Given { value, line } = self.take(key)?;
        let Value::Text(text) = value else {
            self.must(key, line, "a text in quotes");
            return None;
        };
        match read(&text) {
            Ok(value) => Some(value),
            Err(should) => {
                self.should(key, line, &should);
                None
            }
        }
    }

    /// The same, where there is no default.
    pub(super) fn needed<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if !self.entries.contains_key(key) {
            self.asked.push(key);
            let what = format!("{} is missing", self.name(key));
            self.source.problem(self.line, what);
            return None;
        }
        self.parse(key, read)
    }

    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(Given { value, line }) = self.take(key) else {
            return Vec::new();
        };
        let Value::List(items) = value else {
            self.must(key, line, "a list of texts: [\"…\"]");
            return Vec::new();
        };
        self.items(key, items, read)
    }

    /// A text or a list of some; an empty text is an empty list.
    pub(super) fn texts<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let Given { value, line } = self.take(key)?;
        let items = match value {
            Value::List(items) => items,
            Value::Text(text) if text.is_empty() => Vec::new(),
            text @ Value::Text(_) => vec![Given { value: text, line }],
            _ => {
                self.must(key, line, "a text in quotes, or a list of them");
                return None;
            }
        };
        Some(self.items(key, items, read))
    }

    fn items<T>(
        &mut self,
        key: &'static str,
        items: Vec<Given>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for item in items {
            match item.value {
                Value::Text(text) => match read(&text) {
                    Ok(value) => values.push(value),
                    Err(should) => self.should(key, item.line, &should),
                },
                _ => self.must(key, item.line, "a list of texts: [\"…\"]"),
            }
        }
        values
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        match self.take(key) {
            None => default,
            Some(Given {
                value: Value::Truth(truth),
                ..
            }) => truth,
            Some(given) => {
                self.must(key, given.line, "true or false");
                default
            }
        }
    }

    pub(super) fn seconds(
        &mut self,
        key: &'static str,
        least: i64,
        most: i64,
        default: u64,
    ) -> Duration {
        Duration::from_secs(self.number(key, least, most, default))
    }

    pub(super) fn number(&mut self, key: &'static str, least: i64, most: i64, default: u64) -> u64 {
        match self.take(key) {
            None => default,
            Some(Given {
                value: Value::Whole(number),
                ..
            }) if (least..=most).contains(&number) => number.unsigned_abs(),
            Some(given) => {
                self.must(key, given.line, &format!("a number from {least} to {most}"));
                default
            }
        }
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, given) in &self.entries {
            let known = self.asked.join(", ");
            let what = format!("there is no setting {}; here are {known}", self.name(key));
            self.source.problem(Some(given.line), what);
        }
    }
}
