//! The service, its tenants and their domains.

use latchkey_core::model::{DomainKind, Source};
use latchkey_core::settings::{Scope, Settings};
use latchkey_store::{StoreError, accounts, domains, service, tenants};
use latchkey_types::{CountryCode, DomainId, DomainName, Locale, TenantId};

use crate::support::{CONTOSO, FABRIKAM, Fresh, NOW, at, id, on_both, read, tenant, user, write};

on_both! {
    a_fact_is_recorded_once_unless_it_is_set
    a_tenant_comes_back_with_its_key
    settings_change_only_from_the_expected_version
    tenants_are_listed_and_found_without_the_service
    a_domain_belongs_to_one_tenant
    only_a_verified_domain_of_its_own_counts
    one_synchronised_account_is_directory_synchronisation
}

async fn a_fact_is_recorded_once_unless_it_is_set(Fresh { db, .. }: Fresh) {
    assert_eq!(read!(db, |tx| service::get(tx, "keys").await), None);
    assert!(write!(db, |tx| service::insert(tx, "keys", "1").await));
    assert!(!write!(db, |tx| service::insert(tx, "keys", "2").await));
    assert_eq!(
        read!(db, |tx| service::get(tx, "keys").await).as_deref(),
        Some("1")
    );
    write!(db, |tx| service::set(tx, "keys", "3").await);
    assert_eq!(
        read!(db, |tx| service::get(tx, "keys").await).as_deref(),
        Some("3")
    );
}

async fn a_tenant_comes_back_with_its_key(Fresh { db, .. }: Fresh) {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    let new = tenants::NewTenant {
        id: CONTOSO,
        name: "Contoso",
        country: CountryCode::parse("NL").unwrap(),
        locale: Locale::Nl,
        settings: &settings,
        data_key: &[0, 255, 7],
        created_at: NOW,
    };
    write!(db, |tx| {
        tenants::insert(tx, &new).await?;
        let again = tenants::insert(tx, &new).await;
        assert!(matches!(again, Err(StoreError::Conflict("tenant"))));
        Ok::<_, StoreError>(())
    });
    let before = db.statements();
    let (got, key) = read!(db, |tx| tenants::get_with_key(tx, CONTOSO).await).unwrap();
    assert_eq!(db.statements() - before, 1);
    assert_eq!(
        (got.id, got.name.as_str(), got.created_at),
        (CONTOSO, "Contoso", NOW)
    );
    assert_eq!(
        (got.country.as_str(), got.locale, got.enabled),
        ("NL", Locale::Nl, true)
    );
    assert_eq!((&got.settings, got.settings_version), (&settings, 1));
    assert!(!got.has_custom_domain && !got.has_directory_sync);
    assert_eq!(key, [0, 255, 7]);
    assert_eq!(
        read!(db, |tx| tenants::data_key(tx, CONTOSO).await),
        Some(key)
    );
    assert_eq!(read!(db, |tx| tenants::data_key(tx, FABRIKAM).await), None);
    assert!(read!(db, |tx| tenants::get(tx, FABRIKAM).await).is_none());
}

async fn settings_change_only_from_the_expected_version(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let mut settings = Settings::default();
    settings.reset.gates_required = 1;
    assert!(!write!(db, |tx| tenants::set_settings(
        tx, CONTOSO, 2, &settings
    )
    .await));
    assert!(write!(db, |tx| tenants::set_settings(
        tx, CONTOSO, 1, &settings
    )
    .await));
    assert!(!write!(db, |tx| tenants::set_settings(
        tx, CONTOSO, 1, &settings
    )
    .await));
    let got = read!(db, |tx| tenants::get(tx, CONTOSO).await).unwrap();
    assert_eq!((got.settings, got.settings_version), (settings, 2));
    let other = read!(db, |tx| tenants::get(tx, FABRIKAM).await).unwrap();
    assert_eq!(
        (other.settings, other.settings_version),
        (Settings::default(), 1)
    );
}

