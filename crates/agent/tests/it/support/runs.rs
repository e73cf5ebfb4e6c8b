//! A directory whose runs are from a script, and the service's side of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use latchkey_agent::sync::{self, Flow, Pages, Source, Synchronisation};
use latchkey_directory::{Cursor, Failure, Page, SetupError};
use latchkey_wire::v1::{Agent, Page as Paged, Service as Say, Stop};

use super::Line;

/// What the directory gives with each run, from a script.
#[derive(Default)]
pub(crate) struct Runs {
    /// Pages of the runs to come.
    pub(crate) to_come: VecDeque<Vec<Result<Page, Failure>>>,
    /// What a run gives if there is no other.
    pub(crate) usual: Vec<Page>,
    /// With which cursor each run began.
    pub(crate) begun: Vec<Option<String>>,
    /// The driver panics with the next page.
    pub(crate) panics: bool,
    /// How many pages were read in all.
    pub(crate) read: usize,
}

/// The synchronisation of a test.
#[derive(Clone)]
pub(crate) struct Synced {
    pub(crate) runs: Arc<Mutex<Runs>>,
    pub(crate) flow: Flow,
    pub(crate) mark: String,
    pub(crate) timing: sync::Timing,
}

impl Synced {
    pub(crate) fn new() -> Self {
        Self {
            runs: Arc::default(),
            flow: Flow::usual(latchkey_directory::Kind::ActiveDirectory),
            mark: "corp.example".into(),
            timing: sync::Timing {
                again: Duration::from_millis(1),
                ..sync::Timing::default()
            },
        }
    }

    pub(super) fn setup(&self) -> Synchronisation {
        Synchronisation {
            source: Arc::new(Script(Arc::clone(&self.runs))),
            flow: self.flow.clone(),
            mark: self.mark.clone(),
            timing: self.timing.clone(),
        }
    }
}

struct Script(Arc<Mutex<Runs>>);

impl Source for Script {
    fn changes(&self, cursor: Option<Cursor>) -> Result<Box<dyn Pages>, SetupError> {
        let mut runs = self.0.lock().unwrap();
        let usual = runs.usual.iter().cloned().map(Ok).collect();
        let mut pages: Vec<Result<Page, Failure>> = runs.to_come.pop_front().unwrap_or(usual);
        for page in pages.iter_mut().flatten() {
            page.full |= cursor.is_none();
        }
        runs.begun.push(cursor.map(|cursor| cursor.to_string()));
        Ok(Box::new(Given(Arc::clone(&self.0), pages.into())))
    }
}

struct Given(Arc<Mutex<Runs>>, VecDeque<Result<Page, Failure>>);

#[async_trait]
impl Pages for Given {
    async fn next(&mut self) -> Result<Option<Page>, Failure> {
        let panics = {
            let mut runs = self.0.lock().unwrap();
            runs.read += 1;
            std::mem::take(&mut runs.panics)
        };
        assert!(!panics, "the driver panics");
        self.1.pop_front().transpose()
    }
}

impl Line<'_> {
    pub(crate) async fn page(&mut self) -> Paged {
        match self.other().await {
            Some(Agent::Page(page)) => page,
            other => panic!("no page: {other:?}"),
        }
    }

    pub(crate) async fn page_kept(&mut self, page: &Paged) {
        self.say(&Say::PageKept { page: page.page }).await;
    }

    pub(crate) async fn stopped(&mut self, why: Stop) {
        self.say(&Say::SyncStop { why }).await;
    }

    pub(crate) async fn now(&mut self, whole: bool) {
        self.say(&Say::SyncNow { whole }).await;
    }

    /// Keeps a whole run, from its first page.
    pub(crate) async fn run(&mut self) -> Vec<Paged> {
        let mut pages = Vec::new();
        loop {
            let page = self.page().await;
            self.page_kept(&page).await;
            pages.push(page);
            if pages.last().unwrap().last {
                return pages;
            }
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self) {
        let quiet = tokio::time::timeout(Duration::from_millis(150), self.other()).await;
        assert!(quiet.is_err(), "{quiet:?}");
    }
}
