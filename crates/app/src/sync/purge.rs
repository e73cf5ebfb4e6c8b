//! What a directory has not had for so long goes.

use latchkey_core::audit::{Activity, ActorKind};
use latchkey_core::settings::Scope;
use latchkey_store::sync_objects::{self, Class, Object as Known};
use latchkey_store::{Tx, accounts, groups, tenants};
use latchkey_types::{GroupId, TenantId, UserId};

use super::{KEPT, group, user};
use crate::audit::{Entry, record_one};
use crate::writeback::ctx_of;
use crate::{App, AppError, Ctx};

/// How many one transaction removes.
const BATCH: i64 = 100;

/// Removes users and groups that have been gone for [`KEPT`]; how many.
pub(crate) async fn purge(app: &App) -> Result<u64, AppError> {
    let ctx = Ctx {
        actor: ActorKind::System,
        ..ctx_of(app)
    };
    let before = app.clock().now().minus(KEPT);
    let mut total = 0;
    loop {
        let (count, is_more) = app
            .db()
            .write(async |mut tx| {
                let tx = &mut tx;
                let gone = sync_objects::list_gone(tx, before, BATCH).await?;
                let mut count = 0;
                for (tenant, known) in &gone {
                    count += u64::from(one(tx, app, &ctx, *tenant, known).await?);
                }
                // Where nothing could be removed, nothing more would be.
                Ok::<_, AppError>((count, count > 0))
            })
            .await?;
        total += count;
        if !is_more {
            return Ok(total);
        }
    }
}

async fn one(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: TenantId,
    known: &Known,
) -> Result<bool, AppError> {
    let Some(found) = tenants::get(tx, tenant).await? else {
        return Ok(false);
    };
    let mut object = known.object;
    if let (Class::User, Some(id)) = (known.class, object)
        && let Some(user) = accounts::get(tx, tenant, UserId(id)).await?
        && !user::is_of(&user, &known.domain)
    {
        // Made a cloud user, or another domain's, since: only what is remembered of it goes.
        object = None;
    }
    let entry: Option<Entry> = match (known.class, object) {
        (_, None) => None,
        (Class::User, Some(id)) => accounts::get(tx, tenant, UserId(id))
            .await?
            .map(|gone| user::gone(&gone, "gone from the directory for 30 days")),
        (Class::Group, Some(id)) => {
            if let Scope::Selected(selected) = &found.settings.reset.scope
                && selected.contains(&GroupId(id))
            {
                // Without its last group a policy would let nobody, and nobody would know why.
                return Ok(false);
            }
            groups::get(tx, tenant, GroupId(id)).await?.map(|gone| {
                Entry::new(Activity::GroupDeleted)
                    .because("gone from the directory for 30 days")
                    .on(group::target(&gone))
            })
        }
    };
    // Whoever came back meanwhile stays.
    if !sync_objects::remove(tx, tenant, &known.anchor, known.gone_at).await? {
        return Ok(false);
    }
    if let Some(id) = object {
        match known.class {
            Class::User => accounts::delete(tx, tenant, UserId(id)).await?,
            Class::Group => groups::delete(tx, tenant, GroupId(id)).await?,
        };
    }
    if let Some(entry) = entry {
        record_one(tx, app, ctx, &found, entry).await?;
    }
    Ok(true)
}
