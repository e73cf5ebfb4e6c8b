//! One object: whether it can be applied, and what is kept where it cannot.

use latchkey_store::sync_objects::{self, Object as Known};
use latchkey_store::{Tx, sync_problems};
use latchkey_types::{EventId, fold};
use latchkey_wire::v1::{Class, Object};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{DETAIL, Twice, Work, group, store_class, user, wire_class};
use crate::AppError;
use crate::keys::{open, seal};
use crate::writeback::line;

const DUPLICATE_UPN: &str = "duplicate_upn";

/// Why an object is not applied.
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) detail: String,
}

impl Refused {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
        }
    }
}

/// What applying came to.
pub(super) struct Applied {
    /// The account or the group.
    pub(super) object: Uuid,
    /// Its version; of a group 0.
    pub(super) version: i64,
    /// Values that could not be used: a code, and words.
    pub(super) wrong: Vec<(String, String)>,
}

pub(super) fn digest(object: &Object) -> Vec<u8> {
    let text = serde_json::to_vec(object).unwrap_or_default();
    Sha256::digest(&text).to_vec()
}

/// The first value of a name, `Some("")` if it is cleared.
pub(super) fn value<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    let values = object.values.get(name)?;
    Some(values.first().map_or("", |value| value.trim()))
}

/// The folded name that an object claims.
pub(super) fn upn_key(object: &Object) -> Option<String> {
    if object.class != Class::User || object.deleted {
        return None;
    }
    value(object, "upn").filter(|upn| !upn.is_empty()).map(fold)
}

