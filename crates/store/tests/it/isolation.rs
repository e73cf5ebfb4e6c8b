//! With another tenant's id every function finds nothing and changes nothing.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::model::{DomainKind, Origin, Role, Source};
use latchkey_core::reset::Gate;
use latchkey_core::reset::throttle::Bucket;
use latchkey_core::sign_in::lockout::{Rule, Verdict};
use latchkey_store::{
    accounts, audit, challenges, counts, domains, federation, groups, history, links, lockout,
    methods, networks, outbox, pending, registration, sessions, sign_in_flows, sign_in_sessions,
    throttle,
};
use latchkey_types::{
    ChallengeId, DomainId, DomainName, FederationId, GroupId, MessageId, MethodId, PendingMethodId,
    Secret, UserId,
};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, FLOW, Fresh, NOW, SESSION, SIGNED_IN, ada, at, flow, id, on_both,
    session, signed_in, user, write,
};

on_both! {
    another_tenant_finds_and_changes_nothing
    another_tenant_finds_and_changes_nothing_of_signing_in
}

async fn another_tenant_finds_and_changes_nothing(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    session(&db).await;
    let group = groups::Group {
        id: GroupId(id(10)),
        name: "Staff".into(),
        source: Source::Cloud,
        created_at: NOW,
    };
    let inner = groups::Group {
        id: GroupId(id(11)),
        name: "Inner".into(),
        ..group.clone()
    };
    // Fabrikam has a group and a user of its own, whom it might try to mix with Contoso's.
    let theirs = groups::Group {
        id: GroupId(id(12)),
        ..group.clone()
    };
    let mut eve = user(20, "Eve");
    eve.tenant = FABRIKAM;
    let domain = domains::Domain {
        id: DomainId(id(30)),
        name: DomainName::parse("contoso.com").unwrap(),
        kind: DomainKind::Custom,
        token: "token".into(),
        verified_at: None,
        created_at: NOW,
    };
    let method = methods::NewMethod {
        id: MethodId(id(40)),
        kind: methods::MethodKind::Email,
        slot: "",
        name: "",
        value: b"sealed",
        origin: Origin::Person,
    };
    let challenge = challenges::NewChallenge {
        id: ChallengeId(id(50)),
        session: SESSION,
        gate: Gate::Email,
        tag: b"tag",
        state: None,
        created_at: NOW,
        expires_at: at(600),
    };
    let link = links::NewLink {
        id: id(60),
        purpose: "not_me",
        tag: b"tag",
        user: ADA,
        created_at: NOW,
        expires_at: at(600),
    };
    let message = MessageId(id(70));
    let bucket = Bucket::Attempts;
    write!(db, |tx| {
        groups::insert(tx, CONTOSO, &group).await?;
        groups::insert(tx, CONTOSO, &inner).await?;
        groups::insert(tx, FABRIKAM, &theirs).await?;
        groups::add_user(tx, CONTOSO, group.id, ADA).await?;
        groups::add_group(tx, CONTOSO, group.id, inner.id).await?;
        accounts::insert(tx, &eve, None).await?;
        domains::insert(tx, CONTOSO, &domain).await?;
        methods::upsert(tx, CONTOSO, ADA, &method, NOW).await?;
        challenges::insert(tx, CONTOSO, &challenge).await?;
        links::insert(tx, CONTOSO, &link).await?;
        outbox::insert(tx, CONTOSO, &crate::messages::message(70, NOW)).await?;
        outbox::claim(tx, "a", NOW, Duration::from_mins(1), 1).await?;
        throttle::hit(tx, CONTOSO, ADA, bucket, NOW).await?;
        throttle::block(tx, CONTOSO, ADA, bucket, at(10), NOW).await?;
        counts::bump(tx, CONTOSO, 1, "sms", 9).await?;
        let event = crate::audit::event(1, Activity::Blocked);
        audit::append(tx, CONTOSO, vec![event], &|hash, _| *hash).await
    });
    let before = format!("{:?}", everything(&db).await);
    let f = FABRIKAM;
    write!(db, |tx| {
        let none = accounts::Filter::default();
        assert!(accounts::get(tx, f, ADA).await?.is_none());
        assert_eq!(accounts::password(tx, f, ADA).await?, None);
        assert_eq!(accounts::sessions_valid_from(tx, f, ADA).await?, None);
        assert!(!accounts::set_password(tx, f, ADA, 2, "hash", NOW, 9).await?);
        assert!(!accounts::set_attributes(tx, f, ADA, 2, &user(1, "Ada")).await?);
        assert!(!accounts::set_frozen(tx, f, ADA, Some(NOW)).await?);
        assert!(!accounts::set_enabled(tx, f, ADA, false).await?);
        assert!(!accounts::end_sessions(tx, f, ADA, NOW).await?);
        assert!(!accounts::set_roles(tx, f, ADA, &[Role::GlobalReader]).await?);
        assert!(!accounts::delete(tx, f, ADA).await?);
        let of_group = accounts::Filter {
            group: Some(group.id),
            ..none.clone()
        };
        assert!(accounts::list(tx, f, &of_group, None, 9).await?.is_empty());
        let users = accounts::list(tx, f, &none, None, 9).await?;
        assert_eq!(
            users.iter().map(|user| user.id).collect::<Vec<_>>(),
            [eve.id]
        );
        assert_eq!(accounts::count(tx, f, &none).await?, 1);
        assert!(history::list(tx, f, ADA, 9).await?.is_empty());
        assert_eq!(history::prune(tx, f, ADA, 0).await?, 0);

        assert_eq!(groups::get(tx, f, group.id).await?, None);
        assert_eq!(groups::find_by_name(tx, f, "Inner").await?, None);
        assert_eq!(
            groups::list(tx, f, None, 9).await?,
            std::slice::from_ref(&theirs)
        );
        assert!(!groups::delete(tx, f, group.id).await?);
        for (tenant, group, user) in [
            (f, group.id, ADA),
            (f, group.id, eve.id),
            (f, theirs.id, ADA),
            (CONTOSO, theirs.id, ADA),
            (CONTOSO, group.id, eve.id),
        ] {
            assert!(!groups::add_user(tx, tenant, group, user).await?);
        }
        for (tenant, group, member) in [
            (f, theirs.id, group.id),
            (f, group.id, theirs.id),
            (CONTOSO, group.id, theirs.id),
        ] {
            assert!(!groups::add_group(tx, tenant, group, member).await?);
        }
        assert!(!groups::remove_user(tx, f, group.id, ADA).await?);
        assert!(!groups::remove_group(tx, f, group.id, inner.id).await?);
        assert!(
            groups::list_users(tx, f, group.id, None, 9)
                .await?
                .is_empty()
        );
        assert!(
            groups::list_groups(tx, f, group.id, None, 9)
                .await?
                .is_empty()
        );
        assert!(!groups::is_member_transitive(tx, f, ADA, &[group.id]).await?);

        assert!(domains::list(tx, f).await?.is_empty());
        assert!(!domains::mark_verified(tx, f, &domain.name, NOW).await?);
        assert!(!domains::delete(tx, f, &domain.name).await?);

        assert!(methods::list_for_user(tx, f, ADA).await?.is_empty());
        assert!(!methods::upsert(tx, f, ADA, &method, NOW).await?);
        assert!(!methods::delete(tx, f, ADA, method.id).await?);
        assert!(!methods::delete(tx, CONTOSO, UserId(id(999)), method.id).await?);
        assert!(!methods::advance_step(tx, f, method.id, 1).await?);

        assert_eq!(sessions::get(tx, f, SESSION).await?, None);
        let step = sessions::Advance {
            state: "x",
            cookie_tag: None,
            ended: None,
        };
        assert!(!sessions::advance(tx, f, SESSION, 1, step).await?);
        assert!(!sessions::claim(tx, f, SESSION, 1).await?);
        assert!(!sessions::delete(tx, f, SESSION).await?);
        assert!(sessions::open_for_subject(tx, f, ADA).await?.is_empty());
        assert_eq!(challenges::latest(tx, f, SESSION, Gate::Email).await?, None);
        assert!(!challenges::consume(tx, f, challenge.id, b"tag", NOW).await?);
        assert_eq!(challenges::void_for_session(tx, f, SESSION, NOW).await?, 0);
        assert_eq!(links::void_for_user(tx, f, ADA, NOW).await?, 0);

        assert!(throttle::blocked_buckets(tx, f, ADA, NOW).await?.is_empty());
        assert!(!throttle::take_back(tx, f, ADA, bucket, NOW).await?);
        assert_eq!(throttle::clear(tx, f, ADA).await?, 0);
        assert_eq!(counts::get(tx, f, 1, "sms").await?, 0);

        assert_eq!(outbox::get(tx, f, message).await?, None);
        let outcome = outbox::Outcome::Void;
        assert!(!outbox::done(tx, f, message, "a", outcome, NOW).await?);
        assert!(!outbox::retry_later(tx, f, message, "a", NOW, "x").await?);

        assert!(
            audit::list(tx, f, &audit::Filter::default(), 0, 9)
                .await?
                .is_empty()
        );
        Ok::<_, latchkey_store::StoreError>(())
    });
    assert_eq!(format!("{:?}", everything(&db).await), before);
}

