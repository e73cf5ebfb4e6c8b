use askama::Template;
use latchkey_i18n::{Arg, Texts};
use latchkey_types::Timestamp;

use crate::Content;

/// One part of a mail, top to bottom.
pub(super) enum Block {
    /// A sentence or two; in HTML, variables carry marks that keep their direction.
    Say {
        /// Not yet escaped: the template does that.
        html: String,
        text: String,
    },
    /// A value that runs from left to right in every language.
    Fact { label: String, value: String },
    /// A value in words of the language.
    Time { label: String, value: String },
    /// A code or token to type, on a line of its own.
    Code(String),
    /// A link. It opens a page and does nothing by itself.
    Link { label: String, url: String },
}

/// A mail being written, once for both of its parts.
pub(super) struct Letter<'a> {
    texts: Texts,
    tenant: &'a str,
    subject: String,
    blocks: Vec<Block>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Page<'a> {
    lang: &'a str,
    dir: &'a str,
    subject: &'a str,
    tenant: &'a str,
    blocks: &'a [Block],
}

impl<'a> Letter<'a> {
    pub(super) fn new(texts: Texts, tenant: &'a str, subject: String) -> Self {
        Self {
            texts,
            tenant,
            subject,
            blocks: Vec::new(),
        }
    }

    pub(super) fn say(mut self, id: &str, args: &[(&str, Arg<'_>)]) -> Self {
        let (html, text) = (self.texts.with(id, args), self.texts.plain(id, args));
        self.blocks.push(Block::Say { html, text });
        self
    }

    pub(super) fn fact(mut self, label: &str, value: &str) -> Self {
        if !value.is_empty() {
            let label = self.texts.get(label);
            self.blocks.push(Block::Fact {
                label,
                value: clean(value),
            });
        }
        self
    }

    pub(super) fn time(mut self, label: &str, moment: Timestamp) -> Self {
        let (label, value) = (self.texts.get(label), self.texts.date_time(moment));
        self.blocks.push(Block::Time { label, value });
        self
    }

    pub(super) fn code(mut self, code: &str) -> Self {
        self.blocks.push(Block::Code(code.to_owned()));
        self
    }

    pub(super) fn link(mut self, label: &str, url: &str) -> Self {
        self.blocks.push(Block::Link {
            label: self.texts.get(label),
            url: url.to_owned(),
        });
        self
    }

    pub(super) fn finish(self) -> Content {
        let tenant = one_line(self.tenant);
        let subject = one_line(&self.subject);
        let locale = self.texts.locale();
        let page = Page {
            lang: locale.tag(),
            dir: locale.direction().as_str(),
            subject: &subject,
            tenant: &tenant,
            blocks: &self.blocks,
        };
        let text = self.plain(&tenant);
        // Writing into a string does not fail; without HTML the plain part would still say it all.
        let html = page.render().unwrap_or_default();
        Content::Mail {
            from_name: tenant,
            subject,
            text,
            html,
        }
    }

    fn plain(&self, tenant: &str) -> String {
        let mut text = tenant.to_owned();
        let mut after_fact = false;
        for block in &self.blocks {
            let is_fact = matches!(block, Block::Fact { .. } | Block::Time { .. });
            text.push_str(if is_fact && after_fact { "\n" } else { "\n\n" });
            after_fact = is_fact;
            match block {
                Block::Say { text: words, .. } => text.push_str(words),
                Block::Code(code) => text.push_str(code),
                Block::Fact { label, value } | Block::Time { label, value } => {
                    text.push_str(label);
                    text.push_str(": ");
                    text.push_str(value);
                }
                Block::Link { label, url } => {
                    text.push_str(label);
                    text.push_str(":\n");
                    text.push_str(url);
                }
            }
        }
        text.push('\n');
        text
    }
}

/// The longest name that a subject, a heading or a sender's name shows, in characters.
const LONGEST_NAME: usize = 200;

/// A name that somebody else chose, made fit for one line and for a header.
pub(super) fn one_line(name: &str) -> String {
    clean(name)
        .chars()
        .take(LONGEST_NAME)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Without line breaks, other control characters and marks that turn text around.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_whitespace() && c != '\u{a0}' {
                ' '
            } else {
                c
            }
        })
        .filter(|c| {
            !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect()
}
