//! What a run would send, without sending it.

use std::path::Path;

use latchkey_wire::v1::{Class, Problem};

use super::flow::problem;
use super::pack::pack;
use super::{Place, Synchronisation};
use crate::keys::Identity;

/// What would be sent.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// Whether everything was read, and not only what changed since the last run.
    pub whole: bool,
    /// Users.
    pub users: usize,
    /// Of them, those who are disabled.
    pub disabled: usize,
    /// Groups.
    pub groups: usize,
    /// Members of all groups.
    pub members: usize,
    /// What is gone.
    pub deleted: usize,
    /// Pages.
    pub pages: usize,
    /// What could not be synchronised.
    pub problems: usize,
}

/// Reads what a run would read, whole or from where the last one ended, and tells each problem as it
/// comes.
pub async fn dry_run(
    setup: &Synchronisation,
    folder: &Path,
    whole: bool,
    mut tell: impl FnMut(&Problem) -> Result<(), String>,
) -> Result<Report, String> {
    let cursor = Identity::load(folder)
        .ok()
        .filter(|_| !whole)
        .and_then(|identity| {
            let mark = super::mark_of(identity.agent, setup);
            let place = Place::load(folder)?;
            (place.mark == mark).then(|| place.cursor())?
        });
    let begun = setup.source.changes(cursor);
    let mut pages = begun.map_err(|error| error.to_string())?;
    let mut report = Report::default();
    while let Some(page) = pages.next().await.map_err(|error| error.to_string())? {
        report.whole = page.full;
        let nameless = page.without_anchor.iter();
        let nameless = nameless.map(|dn| problem(None, "no_anchor", dn, "it has no immutable id"));
        let objects = page.objects.iter().map(|object| setup.flow.map(object));
        for packet in pack(objects, nameless) {
            report.pages += usize::from(!packet.objects.is_empty() || page.cursor.is_some());
            for object in &packet.objects {
                match object.class {
                    _ if object.deleted => report.deleted += 1,
                    Class::User => report.users += 1,
                    Class::Group => report.groups += 1,
                }
                let enabled = object.values.get("enabled");
                report.disabled += usize::from(enabled.is_some_and(|is| is == &["false"]));
                report.members += object.members.as_ref().map_or(0, Vec::len);
            }
            report.problems += packet.problems.len();
            packet.problems.iter().try_for_each(&mut tell)?;
        }
    }
    Ok(report)
}
