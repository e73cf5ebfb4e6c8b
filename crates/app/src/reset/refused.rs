//! What was posted and cannot be read: no use case sees it, but it is on record.

use std::time::Duration;

use latchkey_store::{rate, sessions};
use latchkey_types::Secret;

use super::step::{cookie_tag, open, progress};
use crate::{App, AppError, Ctx, audit};

/// Three at once and then one in ten minutes for each session: whoever sends nonsense without an
/// end fills no log.
const BURST: u32 = 3;
const INTERVAL: Duration = Duration::from_secs(600);

/// Records that a request in a session that goes on could not be read, and of which kind it was;
/// never what was in it. Without such a session there is no tenant to record it for.
pub async fn refused_input(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    kind: &'static str,
) -> Result<(), AppError> {
    let tag = cookie_tag(app, cookie);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            let Some(row) = sessions::get_by_cookie(tx, &tag).await? else {
                return Ok(());
            };
            let bucket = format!("input-refused.{}", row.id);
            if row.ended_at.is_some()
                || now >= row.expires_at
                || !rate::take(tx, &bucket, now, INTERVAL, BURST).await?
            {
                return Ok(());
            }
            let Some(open) = open(tx, app, row).await? else {
                return Ok(());
            };
            let entry = progress(&open, "input refused").failed().with("why", kind);
            audit::record_one(tx, app, ctx, &open.case.tenant, entry).await
        })
        .await
}