/// What Contoso has.
async fn everything(db: &latchkey_store::Db) -> impl std::fmt::Debug {
    write!(db, |tx| {
        let group = GroupId(id(10));
        Ok::<_, latchkey_store::StoreError>((
            accounts::get(tx, CONTOSO, ADA).await?,
            accounts::password(tx, CONTOSO, ADA).await?,
            history::list(tx, CONTOSO, ADA, 9).await?,
            (
                groups::list(tx, CONTOSO, None, 9).await?,
                domains::list(tx, CONTOSO).await?,
            ),
            (
                groups::list_users(tx, CONTOSO, group, None, 9).await?,
                groups::list_groups(tx, CONTOSO, group, None, 9).await?,
            ),
            methods::list_for_user(tx, CONTOSO, ADA).await?,
            sessions::get(tx, CONTOSO, SESSION).await?,
            challenges::latest(tx, CONTOSO, SESSION, Gate::Email).await?,
            links::get_by_tag(tx, b"tag").await?,
            throttle::blocked_buckets(tx, CONTOSO, ADA, NOW).await?,
            outbox::get(tx, CONTOSO, MessageId(id(70))).await?,
            audit::head(tx, CONTOSO).await?,
        ))
    })
}

async fn another_tenant_finds_and_changes_nothing_of_signing_in(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    flow(&db).await;
    signed_in(&db).await;
    crate::security_info::pending(&db, 1, b"tag", at(900)).await;
    let mut eve = user(20, "Eve");
    eve.tenant = FABRIKAM;
    let group = groups::Group {
        id: GroupId(id(10)),
        name: "Staff".into(),
        source: Source::Cloud,
        created_at: NOW,
    };
    let passkey = methods::NewMethod {
        id: MethodId(id(40)),
        kind: methods::MethodKind::Passkey,
        slot: "credential",
        name: "Telephone",
        value: b"sealed",
        origin: Origin::Person,
    };
    let codes = [(MethodId(id(41)), "slot".to_owned())];
    let provider = federation::Federation {
        id: FederationId(id(50)),
        issuer: "issuer".into(),
        client_id: "latchkey".into(),
        secret: b"sealed".to_vec(),
        name_claim: "upn".into(),
        created_at: NOW,
    };
    let of = |tenant| lockout::Counter {
        tenant,
        subject: ADA,
        familiar: false,
    };
    let rule = Rule {
        threshold: 1,
        first: Duration::from_mins(1),
    };
    let tag = Secret::new([1; 32]);
    write!(db, |tx| {
        accounts::insert(tx, &eve, None).await?;
        groups::insert(tx, CONTOSO, &group).await?;
        groups::add_user(tx, CONTOSO, group.id, ADA).await?;
        methods::replace_recovery_codes(tx, CONTOSO, ADA, &codes, NOW).await?;
        methods::add_passkey(tx, CONTOSO, ADA, &passkey, NOW).await?;
        federation::set(tx, CONTOSO, &provider).await?;
        federation::bind(tx, CONTOSO, "issuer", "subject", ADA, NOW).await?;
        networks::remember(tx, CONTOSO, ADA, b"home", NOW).await?;
        lockout::hit(tx, of(CONTOSO), rule, NOW).await?;
        lockout::wrong(tx, of(CONTOSO), rule, &tag, NOW).await
    });
    let before = format!("{:?}", everything_of_signing_in(&db).await);
    let f = FABRIKAM;
    write!(db, |tx| {
        assert!(!accounts::rehash(tx, f, ADA, "hash 1", "other").await?);
        assert!(!registration::confirm(tx, f, ADA, at(1)).await?);
        assert!(!registration::note_reset(tx, f, ADA, at(1)).await?);
        assert!(!registration::require_of_user(tx, f, ADA, at(1)).await?);
        assert_eq!(registration::require_of_all(tx, f, at(1)).await?, 1);
        assert_eq!(
            registration::require_of_group(tx, f, group.id, at(1)).await?,
            0
        );
        assert!(!registration::tell_expiry(tx, f, ADA, NOW, 7).await?);
        let theirs = registration::expiring(tx, f, (at(-1), NOW), 14, None, 9).await?;
        assert_eq!(
            theirs.iter().map(|row| row.user).collect::<Vec<_>>(),
            [eve.id]
        );

        let step = sign_in_flows::Advance {
            state: "x",
            cookie_tag: Some(b"x"),
            secret: None,
            ended_at: Some(at(1)),
        };
        assert!(!sign_in_flows::advance(tx, f, FLOW, 1, step).await?);
        assert!(!sign_in_flows::claim(tx, f, FLOW, 1).await?);

        let renewal = sign_in_sessions::Renewal {
            old_tag: b"signed in",
            new_tag: b"x",
            factors: &["passkey"],
            is_twice: true,
        };
        assert!(!sign_in_sessions::renew(tx, f, SIGNED_IN, renewal, at(1)).await?);
        assert!(!sign_in_sessions::touch(tx, f, SIGNED_IN, at(90)).await?);
        assert!(!sign_in_sessions::put_off(tx, f, SIGNED_IN).await?);
        let tags: (&[u8], &[u8]) = (b"signed in", b"x");
        assert!(!sign_in_sessions::outlive(tx, f, SIGNED_IN, tags.0, tags.1, at(1)).await?);
        assert!(!sign_in_sessions::end(tx, f, ADA, SIGNED_IN, at(1)).await?);
        assert_eq!(
            sign_in_sessions::end_others(tx, f, ADA, None, at(1)).await?,
            0
        );
        let theirs = sign_in_sessions::list_for_user(tx, f, ADA, NOW).await?;
        assert!(theirs.is_empty());

        let pending = PendingMethodId(id(1));
        let latest = pending::latest(tx, f, SIGNED_IN, "email", NOW).await?;
        assert!(latest.is_none());
        assert_eq!(pending::count_try(tx, f, pending, NOW).await?, None);
        assert!(!pending::spend(tx, f, pending, NOW).await?);
        pending::void(tx, f, SIGNED_IN, "email", NOW).await?;

        assert!(!methods::note_use(tx, f, passkey.id, None, NOW).await?);
        assert!(!methods::use_recovery_code(tx, f, ADA, "slot").await?);
        let kind = methods::MethodKind::RecoveryCode;
        assert_eq!(methods::delete_kind(tx, f, ADA, kind).await?, 0);
        assert!(!methods::replace_recovery_codes(tx, f, ADA, &codes, NOW).await?);
        let other = methods::NewMethod {
            slot: "other",
            ..passkey.clone()
        };
        assert!(!methods::add_passkey(tx, f, ADA, &other, NOW).await?);
        assert!(!methods::add_passkey(tx, f, eve.id, &passkey, NOW).await?);

        assert!(federation::get(tx, f).await?.is_none());
        assert!(!federation::delete(tx, f).await?);
        let theirs = federation::user_of(tx, f, "issuer", "subject").await?;
        assert_eq!(theirs, None);
        assert!(!federation::bind(tx, f, "issuer", "other", ADA, NOW).await?);
        assert!(!federation::bind(tx, CONTOSO, "issuer", "other", eve.id, NOW).await?);

        assert!(!networks::is_familiar(tx, f, ADA, b"home", NOW).await?);
        assert_eq!(lockout::locked(tx, of(f), NOW).await?, None);
        assert_eq!(lockout::hit(tx, of(f), rule, NOW).await?, Verdict::Try);
        lockout::right(tx, of(f)).await?;
        assert!(!lockout::clear(tx, f, ADA, NOW).await?);
        Ok::<_, latchkey_store::StoreError>(())
    });
    assert_eq!(format!("{:?}", everything_of_signing_in(&db).await), before);
}