fn is_anchor(anchor: &str) -> bool {
    (1..=100).contains(&anchor.len())
        && !anchor.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Whether an object is what it was when it was last seen. Its digest is no secret.
pub(super) fn is_as_before(known: &Known, digest: &[u8]) -> bool {
    known.digest.as_slice().eq(digest)
}

/// Applies an object, or holds it.
pub(super) async fn apply(
    tx: &mut Tx,
    work: &mut Work<'_>,
    whole: bool,
    object: &Object,
    known: Option<Known>,
    digest: Vec<u8>,
    twice: &Twice<'_>,
) -> Result<(), AppError> {
    let (tenant, anchor) = (work.tenant.id, object.anchor.as_str());
    if !is_anchor(anchor) {
        let detail = "an object has no immutable id, or one that cannot be right";
        return work.problem(tx, "", "anchor", detail).await;
    }
    // An earlier object of this page may have changed what was looked up.
    let known = match known {
        Some(known) => Some(known),
        None => sync_objects::find(tx, tenant, &[anchor]).await?.pop(),
    };
    if let Some(known) = &known {
        let detail = if known.domain != work.domain {
            Some(format!(
                "the domain {} has an object with this id",
                known.domain
            ))
        } else if !object.deleted && known.class != store_class(object.class) {
            // Of what is gone, a directory does not say what it was.
            Some("the directory has a user and a group with this id".to_owned())
        } else if twice.anchors.contains(anchor)
            || (whole && known.seen_run == work.run && !is_as_before(known, &digest))
        {
            Some("the directory has two objects with this id".to_owned())
        } else {
            None
        };
        if let Some(detail) = detail {
            if known.domain == work.domain {
                sync_objects::touch(tx, tenant, work.domain, work.run, &[anchor]).await?;
            }
            return work.problem(tx, anchor, "duplicate_anchor", &detail).await;
        }
    } else if twice.anchors.contains(anchor) {
        let detail = "the directory has two objects with this id";
        return work.problem(tx, anchor, "duplicate_anchor", detail).await;
    }
    if object.deleted {
        return forget(tx, work, anchor, known).await;
    }
    let mut known = known.unwrap_or_else(|| Known {
        anchor: anchor.to_owned(),
        id: EventId::new(work.app.clock(), work.app.entropy()).0,
        domain: work.domain.to_owned(),
        class: store_class(object.class),
        object: None,
        upn_key: None,
        digest: Vec::new(),
        applied_version: None,
        held: None,
        seen_run: work.run,
        doomed: false,
        gone_at: None,
        version: None,
    });
    known.seen_run = work.run;
    known.doomed = false;
    known.digest = digest;
    let mut merged = object.clone();
    if let Some(held) = held(work, &known)? {
        merged = merge(held, object);
    }
    try_one(tx, work, known, &merged, twice).await.map(drop)
}

/// What was held, with what is newer.
fn merge(mut held: Object, newer: &Object) -> Object {
    held.values.extend(
        newer
            .values
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    if newer.members.is_some() {
        held.members.clone_from(&newer.members);
    }
    held.deleted = false;
    held
}

fn held(work: &Work<'_>, known: &Known) -> Result<Option<Object>, AppError> {
    let Some(sealed) = &known.held else {
        return Ok(None);
    };
    let plain = open(&work.key, "sync_object", "held", known.id, sealed)?;
    serde_json::from_slice(plain.expose())
        .map(Some)
        .map_err(|error| AppError::internal("read an object that is held", error))
}

fn hold(work: &Work<'_>, known: &Known, object: &Object) -> Result<Vec<u8>, AppError> {
    let plain =
        serde_json::to_vec(object).map_err(|error| AppError::internal("hold an object", error))?;
    let entropy = work.app.entropy();
    seal(&work.key, entropy, "sync_object", "held", known.id, &plain)
}

/// Tries again what is held. Whether it is applied now.
pub(super) async fn retry(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: Known,
) -> Result<bool, AppError> {
    if known.doomed || known.gone_at.is_some() {
        return Ok(false);
    }
    match held(work, &known)? {
        Some(object) => try_one(tx, work, known, &object, &Twice::none()).await,
        None => Ok(false),
    }
}

async fn try_one(
    tx: &mut Tx,
    work: &mut Work<'_>,
    mut known: Known,
    object: &Object,
    twice: &Twice<'_>,
) -> Result<bool, AppError> {
    let tenant = work.tenant.id;
    if let Some(upn) = upn_key(object) {
        known.upn_key = Some(upn);
    }
    let applied = match known.class {
        sync_objects::Class::User => match rivals(tx, work, &known, twice).await? {
            Some(refused) => Err(refused),
            None => user::apply(tx, work, &known, object).await?,
        },
        sync_objects::Class::Group => group::apply(tx, work, &known, object).await?,
    };
    sync_problems::clear(tx, tenant, work.domain, &known.anchor).await?;
    match applied {
        Ok(applied) => {
            let is_new = known.object.is_none() || known.gone_at.is_some();
            known.object = Some(applied.object);
            known.applied_version = Some(applied.version);
            known.held = None;
            known.gone_at = None;
            sync_objects::put(tx, tenant, &known).await?;
            for (code, detail) in &applied.wrong {
                work.problem(tx, &known.anchor, code, detail).await?;
            }
            if is_new {
                group::join(tx, work, &known).await?;
            }
            Ok(true)
        }
        Err(refused) => {
            // Of two with one name neither is changed: who of them is who, an administrator has to say.
            if known.class == sync_objects::Class::User && refused.code != DUPLICATE_UPN {
                user::disable(tx, work, &known, object).await?;
            }
            known.applied_version = None;
            known.held = Some(hold(work, &known, object)?);
            sync_objects::put(tx, tenant, &known).await?;
            let Refused { code, detail } = refused;
            work.problem(tx, &known.anchor, code, &detail).await?;
            Ok(false)
        }
    }
}

/// Whether another object claims the same name: then that one is held, too.
async fn rivals(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    twice: &Twice<'_>,
) -> Result<Option<Refused>, AppError> {
    let Some(upn) = &known.upn_key else {
        return Ok(None);
    };
    let mut others = sync_objects::claimants(tx, work.tenant.id, upn).await?;
    others.retain(|anchor| *anchor != known.anchor);
    if others.is_empty() && !twice.upns.contains(upn) {
        return Ok(None);
    }
    for anchor in &others {
        let found = sync_objects::find(tx, work.tenant.id, &[anchor]).await?;
        // One that is held was told of when that began, and is again whenever it is tried.
        for mut other in found.into_iter().filter(|other| other.held.is_none()) {
            let detail = line(
                &format!("{} has this name, too: {upn}", known.anchor),
                DETAIL,
            );
            let problem = (anchor.as_str(), DUPLICATE_UPN, detail.as_str());
            let (tenant, now) = (work.tenant.id, work.now);
            sync_problems::put(tx, tenant, &other.domain, problem, work.run, now).await?;
            // Nothing to apply, but to be looked at again.
            let nothing = Object {
                anchor: anchor.clone(),
                class: wire_class(other.class),
                deleted: false,
                values: std::collections::BTreeMap::new(),
                members: None,
            };
            other.held = Some(hold(work, &other, &nothing)?);
            other.applied_version = None;
            sync_objects::put(tx, tenant, &other).await?;
        }
    }
    let others = others.join(", ");
    Ok(Some(Refused::new(
        DUPLICATE_UPN,
        format!("another object has this name, too: {upn} {others}").trim(),
    )))
}

/// An object is gone: it is deleted after the last page; one that was never applied is forgotten now.
async fn forget(
    tx: &mut Tx,
    work: &mut Work<'_>,
    anchor: &str,
    known: Option<Known>,
) -> Result<(), AppError> {
    let (tenant, domain) = (work.tenant.id, work.domain);
    let Some(known) = known.filter(|known| known.gone_at.is_none()) else {
        // It was never here, or is gone already.
        sync_problems::clear(tx, tenant, domain, anchor).await?;
        return Ok(());
    };
    if known.object.is_none() {
        sync_objects::remove(tx, tenant, anchor, None).await?;
        sync_problems::clear(tx, tenant, domain, anchor).await?;
        return Ok(());
    }
    sync_objects::doom(tx, tenant, domain, anchor).await?;
    Ok(())
}