async fn tenants_are_listed_and_found_without_the_service(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    write!(db, |tx| tenant(tx, TenantId::SERVICE, "Contoso").await);
    let ids = async |after, limit| {
        let list = read!(db, |tx| tenants::list(tx, after, limit).await);
        list.into_iter().map(|tenant| tenant.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 9).await, [CONTOSO, FABRIKAM]);
    assert_eq!(ids(None, 1).await, [CONTOSO]);
    assert_eq!(ids(Some(CONTOSO), 9).await, [FABRIKAM]);
    let profile = tenants::Profile {
        name: "Contoso ÅÄÖ",
        country: CountryCode::parse("SE").unwrap(),
        locale: Locale::Sv,
        enabled: false,
    };
    assert!(write!(db, |tx| tenants::set_profile(
        tx, FABRIKAM, &profile
    )
    .await));
    let found = read!(db, |tx| tenants::find_by_name(tx, "contoso åäö").await);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].id, found[0].enabled, found[0].locale),
        (FABRIKAM, false, Locale::Sv)
    );
    let found = read!(db, |tx| tenants::find_by_name(tx, "CONTOSO").await);
    assert_eq!(
        found.iter().map(|tenant| tenant.id).collect::<Vec<_>>(),
        [CONTOSO]
    );
}

fn domain(number: u128, name: &str, kind: DomainKind) -> domains::Domain {
    domains::Domain {
        id: DomainId(id(number)),
        name: DomainName::parse(name).unwrap(),
        kind,
        token: "token".into(),
        verified_at: None,
        created_at: NOW,
    }
}

async fn a_domain_belongs_to_one_tenant(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let contoso = domain(1, "contoso.com", DomainKind::Custom);
    let name = &contoso.name;
    write!(db, |tx| {
        domains::insert(tx, CONTOSO, &contoso).await?;
        let taken = domain(2, "contoso.com", DomainKind::Custom);
        let refused = domains::insert(tx, FABRIKAM, &taken).await;
        assert!(matches!(refused, Err(StoreError::Conflict("domain"))));
        domains::insert(tx, CONTOSO, &domain(3, "a.example", DomainKind::Initial)).await
    });
    let found = read!(db, |tx| domains::find(tx, name).await);
    assert_eq!(found, Some((CONTOSO, contoso.clone())));
    let list = read!(db, |tx| domains::list(tx, CONTOSO).await);
    assert_eq!(
        list.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(),
        ["a.example", "contoso.com"]
    );
    assert!(write!(db, |tx| domains::delete(tx, CONTOSO, name).await));
    assert!(!write!(db, |tx| domains::delete(tx, CONTOSO, name).await));
    assert_eq!(read!(db, |tx| domains::find(tx, name).await), None);
}

async fn only_a_verified_domain_of_its_own_counts(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let own = domain(1, "contoso.com", DomainKind::Custom);
    let mut initial = domain(2, "contoso.example", DomainKind::Initial);
    initial.verified_at = Some(NOW);
    let counts = async || {
        read!(db, |tx| tenants::get(tx, CONTOSO).await)
            .unwrap()
            .has_custom_domain
    };
    write!(db, |tx| {
        domains::insert(tx, CONTOSO, &own).await?;
        domains::insert(tx, CONTOSO, &initial).await
    });
    assert!(!counts().await);
    assert!(write!(db, |tx| domains::mark_verified(
        tx,
        CONTOSO,
        &own.name,
        at(1)
    )
    .await));
    assert!(!write!(db, |tx| domains::mark_verified(
        tx,
        CONTOSO,
        &own.name,
        at(2)
    )
    .await));
    assert!(counts().await);
    let found = read!(db, |tx| domains::find(tx, &own.name).await)
        .unwrap()
        .1;
    assert_eq!(found.verified_at, Some(at(1)));
}

async fn one_synchronised_account_is_directory_synchronisation(Fresh { db, .. }: Fresh) {
    crate::support::tenants(&db).await;
    let syncs = async |id| {
        read!(db, |tx| tenants::get(tx, id).await)
            .unwrap()
            .has_directory_sync
    };
    write!(db, |tx| accounts::insert(tx, &user(1, "Ada"), None).await);
    assert!(!syncs(CONTOSO).await);
    let mut synchronised = user(2, "Bob");
    synchronised.source = Source::Synchronised;
    write!(db, |tx| accounts::insert(tx, &synchronised, None).await);
    assert!(syncs(CONTOSO).await);
    assert!(!syncs(FABRIKAM).await);
}
