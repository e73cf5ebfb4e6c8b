use std::sync::Arc;
use std::time::Duration;

use latchkey_directory::{Directory, Kind, SetupError, SyncSettings};
use latchkey_types::{Clock, Secret};

use super::source::{Section, Source};
use super::{Directory as Place, filter, secret, some};
use crate::sync::{Flow, Read, Synchronisation, TARGETS, Timing};

/// What nobody sends anywhere.
const SECRETS: [&str; 10] = [
    "userPassword",
    "unicodePwd",
    "dBCSPwd",
    "ntPwdHistory",
    "lmPwdHistory",
    "supplementalCredentials",
    "sambaNTPassword",
    "sambaLMPassword",
    "krbPrincipalKey",
    "ms-Mcs-AdmPwd",
];

/// The most attributes that one name is taken from.
const CANDIDATES: usize = 5;

/// The synchronisation, all but the directory.
#[derive(Debug)]
pub struct Sync {
    /// Whether the agent does it.
    pub enabled: bool,
    bind: Option<(String, Secret<String>)>,
    what: SyncSettings,
    flow: Flow,
    interval: Duration,
    whole: Duration,
}

impl Sync {
    /// What there is without a section: off, and everybody whom the agent may touch.
    pub(super) fn usual(directory: &Place) -> Self {
        let flow = Flow::usual(directory.kind);
        Self {
            enabled: false,
            bind: None,
            what: SyncSettings {
                bases: directory.user_bases.clone(),
                user_filter: directory.user_filter.clone(),
                group_filter: None,
                attributes: flow.attributes(),
                page_size: 500,
                dirsync: true,
            },
            flow,
            interval: Timing::default().interval,
            whole: Timing::default().whole,
        }
    }

    /// Which attribute becomes what.
    pub const fn flow(&self) -> &Flow {
        &self.flow
    }

    /// As the agent wants it. Its connections to the directory are its own.
    pub fn synchronisation(
        &self,
        directory: &Place,
        clock: Arc<dyn Clock>,
    ) -> Result<Synchronisation, SetupError> {
        let mut settings = directory.settings(clock);
        if let Some((name, password)) = &self.bind {
            settings.bind_as.clone_from(name);
            settings.password = password.clone();
        }
        let mark = format!(
            "{:?} {} {:?}",
            settings.kind, settings.base, self.what.bases
        );
        Ok(Synchronisation {
            source: Arc::new(Read {
                directory: Directory::new(settings)?,
                what: self.what.clone(),
            }),
            flow: self.flow.clone(),
            mark,
            timing: Timing {
                interval: self.interval,
                whole: self.whole,
                ..Timing::default()
            },
        })
    }
}

pub(super) fn sync(source: &Source, mut section: Section<'_>, directory: &Place) -> Sync {
    let usual = Sync::usual(directory);
    let line = section.line();
    let enabled = section.flag("enabled", true);
    let name = section.parse("bind_as", some);
    let password = section.parse("password_file", secret);
    let has_password = password.is_some() || section.is_wrong("password_file");
    if name.is_some() != has_password && !section.is_wrong("bind_as") {
        source.problem(line, "sync: bind_as and password_file belong together");
    }
    let bases = section.list("bases", some);
    let user_filter = section.parse("user_filter", filter);
    let group_filter = section.parse("group_filter", filter);
    let page_size = section.number("page_size", 1, 1_000, 500);
    let dirsync = section.flag("dirsync", true);
    let minutes = section.number("interval_minutes", 5, 1_440, 30);
    let hours = section.number("whole_hours", 1, 168, 24);
    let flow = match section.section("flow") {
        Some(section) => flow(source, section, directory.kind),
        None => usual.flow,
    };
    section.finish();
    Sync {
        enabled,
        bind: name.zip(password),
        what: SyncSettings {
            bases: if bases.is_empty() {
                usual.what.bases
            } else {
                bases
            },
            user_filter: user_filter.or(usual.what.user_filter),
            group_filter,
            attributes: flow.attributes(),
            page_size: u32::try_from(page_size).unwrap_or(500),
            dirsync,
        },
        flow,
        interval: Duration::from_mins(minutes),
        whole: Duration::from_hours(hours),
    }
}

fn flow(source: &Source, mut section: Section<'_>, kind: Kind) -> Flow {
    let mut flow = Flow::usual(kind);
    for (name, _) in TARGETS {
        let Some(attributes) = attributes(source, &mut section, name) else {
            continue;
        };
        if attributes.is_empty() {
            if name == "upn" {
                source.problem(section.line(), "sync.flow.upn cannot be left out");
            }
            flow.users.remove(name);
        } else {
            flow.users.insert(name, attributes);
        }
    }
    if let Some(attributes) = attributes(source, &mut section, "group_name") {
        if attributes.is_empty() {
            source.problem(section.line(), "sync.flow.group_name cannot be left out");
        }
        flow.group_name = attributes;
    }
    flow.enabled = section.flag("enabled", true);
    flow.members = section.flag("members", true);
    section.finish();
    flow
}

fn attributes(
    source: &Source,
    section: &mut Section<'_>,
    name: &'static str,
) -> Option<Vec<String>> {
    let line = section.line();
    let attributes = section.texts(name, attribute)?;
    if attributes.len() > CANDIDATES {
        source.problem(
            line,
            format!("sync.flow.{name}: at most {CANDIDATES} attributes"),
        );
    }
    Some(attributes)
}

fn attribute(text: &str) -> Result<String, String> {
    let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.;".contains(c));
    if !is_name {
        return Err("an attribute's name looks like telephoneNumber".into());
    }
    if SECRETS
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(text))
    {
        return Err("a secret is not synchronised".into());
    }
    Ok(text.to_owned())
}
