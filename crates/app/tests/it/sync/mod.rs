//! Users and groups from directories, page by page.

mod deletions;
mod groups;
mod model;
mod runs;
mod users;

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_app::sync::{self, Reply};
use latchkey_app::{App, admin};
use latchkey_core::model::{Tenant, User};
use latchkey_store::{accounts, audit, names};
use latchkey_testkit::TestApp;
use latchkey_testkit::agent::Agent;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_types::{SyncRunId, TenantId, fold};
use latchkey_wire::v1::{Class, Object, Page, Stop};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CORP: &str = "corp.example";

/// A tenant with an agent.
struct Site {
    test: TestApp,
    contoso: Organisation,
    agent: Agent,
}

impl Site {
    async fn new(test: TestApp) -> Self {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        let agent = Agent::connect(&test, contoso.id(), CORP, 7).await;
        Self {
            test,
            contoso,
            agent,
        }
    }

    fn tenant(&self) -> TenantId {
        self.contoso.id()
    }

    fn run(&self) -> SyncRunId {
        SyncRunId::new(self.test.app.clock(), self.test.app.entropy())
    }

    async fn send(&self, page: &Page) -> Reply {
        sync::page(&self.test.app, &self.agent.who, page)
            .await
            .unwrap()
    }

    /// A run of one page.
    async fn sync(&self, whole: bool, objects: Vec<Object>) -> Reply {
        self.send(&page(self.run(), 0, whole, true, objects)).await
    }

    async fn whole(&self, objects: Vec<Object>) {
        assert_eq!(self.sync(true, objects).await, Reply::Kept { page: 0 });
    }

    async fn some(&self, objects: Vec<Object>) {
        assert_eq!(self.sync(false, objects).await, Reply::Kept { page: 0 });
    }

    async fn user(&self, upn: &str) -> Option<User> {
        let named = self
            .test
            .app
            .db()
            .read(async |mut tx| names::resolve(&mut tx, &fold(upn)).await)
            .await
            .unwrap();
        match names::choose(&named) {
            Some(named) => by_id(&self.test.app, named.tenant, named.user.0).await,
            None => None,
        }
    }

    async fn codes(&self) -> Vec<(String, String)> {
        let found = admin::sync::problems(&self.test.app, "contoso").await;
        found
            .unwrap()
            .into_iter()
            .map(|problem| (problem.anchor, problem.code))
            .collect()
    }

    async fn status(&self) -> admin::sync::SyncView {
        let all = admin::sync::status(&self.test.app, "contoso")
            .await
            .unwrap();
        all.into_iter().find(|view| view.domain == CORP).unwrap()
    }

    async fn members(&self, group: &str) -> Vec<String> {
        let view = admin::group::show(&self.test.app, "contoso", group)
            .await
            .unwrap();
        let mut all: Vec<String> = view.users.into_iter().chain(view.groups).collect();
        all.sort();
        all
    }

    /// The audit events, as activity and reason.
    async fn events(&self) -> Vec<(String, Option<String>, String)> {
        let tenant = self.tenant();
        let found = self
            .test
            .app
            .db()
            .read(async |mut tx| {
                audit::list(&mut tx, tenant, &audit::Filter::default(), 0, 100_000).await
            })
            .await
            .unwrap();
        found
            .into_iter()
            .map(|event| event.row.event)
            .map(|event| {
                (
                    event.activity.name().to_owned(),
                    event.reason,
                    event.details,
                )
            })
            .collect()
    }

    async fn count(&self, activity: &str) -> usize {
        let events = self.events().await;
        events.iter().filter(|event| event.0 == activity).count()
    }

    fn tenant_now(&self) -> &Tenant {
        &self.contoso.tenant
    }
}

async fn by_id(app: &App, tenant: TenantId, id: uuid::Uuid) -> Option<User> {
    app.db()
        .read(async |mut tx| accounts::get(&mut tx, tenant, latchkey_types::UserId(id)).await)
        .await
        .unwrap()
}

fn page(run: SyncRunId, number: u64, whole: bool, last: bool, objects: Vec<Object>) -> Page {
    Page {
        run,
        page: number,
        whole,
        last,
        objects,
        problems: Vec::new(),
    }
}

fn object(anchor: &str, class: Class, values: &[(&str, &str)]) -> Object {
    let values: BTreeMap<String, Vec<String>> = values
        .iter()
        .map(|(name, value)| {
            let list = value
                .split(';')
                .filter(|part| !part.is_empty())
                .map(str::to_owned);
            ((*name).to_owned(), list.collect())
        })
        .collect();
    Object {
        anchor: anchor.to_owned(),
        class,
        deleted: false,
        values,
        members: None,
    }
}

/// A user with a name and more.
fn user(anchor: &str, upn: &str, more: &[(&str, &str)]) -> Object {
    let mut object = object(anchor, Class::User, more);
    object.values.insert("upn".into(), vec![upn.to_owned()]);
    object
}

/// Users `u0` and so on.
fn users(count: usize) -> Vec<Object> {
    (0..count)
        .map(|n| user(&format!("a{n}"), &format!("u{n}@contoso.com"), &[]))
        .collect()
}

fn group(anchor: &str, name: &str, members: &[&str]) -> Object {
    let mut object = object(anchor, Class::Group, &[("name", name)]);
    object.members = Some(members.iter().map(|member| (*member).to_owned()).collect());
    object
}

fn deleted(anchor: &str) -> Object {
    Object {
        deleted: true,
        ..object(anchor, Class::User, &[])
    }
}

const STOPPED: Reply = Reply::Stop(Stop::TooManyDeletions);
