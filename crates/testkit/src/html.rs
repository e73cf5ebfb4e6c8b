//! Reads the pages that we make: strictly, so that a page with markup that does not nest, or with an
//! attribute that is not quoted, fails the test that looks at it.

/// An element of a page.
#[derive(Debug, Clone)]
pub struct Element {
    /// Its name, in lower case.
    pub name: String,
    /// Its attributes, decoded, in order.
    pub attributes: Vec<(String, String)>,
    /// The text in it and in everything in it, decoded.
    pub text: String,
    /// The element that it is in.
    parent: Option<usize>,
}

impl Element {
    /// The value of an attribute; empty for one without a value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Its text as a person reads it.
    pub fn words(&self) -> String {
        words(&self.text)
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    elements: Vec<Element>,
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it is sent.
    pub action: String,
    /// The hidden fields: names and values.
    pub hidden: Vec<(String, String)>,
    /// The other fields.
    pub fields: Vec<Field>,
}

/// A field of a form that people see.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name, which is sent.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// What is in it.
    pub value: String,
    /// The words of its label.
    pub label: String,
}

/// Elements without content (HTML, 13.1.2), and those of drawings that we write that way.
const VOID: [&str; 10] = [
    "br", "circle", "hr", "img", "input", "link", "meta", "path", "rect", "line",
];

impl Page {
    /// Reads a page.
    ///
    /// # Panics
    /// If it is not as strict as ours are.
    pub fn read(html: &str) -> Self {
        let mut page = Self {
            elements: Vec::new(),
        };
        let mut open: Vec<usize> = Vec::new();
        let mut rest = html
            .strip_prefix("<!doctype html>")
            .expect("a page begins with <!doctype html>");
        while let Some(at) = rest.find('<') {
            let (text, tag) = rest.split_at(at);
            page.add_text(&open, text);
            let tag = &tag[1..];
            if let Some(closing) = tag.strip_prefix('/') {
                let (name, after) = closing.split_once('>').expect("a tag ends");
                let last = open.pop().expect("a tag that closes was opened");
                assert_eq!(page.elements[last].name, name, "elements nest");
                rest = after;
            } else {
                let (mut element, after) = start(tag);
                element.parent = open.last().copied();
                let is_void = VOID.contains(&element.name.as_str());
                page.elements.push(element);
                if !is_void {
                    open.push(page.elements.len() - 1);
                }
                rest = after;
            }
        }
        page.add_text(&open, rest);
        assert!(open.is_empty(), "every element is closed");
        page
    }

    fn add_text(&mut self, open: &[usize], text: &str) {
        let text = decode(text);
        for at in open {
            self.elements[*at].text.push_str(&text);
        }
    }

    /// Every element.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// Every element of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements
            .iter()
            .filter(move |element| element.name == name)
    }

    /// The element with an id.
    pub fn by_id(&self, id: &str) -> Option<&Element> {
        self.elements
            .iter()
            .find(|element| element.attribute("id") == Some(id))
    }

    /// An attribute of the page's first element.
    pub fn root(&self, name: &str) -> &str {
        self.elements[0].attribute(name).unwrap_or_default()
    }

    /// The question of the page.
    pub fn heading(&self) -> String {
        self.all("h1").next().expect("a page has a heading").words()
    }

    /// What the page says, without what is only in attributes.
    pub fn words(&self) -> String {
        self.elements[0].words()
    }

    /// The lines of the summary of errors or notices; empty if there is none.
    pub fn alert(&self) -> Vec<String> {
        let Some(at) = self
            .elements
            .iter()
            .position(|element| element.attribute("id") == Some("alert"))
        else {
            return Vec::new();
        };
        self.elements
            .iter()
            .enumerate()
            .filter(|(n, element)| {
                matches!(element.name.as_str(), "h2" | "li") && self.is_in(*n, at)
            })
            .map(|(_, element)| element.words())
            .collect()
    }

    /// What is said at a field.
    pub fn error_at(&self, field: &str) -> Option<String> {
        self.by_id(&format!("{field}-error")).map(Element::words)
    }

    /// The forms, in order.
    pub fn forms(&self) -> Vec<Form> {
        self.elements
            .iter()
            .enumerate()
            .filter(|(_, element)| element.name == "form")
            .map(|(at, form)| self.form_of(at, form))
            .collect()
    }

    /// The form that is sent to an address.
    ///
    /// # Panics
    /// If there is none.
    pub fn form(&self, action: &str) -> Form {
        self.forms()
            .into_iter()
            .find(|form| form.action == action)
            .unwrap_or_else(|| {
                unreachable!("no form for {action} on the page “{}”", self.heading())
            })
    }

    fn form_of(&self, at: usize, form: &Element) -> Form {
        let (mut hidden, mut fields) = (Vec::new(), Vec::new());
        for (n, element) in self.elements.iter().enumerate() {
            let Some(name) = element.attribute("name") else {
                continue;
            };
            if element.name != "input" || !self.is_in(n, at) {
                continue;
            }
            let kind = element.attribute("type").unwrap_or("text").to_owned();
            let value = element.attribute("value").unwrap_or_default().to_owned();
            if kind == "hidden" {
                hidden.push((name.to_owned(), value));
            } else {
                fields.push(Field {
                    name: name.to_owned(),
                    kind,
                    value,
                    label: self.label(n),
                });
            }
        }
        Form {
            action: form.attribute("action").unwrap_or_default().to_owned(),
            hidden,
            fields,
        }
    }

    /// The words of the label of a field: one that names it, or one around it.
    fn label(&self, at: usize) -> String {
        let id = self.elements[at].attribute("id");
        let named = self
            .all("label")
            .find(|label| id.is_some() && label.attribute("for") == id);
        let around = || {
            self.elements
                .iter()
                .enumerate()
                .find(|(n, element)| element.name == "label" && self.is_in(at, *n))
                .map(|(_, label)| label)
        };
        named
            .or_else(around)
            .map(Element::words)
            .unwrap_or_default()
    }

    fn is_in(&self, inner: usize, outer: usize) -> bool {
        std::iter::successors(self.elements[inner].parent, |at| self.elements[*at].parent)
            .any(|at| at == outer)
    }
}

