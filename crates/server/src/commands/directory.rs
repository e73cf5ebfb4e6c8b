//! `tenant`, `domain`, `group`.

use latchkey_app::admin::group::Member as MemberName;
use latchkey_app::admin::{self, domain, group, tenant};
use latchkey_types::TenantId;

use super::Console;
use crate::cli::{Domain, Group, Member, Tenant};
use crate::failure::Failure;

impl Console {
    pub(super) async fn tenant(&self, command: Tenant) -> Result<(), Failure> {
        let ctx = admin::operator(&self.app);
        match command {
            Tenant::Create {
                name,
                country,
                language,
                domain,
            } => {
                let form = tenant::NewTenantForm {
                    name: &name,
                    country: &country,
                    language: &language,
                    initial_domain: domain.as_deref(),
                };
                self.out
                    .item(&tenant::create(&self.app, &ctx, &form).await?)
            }
            Tenant::List => {
                let mut after = None;
                loop {
                    let page = tenant::list(&self.app, after).await?;
                    let Some(last) = page.last() else {
                        return Ok(());
                    };
                    after = TenantId::parse(&last.id).ok();
                    self.out.items(&page)?;
                }
            }
            Tenant::Show { tenant } => self.out.item(&tenant::show(&self.app, &tenant).await?),
            Tenant::Set { tenant, values } => self
                .out
                .item(&tenant::set(&self.app, &ctx, &tenant, &values).await?),
        }
    }

    pub(super) async fn domain(&self, command: Domain) -> Result<(), Failure> {
        let ctx = admin::operator(&self.app);
        match command {
            Domain::Add { tenant, domain } => self
                .out
                .item(&domain::add(&self.app, &ctx, &tenant, &domain).await?),
            Domain::Verify { domain } => self
                .out
                .item(&domain::verify(&self.app, &ctx, &domain).await?),
            Domain::List { tenant } => self.out.items(&domain::list(&self.app, &tenant).await?),
        }
    }

    pub(super) async fn group(&self, command: Group) -> Result<(), Failure> {
        let ctx = admin::operator(&self.app);
        let app = &self.app;
        match command {
            Group::Create { tenant, name } => self
                .out
                .item(&group::create(app, &ctx, &tenant, &name).await?),
            Group::List { tenant } => {
                let tenant = admin::find_tenant(app, &tenant).await?.id;
                let mut after: Option<String> = None;
                loop {
                    let page = group::list(app, tenant, after.as_deref()).await?;
                    let Some(last) = page.last() else {
                        return Ok(());
                    };
                    after = Some(last.name.clone());
                    self.out.items(&page)?;
                }
            }
            Group::Show { tenant, group } => {
                self.out.item(&group::show(app, &tenant, &group).await?)
            }
            Group::Add(member) => {
                let done =
                    group::add(app, &ctx, &member.tenant, &member.name, name_of(&member)).await?;
                self.out.say(if done {
                    "added"
                } else {
                    "it was there already"
                })
            }
            Group::Remove(member) => {
                let done = group::remove(app, &ctx, &member.tenant, &member.name, name_of(&member))
                    .await?;
                self.out
                    .say(if done { "removed" } else { "it was not there" })
            }
            Group::Delete { tenant, group } => {
                group::delete(app, &ctx, &tenant, &group).await?;
                self.out.say("deleted")
            }
        }
    }
}

fn name_of(member: &Member) -> MemberName<'_> {
    if member.group {
        MemberName::Group(&member.who)
    } else {
        MemberName::User(&member.who)
    }
}
