//! What people may type as their user ID: UPNs and mail addresses, folded to keys. The deployment is
//! searched without a tenant, because the name is what tells the tenant.

use latchkey_types::{TenantId, UserId};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx};

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A user principal name: unique.
    Upn,
    /// A mail address: counts only where one account has it.
    Mail,
}

impl NameKind {
    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upn => "upn",
            Self::Mail => "mail",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Upn, Self::Mail]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Somebody who answers to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// What the name is to them.
    pub kind: NameKind,
    /// Their tenant.
    pub tenant: TenantId,
    /// Their id.
    pub user: UserId,
}

/// Whoever answers to a folded name: first the one whose UPN it is, then those whose mail it is; at
/// most three, which is enough to see that a mail address is not unique.
pub async fn resolve(tx: &mut Tx, name_key: &str) -> Result<Vec<Named>> {
    // 'upn' comes after 'mail'.
    let rows: Vec<(String, Uuid, Uuid)> = on!(tx, |c| sqlx::query_as(
        "SELECT kind, tenant_id, user_id FROM sign_in_name WHERE name_key = $1
         ORDER BY kind DESC, tenant_id, user_id LIMIT 3"
    )
    .bind(name_key)
    .fetch_all(c)
    .await)?;
    rows.into_iter()
        .map(|(kind, tenant, user)| {
            let kind = Row::new("sign_in_name", user).read("kind", NameKind::parse(&kind))?;
            Ok(Named {
                kind,
                tenant: TenantId(tenant),
                user: UserId(user),
            })
        })
        .collect()
}

/// The one whom a name means: whose UPN it is, else the only one whose mail it is.
pub fn choose(named: &[Named]) -> Option<Named> {
    match named {
        [first, ..] if first.kind == NameKind::Upn => Some(*first),
        [only] => Some(*only),
        _ => None,
    }
}

/// Sets the names that a user answers to. [`crate::accounts`] does so by itself for UPN and mail.
pub async fn replace_for_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    names: &[(NameKind, String)],
) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sign_in_name WHERE tenant_id = $1 AND user_id = $2"
    )
    .bind(tenant.0)
    .bind(user.0)
    .execute(c)
    .await
    .map(drop))?;
    if names.is_empty() {
        return Ok(());
    }
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(
            "INSERT INTO sign_in_name (name_key, kind, tenant_id, user_id) ",
        );
        query.push_values(names, |mut row, (kind, key)| {
            row.push_bind(key)
                .push_bind(kind.as_str())
                .push_bind(tenant.0)
                .push_bind(user.0);
        });
        query.push(" ON CONFLICT DO NOTHING");
        query.build().execute(c).await.map(drop)
    })
}
