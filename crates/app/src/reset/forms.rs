//! What forms carry besides what people type: the human check and the tokens that bind a form to
//! its browser.

use latchkey_core::settings::Contact;
use latchkey_crypto::keys::Purpose;
use latchkey_crypto::pow;
use latchkey_store::{Tx, domains, tenants};
use latchkey_types::{DomainName, Locale, Secret, TenantId};

use super::{Brand, HumanCheck};
use crate::audit::hex;
use crate::{App, AppError};

/// A fresh human check for the page of step 1.
pub fn human_check(app: &App) -> HumanCheck {
    let now = app.clock().now();
    let difficulty = app.options().work_bits;
    HumanCheck {
        challenge: pow::issue(app.keys().hasher(), app.entropy(), now, difficulty),
        bits: difficulty.bits(),
        timed: pow::issue_timed(app.keys().hasher(), app.entropy(), now),
    }
}

/// The token that a form of a session carries: only a page that was made for this browser's cookie
/// knows it (NIST SP 800-63B-4, 5.1). The cookie is another one in each session and after each gate,
/// so nothing has to be read to check it. `locale` is the tenant's language, so that nothing has to
/// be read to answer in it either; it is bound like the rest.
pub fn form_token(app: &App, locale: Locale, cookie: &Secret<String>) -> String {
    let tag = locale.tag();
    let parts: [&[u8]; 3] = [b"reset", tag.as_bytes(), cookie.expose().as_bytes()];
    let token = app.keys().tag(Purpose::FormToken, &parts);
    format!("{tag}.{}", hex(token.as_bytes()))
}

/// The tenant's language, if a token is that of this browser; compared in constant time.
pub fn read_form_token(app: &App, cookie: &Secret<String>, typed: &str) -> Option<Locale> {
    let (language, _) = typed.split_once('.')?;
    let locale = Locale::parse(language).ok()?;
    same(&form_token(app, locale, cookie), typed).then_some(locale)
}

/// The token of the form for step 1, where there is no session yet.
pub fn start_token(app: &App, pre_cookie: &str) -> String {
    hex(app
        .keys()
        .tag(Purpose::FormToken, &[b"start", pre_cookie.as_bytes()])
        .as_bytes())
}

/// Whether a token is that of this browser, in constant time.
pub fn start_token_matches(app: &App, pre_cookie: &str, typed: &str) -> bool {
    same(&start_token(app, pre_cookie), typed)
}

/// The tenant of a domain, so that its face can be shown at once (`?whr=`).
pub async fn brand_by_domain(
    app: &App,
    domain: &str,
) -> Result<Option<(TenantId, Brand)>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(tenant) = owner(tx, domain).await? else {
                return Ok(None);
            };
            let tenant = tenants::get(tx, tenant)
                .await?
                .filter(|tenant| tenant.enabled);
            Ok(tenant.map(|tenant| (tenant.id, brand(&tenant))))
        })
        .await
}

/// The tenant whose domain it is. A domain that was only claimed, and never shown to be the tenant's,
/// is nobody's: otherwise anybody's name could be lent to a page, and its people to a policy.
pub(super) async fn owner(tx: &mut Tx, domain: &str) -> Result<Option<TenantId>, AppError> {
    let Ok(domain) = DomainName::parse(domain) else {
        return Ok(None);
    };
    let found = domains::find(tx, &domain).await?;
    Ok(found
        .filter(|(_, domain)| domain.verified_at.is_some())
        .map(|(tenant, _)| tenant))
}

/// The face of the service itself.
pub fn service_brand(app: &App) -> Brand {
    Brand {
        name: app.options().service_name.clone(),
        locale: Locale::En,
        contact: Contact::Off,
    }
}

pub(crate) fn brand(tenant: &latchkey_core::model::Tenant) -> Brand {
    Brand {
        name: tenant.name.clone(),
        locale: tenant.locale,
        contact: tenant.settings.contact.clone(),
    }
}

fn same(ours: &str, typed: &str) -> bool {
    Secret::new(ours.as_bytes().to_vec()) == Secret::new(typed.as_bytes().to_vec())
}
