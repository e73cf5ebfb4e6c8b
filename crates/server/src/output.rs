//! Answers on standard output: for people, or as JSON.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

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
        let text = json(item)?;
        if self.json {
            return self.line(&text);
        }
        let mut shown = String::new();
        block(&mut shown, 0, &read(&text)?);
        put(&shown)
    }

    /// A page of a list.
    pub(crate) fn items(&self, items: &[impl Serialize]) -> Result<(), Failure> {
        let texts = items.iter().map(json).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            return self.line(&texts.join("\n"));
        }
        put(&table(
            &texts
                .iter()
                .map(|text| read(text))
                .collect::<Result<Vec<_>, _>>()?,
        ))
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

/// A value of JSON whose fields are in the order in which they were written.
enum Value {
    Null,
    Truth(bool),
    Text(String),
    List(Vec<Value>),
    Fields(Vec<(String, Value)>),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Ordered;
        impl<'de> Visitor<'de> for Ordered {
            type Value = Value;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
                Ok(Value::Truth(truth))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
                Ok(Value::Text(number.to_string()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = from.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = from.next_entry()? {
                    fields.push(field);
                }
                Ok(Value::Fields(fields))
            }
        }
        from.deserialize_any(Ordered)
    }
}

fn json(item: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(item).map_err(|error| error.to_string().into())
}

fn read(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| error.to_string().into())
}

/// Names come from files and directories: a terminal takes no orders from them. In JSON the escape
/// stands for the same character; for people it is as good as any.
fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\n' {
            let _ = write!(tamed, "\\u{:04x}", u32::from(c));
        } else {
            tamed.push(c);
        }
    }
    tamed
}

fn put(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out
        .write_all(tame(text).as_bytes())
        .and_then(|()| out.flush())
    {
        // Whoever read has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A value in a word or two.
fn short(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Truth(true) => "yes".into(),
        Value::Truth(false) => "no".into(),
        Value::Text(text) if text.is_empty() => "-".into(),
        Value::Text(text) => text.clone(),
        Value::List(items) if items.is_empty() => "-".into(),
        Value::List(items) => items.iter().map(short).collect::<Vec<_>>().join(", "),
        Value::Fields(fields) => fields
            .iter()
            .map(|(_, value)| short(value))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

fn block(text: &mut String, indent: usize, value: &Value) {
    let space = " ".repeat(indent);
    let Value::Fields(fields) = value else {
        let _ = writeln!(text, "{space}{}", short(value));
        return;
    };
    for (name, value) in fields {
        let name = name.replace('_', " ");
        match value {
            Value::Fields(_) => {
                let _ = writeln!(text, "{space}{name}:");
                block(text, indent + 2, value);
            }
            Value::List(items) if items.iter().any(|item| matches!(item, Value::Fields(_))) => {
                let _ = writeln!(text, "{space}{name}:");
                for item in items {
                    let mut inner = String::new();
                    block(&mut inner, indent + 4, item);
                    // A dash before the first line of each.
                    inner.replace_range(indent + 2..=indent + 2, "-");
                    text.push_str(&inner);
                }
            }
            Value::List(items) if items.len() > 1 => {
                let _ = writeln!(text, "{space}{name}:");
                for item in items {
                    let _ = writeln!(text, "{space}  - {}", short(item));
                }
            }
            other => {
                let _ = writeln!(text, "{space}{name}: {}", short(other));
            }
        }
    }
}

/// Rows in columns, without a header.
fn table(values: &[Value]) -> String {
    let rows: Vec<Vec<String>> = values
        .iter()
        .map(|value| match value {
            Value::Fields(fields) => fields.iter().map(|(_, value)| short(value)).collect(),
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
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_takes_no_orders_from_a_name() {
        assert_eq!(
            tame("a\u{1b}[2Jb\u{9b}0m\u{7f}\r\n"),
            "a\\u001b[2Jb\\u009b0m\\u007f\\u000d\n"
        );
        let name = serde_json::to_string("a\u{9b}0m\u{7f}").unwrap();
        let shown: String = serde_json::from_str(&tame(&name)).unwrap();
        assert_eq!(shown, "a\u{9b}0m\u{7f}", "JSON says the same");
        assert_eq!(tame("Åsa 😀\n"), "Åsa 😀\n");
    }

    #[test]
    fn things_are_lines_in_their_order_and_lists_are_columns() {
        let mut text = String::new();
        let thing = r#"{"user": "ada", "can_reset": false, "decided_by": null, "reasons":
            [{"code": "SSPR_0014", "cure": "add"}, {"code": "SSPR_0031", "cure": "enable"}],
            "gates": ["email", "sms"], "one": ["only"], "count": 3}"#;
        block(&mut text, 0, &read(thing).unwrap());
        assert_eq!(
            text,
            "user: ada\ncan reset: no\ndecided by: -\nreasons:\n  - code: SSPR_0014\n    cure: add\n  \
             - code: SSPR_0031\n    cure: enable\ngates:\n  - email\n  - sms\none: only\ncount: 3\n"
        );
        let rows = [r#"{"b": "x", "a": 10}"#, r#"{"b": "long", "a": 2}"#];
        let rows: Vec<Value> = rows.iter().map(|row| read(row).unwrap()).collect();
        assert_eq!(table(&rows), "x     10\nlong  2\n");
    }
}
