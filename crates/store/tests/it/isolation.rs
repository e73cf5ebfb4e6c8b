//! With another tenant's id every function finds nothing and changes nothing.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::model::{DomainKind, Origin, Role, Source};
use latchkey_core::reset::Gate;
use latchkey_core::reset::throttle::Bucket;
use latchkey_store::{
    accounts, audit, challenges, counts, domains, groups, history, links, methods, outbox,
    sessions, throttle,
};
use latchkey_types::{ChallengeId, DomainId, DomainName, GroupId, MessageId, MethodId, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, SESSION, ada, at, id, on_both, session, user, write,
};

on_both! {
    another_tenant_finds_and_changes_nothing
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
