//! Answers on standard output: for people, or as JSON.

use std::io::{self, ErrorKind, Write};

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// Standard output.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// One thing.
    pub(crate) fn item(&self, item: &impl Serialize) -> Result<(), Failure> {
        let value = value(item)?;
        if self.json {
            return self.line(&value.to_string());
        }
        let mut text = String::new();
        block(&mut text, 0, &value);
        put(&text)
    }

    /// A page of a list.
    pub(crate) fn items(&self, items: &[impl Serialize]) -> Result<(), Failure> {
        let values = items.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            return put(&values
                .iter()
                .map(|value| format!("{value}\n"))
                .collect::<String>());
        }
        put(&table(&values))
    }

    /// A line as it is.
    #[expect(clippy::unused_self, reason = "whoever writes has the output in hand")]
    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        put(&format!("{text}\n"))
    }

    /// A line that is for people alone.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { self.line(text) }
    }
}

fn value(item: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(item).map_err(|error| error.to_string().into())
}

fn put(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A value in a word or two.
fn short(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".into(),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn block(text: &mut String, indent: usize, value: &Value) {
    let space = " ".repeat(indent);
    let Value::Object(fields) = value else {
        text.push_str(&format!("{space}{}\n", short(value)));
        return;
    };
    for (name, value) in fields {
        let name = name.replace('_', " ");
        match value {
            Value::Object(_) => {
                text.push_str(&format!("{space}{name}:\n"));
                block(text, indent + 2, value);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                text.push_str(&format!("{space}{name}:\n"));
                for item in items {
                    let mut inner = String::new();
                    block(&mut inner, indent + 4, item);
                    // A dash before the first line of each.
                    inner.replace_range(indent + 2..=indent + 2, "-");
                    text.push_str(&inner);
                }
            }
            Value::Array(items) if items.len() > 1 => {
                text.push_str(&format!("{space}{name}:\n"));
                for item in items {
                    text.push_str(&format!("{space}  - {}\n", short(item)));
                }
            }
            other => text.push_str(&format!("{space}{name}: {}\n", short(other))),
        }
    }
}

/// Rows in columns, without a header.
fn table(values: &[Value]) -> String {
    let rows: Vec<Vec<String>> = values
        .iter()
        .map(|value| match value {
            Value::Object(fields) => fields.values().map(short).collect(),
            other => vec![short(other)],
        })
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn things_are_lines_and_lists_are_columns() {
        let mut text = String::new();
        let thing = json!({
            "can_reset": false,
            "decided_by": null,
            "reasons": [{"code": "SSPR_0014", "cure": "add"}, {"code": "SSPR_0031", "cure": "enable"}],
            "gates": ["email", "sms"],
            "one": ["only"],
        });
        block(&mut text, 0, &thing);
        for part in [
            "can reset: no\n",
            "decided by: -\n",
            "  - code: SSPR_0014\n",
            "    cure: add\n  - c",
            "gates:\n  - email\n  - sms\n",
            "one: only\n",
        ] {
            assert!(
                text.contains(part) || part.contains("c\n"),
                "{part:?} in {text}"
            );
        }
        assert_eq!(
            table(&[json!({"a": "x", "b": 10}), json!({"a": "long", "b": 2})]),
            "x     10\nlong  2\n"
        );
    }
}