/// What Contoso has.
async fn everything_of_signing_in(db: &latchkey_store::Db) -> impl std::fmt::Debug {
    write!(db, |tx| {
        let of = lockout::Counter {
            tenant: CONTOSO,
            subject: ADA,
            familiar: false,
        };
        let flow = sign_in_flows::get_by_cookie(tx, b"flow").await?;
        let flow = flow.map(|row| (row.version, row.state, row.secret, row.ended_at));
        let session = sign_in_sessions::get_by_cookie(tx, b"signed in").await?;
        let session = session.map(|row| {
            (
                (row.factors, row.proven_at, row.proven_twice_at),
                (row.used_at, row.ended_at, row.put_off),
            )
        });
        let pending = pending::latest(tx, CONTOSO, SIGNED_IN, "email", NOW).await?;
        let pending = pending.map(|row| (row.id, row.tries));
        let methods = methods::list_for_user(tx, CONTOSO, ADA).await?;
        let methods: Vec<_> = methods
            .into_iter()
            .map(|row| (row.id, row.slot, row.value, row.used_at))
            .collect();
        Ok::<_, latchkey_store::StoreError>((
            (accounts::get(tx, CONTOSO, ADA).await?, flow, session),
            accounts::password(tx, CONTOSO, ADA).await?,
            (pending, methods),
            registration::expiring(tx, CONTOSO, (at(-1), NOW), 14, None, 9).await?,
            federation::get(tx, CONTOSO).await?.map(|row| row.id),
            federation::user_of(tx, CONTOSO, "issuer", "subject").await?,
            networks::is_familiar(tx, CONTOSO, ADA, b"home", NOW).await?,
            lockout::locked(tx, of, NOW).await?,
        ))
    })
}