/// Reads a start tag after its `<`; gives what follows.
fn start(tag: &str) -> (Element, &str) {
    let length = tag
        .find(|c: char| !c.is_ascii_alphanumeric())
        .expect("a tag ends");
    let (name, mut rest) = tag.split_at(length);
    assert!(
        !name.is_empty() && name.bytes().all(|b| !b.is_ascii_uppercase()),
        "a < that begins no tag is written as an entity: <{tag:.40}"
    );
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            let element = Element {
                name: name.to_owned(),
                attributes,
                text: String::new(),
                parent: None,
            };
            return (element, after);
        }
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == ':'))
            .expect("a tag ends");
        let (key, after) = rest.split_at(length);
        assert!(!key.is_empty(), "an attribute has a name: {rest:.60}");
        assert!(
            attributes.iter().all(|(known, _)| known != key),
            "an attribute is there once: {key}"
        );
        let value = match after.strip_prefix('=') {
            None => {
                rest = after;
                String::new()
            }
            Some(quoted) => {
                let quoted = quoted.strip_prefix('"').expect("values are in quotes");
                let (value, after) = quoted.split_once('"').expect("a quote ends");
                assert!(
                    !value.contains(['<', '>']),
                    "marks are escaped in {key}: {value:.60}"
                );
                rest = after;
                decode(value)
            }
        };
        attributes.push((key.to_owned(), value));
    }
}

/// Undoes the entities that our templates write.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let (entity, after) = after.split_once(';').expect("an entity ends");
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => number
                .strip_prefix('#')
                .and_then(|number| match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                })
                .and_then(char::from_u32)
                .expect("an entity that we write"),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Text as it is read: one space between words, without the marks that keep directions apart.
fn words(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{2066}'..='\u{2069}'))
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<!doctype html><html lang=\"en\"><body>\
        <div id=\"alert\"><h2>A problem</h2><ul><li>Fix &#60;this&gt;</li></ul></div>\
        <h1>Who?</h1><form method=\"post\" action=\"/reset\">\
        <input type=\"hidden\" name=\"t\" value=\"1&amp;2\">\
        <label for=\"u\">User ID</label><input id=\"u\" name=\"user_id\" value=\"a\" required>\
        <p id=\"u-error\">Type it.</p>\
        <label>Choose <input type=\"radio\" name=\"m\" value=\"x\"></label></form></body></html>";

    #[test]
    fn forms_labels_and_errors_are_found() {
        let page = Page::read(PAGE);
        let form = page.form("/reset");
        assert_eq!(form.hidden, [("t".to_owned(), "1&2".to_owned())]);
        assert_eq!(form.fields[0].label, "User ID");
        assert_eq!(form.fields[1].label, "Choose");
        assert_eq!(page.alert(), ["A problem", "Fix <this>"]);
        assert_eq!(page.error_at("u").as_deref(), Some("Type it."));
        assert_eq!(page.root("lang"), "en");
    }

    #[test]
    #[should_panic(expected = "elements nest")]
    fn markup_that_does_not_nest_is_no_page() {
        Page::read("<!doctype html><html><p></html></p>");
    }
}
