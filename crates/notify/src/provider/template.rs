use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};

use super::BodyFormat;
use crate::SetupError;

/// Work that one template may do: far more than any honest one needs.
const FUEL: u64 = 20_000;
const FORM: &str = "form";
const HEADER: &str = "header";

/// The templates of a provider, compiled.
pub(super) struct Templates {
    environment: Environment<'static>,
}

/// The variables of a template.
pub(super) struct Variables<'a> {
    pub(super) to: &'a str,
    pub(super) text: &'a str,
    pub(super) locale: &'a str,
    pub(super) id: &'a str,
    /// In headers only.
    pub(super) secret: Option<&'a str>,
}

impl Variables<'_> {
    fn values(&self) -> Value {
        let all = [
            ("to", Some(self.to)),
            ("text", Some(self.text)),
            ("locale", Some(self.locale)),
            ("id", Some(self.id)),
            ("secret", self.secret),
        ];
        Value::from_pairs(
            all.into_iter()
                .filter_map(|(name, text)| text.map(|text| (name, Value::from(text)))),
        )
    }
}

impl Templates {
    /// Compiles the body and the headers, and tries them out: a misspelt variable is found now.
    pub(super) fn new<'a>(
        format: BodyFormat,
        body: &str,
        headers: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<Self, SetupError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(16);
        environment.set_auto_escape_callback(move |name| match (name, format) {
            ("body", BodyFormat::Json) => AutoEscape::Json,
            ("body", BodyFormat::Form) => AutoEscape::Custom(FORM.into()),
            _ => AutoEscape::Custom(HEADER.into()),
        });
        environment.set_formatter(|out, state, value| match state.auto_escape() {
            AutoEscape::Custom(kind) if kind == FORM => {
                let text = value.to_string();
                percent_encode(&text, out).map_err(minijinja::Error::from)
            }
            AutoEscape::Custom(_) => write!(out, "{value}").map_err(minijinja::Error::from),
            _ => escape_formatter(out, state, value),
        });
        let add = |environment: &mut Environment<'static>, name: String, source: &str| {
            environment
                .add_template_owned(name.clone(), source.to_owned())
                .map_err(|error| SetupError(format!("provider: template of {name}: {error}")))
        };
        add(&mut environment, "body".to_owned(), body)?;
        for (name, source) in headers {
            add(&mut environment, header(name), source)?;
        }
        Ok(Self { environment })
    }

    pub(super) fn body(&self, variables: &Variables<'_>) -> Result<String, String> {
        self.render("body", variables)
    }

    pub(super) fn header(&self, name: &str, variables: &Variables<'_>) -> Result<String, String> {
        self.render(&header(name), variables)
    }

    fn render(&self, name: &str, variables: &Variables<'_>) -> Result<String, String> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(variables.values()))
            // The kind alone: a message may quote a value.
            .map_err(|error| format!("the template of {name} failed: {}", error.kind()))
    }
}

fn header(name: &str) -> String {
    format!("header {name}")
}

/// `application/x-www-form-urlencoded` (WHATWG URL, 5.2), spaces as `%20`.
fn percent_encode(text: &str, out: &mut impl std::fmt::Write) -> std::fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            out.write_char(char::from(byte))?;
        } else {
            write!(out, "%{byte:02X}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: Variables<'_> = Variables {
        to: "+31612345678",
        text: "a\"}, \"to\": \"+1900\u{2028}\\ &to=x\r\n</é>",
        locale: "en",
        id: "1",
        secret: None,
    };

    fn render(format: BodyFormat, body: &str) -> Result<String, String> {
        Templates::new(format, body, std::iter::empty())
            .map_err(|error| error.to_string())
            .and_then(|templates| templates.body(&HOSTILE))
    }

    #[test]
    fn a_value_in_json_stays_one_value() {
        let body = render(BodyFormat::Json, r#"{"to": {{ to }}, "text": {{ text }}}"#).unwrap();
        let json: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(json["to"], HOSTILE.to);
        assert_eq!(json["text"], HOSTILE.text);
    }

    #[test]
    fn a_value_in_a_form_stays_one_value() {
        let body = render(BodyFormat::Form, "to={{ to }}&text={{ text }}").unwrap();
        assert!(body.starts_with("to=%2B31612345678&text=a%22%7D"), "{body}");
        assert_eq!(body.matches('&').count(), 1);
        assert!(body.ends_with("%0D%0A%3C%2F%C3%A9%3E"), "{body}");
    }

    #[test]
    fn templates_that_cannot_work_are_refused() {
        assert!(render(BodyFormat::Json, "{{ tu }}").is_err());
        assert!(render(BodyFormat::Json, "{{ secret }}").is_err());
        assert!(render(BodyFormat::Json, "{{ to ").is_err());
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        assert!(render(BodyFormat::Json, endless).is_err());
    }
}
