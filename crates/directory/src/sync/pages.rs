use std::collections::{BTreeSet, HashSet, VecDeque};

use ldap3::Scope;

use super::cursor::{Cursor, Place};
use super::detect::{self, Detected, PAGED, Plan};
use super::object::{self, Known};
use super::{Object, Page, SyncSettings};
use crate::answer::Refusal;
use crate::connection::{Unanswered, control};
use crate::entry::Entry;
use crate::pool::Lease;
use crate::settings::Kind;
use crate::{Anchor, Directory, Failure};

/// How many objects are read by their anchors at once.
const BATCH: usize = 50;

/// A run: gives its pages one after another.
pub struct Changes {
    directory: Directory,
    what: SyncSettings,
    known: Known,
    stage: Stage,
}

enum Stage {
    /// Nothing was asked yet.
    Start(Option<Cursor>),
    Reading(Box<Reading>),
    /// The last page was given, or a page failed.
    Over,
}

struct Reading {
    lease: Lease,
    place: Place,
    deletions_reported: bool,
    left: Left,
    /// Of the page that is being read.
    without_anchor: Vec<String>,
}

enum Left {
    /// Everything below these bases; the first one from this page on.
    Bases {
        bases: VecDeque<String>,
        cookie: Vec<u8>,
    },
    /// These objects.
    Named(VecDeque<Anchor>),
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes")
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl Changes {
    pub(super) fn new(directory: Directory, cursor: Option<Cursor>, what: SyncSettings) -> Self {
        Self {
            directory,
            what,
            known: Known::default(),
            stage: Stage::Start(cursor),
        }
    }

    /// The next page; none after the one with the cursor. After a failure the run is over: begin
    /// another with the same cursor, and nothing is lost.
    pub async fn next(&mut self) -> Result<Option<Page>, Failure> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => Ok(None),
            Stage::Start(cursor) => {
                let reading = self.start(cursor).await?;
                self.read(reading).await.map(Some)
            }
            Stage::Reading(reading) => self.read(reading).await.map(Some),
        }
    }

    async fn start(&self, cursor: Option<Cursor>) -> Result<Box<Reading>, Failure> {
        let settings = &self.directory.pool.settings;
        // A new connection: a run is long, and an idle one may be dead.
        let mut lease = self.directory.pool.take_new().await?;
        let Detected {
            plan,
            place,
            deletions_reported,
        } = detect::detect(&mut lease, settings, &self.what, cursor).await?;
        let left = match plan {
            Plan::Full => Left::Bases {
                bases: if self.what.bases.is_empty() {
                    VecDeque::from([settings.base.clone()])
                } else {
                    self.what.bases.iter().cloned().collect()
                },
                cookie: vec![],
            },
            Plan::Named(anchors) => Left::Named(anchors.into_iter().collect()),
        };
        Ok(Box::new(Reading {
            lease,
            place,
            deletions_reported,
            left,
            without_anchor: vec![],
        }))
    }

    async fn read(&mut self, mut reading: Box<Reading>) -> Result<Page, Failure> {
        let (objects, full) = match reading.left {
            Left::Bases { .. } => (self.read_base(&mut reading).await?, true),
            Left::Named(_) => (self.read_named(&mut reading).await?, false),
        };
        let over = match &reading.left {
            Left::Bases { bases, .. } => bases.is_empty(),
            Left::Named(anchors) => anchors.is_empty(),
        };
        let deletions_reported = reading.deletions_reported;
        let without_anchor = std::mem::take(&mut reading.without_anchor);
        let cursor = if over {
            let Reading { lease, place, .. } = *reading;
            lease.keep();
            let place = match place {
                Place::Time { from, seen } => Place::Time {
                    from,
                    seen: detect::bounded(seen),
                },
                other => other,
            };
            Some(Cursor::new(&self.what, place))
        } else {
            self.stage = Stage::Reading(reading);
            None
        };
        Ok(Page {
            objects,
            without_anchor,
            full,
            cursor,
            deletions_reported,
        })
    }

    async fn read_base(&mut self, reading: &mut Reading) -> Result<Vec<Object>, Unanswered> {
        let Left::Bases { bases, cookie } = &mut reading.left else {
            return Ok(vec![]);
        };
        let Some(base) = bases.front().cloned() else {
            return Ok(vec![]);
        };
        let kind = self.directory.kind();
        let mut controls = object::controls(kind);
        let page = detect::paged(self.what.page_size, cookie);
        controls.push(control(PAGED, true, Some(page)));
        let (entries, result) = reading
            .lease
            .search(
                &base,
                Scope::Subtree,
                &object::filter(kind, &self.what),
                &object::attributes(kind, &self.what),
                controls,
            )
            .await?;
        if result.rc != 0 {
            return Err(refused(&base, &Refusal::new(&result, &[])).into());
        }
        *cookie = detect::paged_answer(&result);
        if cookie.is_empty() {
            bases.pop_front();
        }
        self.objects(reading, &entries).await
    }

    async fn read_named(&mut self, reading: &mut Reading) -> Result<Vec<Object>, Unanswered> {
        let Left::Named(anchors) = &mut reading.left else {
            return Ok(vec![]);
        };
        let count = anchors.len().min(BATCH);
        let batch: BTreeSet<Anchor> = anchors.drain(..count).collect();
        if batch.is_empty() {
            return Ok(vec![]);
        }
        let kind = self.directory.kind();
        let settings = &self.directory.pool.settings;
        let mut filter = String::from("(&(|");
        for anchor in &batch {
            filter.push_str(&anchor.filter(kind));
        }
        filter.push(')');
        filter.push_str(&object::filter(kind, &self.what));
        filter.push(')');
        let bases = if self.what.bases.is_empty() {
            std::slice::from_ref(&settings.base)
        } else {
            &self.what.bases
        };
        let mut found = Vec::new();
        for base in bases {
            let (entries, result) = reading
                .lease
                .search(
                    base,
                    Scope::Subtree,
                    &filter,
                    &object::attributes(kind, &self.what),
                    object::controls(kind),
                )
                .await?;
            if result.rc != 0 {
                return Err(refused(base, &Refusal::new(&result, &[])).into());
            }
            found.extend(entries);
        }
        let mut objects = self.objects(reading, &found).await?;
        let there: HashSet<Anchor> = objects.iter().map(|object| object.anchor).collect();
        objects.extend(
            batch
                .into_iter()
                .filter(|anchor| !there.contains(anchor))
                .map(object::gone),
        );
        Ok(objects)
    }

    async fn objects(
        &mut self,
        reading: &mut Reading,
        entries: &[Entry],
    ) -> Result<Vec<Object>, Unanswered> {
        let kind = self.directory.kind();
        let mut objects: Vec<Object> = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.anchor(kind).is_none() {
                let dn = object::plain_dn(&entry.dn).to_owned();
                reading.without_anchor.push(dn);
            }
            if let (Place::Time { from, seen }, Some(version)) =
                (&mut reading.place, object::version(entry))
                && kind == Kind::Ldap
            {
                detect::note(seen, *from, entry, version);
            }
            let made = object::object(&mut reading.lease, kind, &self.what, &mut self.known, entry)
                .await?;
            objects.extend(made);
        }
        Ok(objects)
    }
}

fn refused(base: &str, refusal: &Refusal) -> Failure {
    match refusal.of_a_search() {
        Failure::NotFound => Failure::NotConfigured(format!("{base} is not there")),
        other => other,
    }
}
