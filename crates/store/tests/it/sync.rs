//! Synchronisation: runs, objects, members, problems.

use std::time::Duration;

use latchkey_core::model::{Source, User};
use latchkey_store::sync_objects::{self, Class, Object};
use latchkey_store::sync_runs::{self, Counts, State, Telling};
use latchkey_store::{accounts, groups, sync_problems};
use latchkey_types::{AgentId, GroupId, SyncRunId, TenantId, UserId};

use crate::support::{
    ADA, CONTOSO, FABRIKAM, Fresh, NOW, ada, at, at_once, id, on_both, user, write,
};

on_both! {
    a_run_goes_from_page_to_page_stops_and_ends
    of_many_who_turn_a_page_one_does
    what_is_asked_for_is_told_to_one
    objects_come_back_with_what_they_are_here
    what_is_doomed_is_counted_spared_and_found
    members_wait_for_each_other
    problems_are_kept_and_forgotten
    a_deleted_user_is_disabled_until_it_is_restored
    another_tenant_sees_and_changes_nothing
}

const CORP: &str = "corp.example";
const RUN: SyncRunId = SyncRunId(uuid::Uuid::from_u128(1));
const OTHER: SyncRunId = SyncRunId(uuid::Uuid::from_u128(2));
const AGENT: AgentId = AgentId(uuid::Uuid::from_u128(3));
const SECOND: AgentId = AgentId(uuid::Uuid::from_u128(4));

async fn begin(db: &latchkey_store::Db, whole: bool) {
    write!(db, |tx| {
        sync_runs::hold(tx, CONTOSO, CORP).await?;
        sync_runs::begin(tx, CONTOSO, CORP, RUN, AGENT, whole, NOW).await
    });
}

async fn a_run_goes_from_page_to_page_stops_and_ends(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let never = write!(db, |tx| sync_runs::hold(tx, CONTOSO, CORP).await);
    assert_eq!((never.state, never.run), (State::Never, None));
    begin(&db, true).await;
    let counts = Counts {
        objects: 5,
        created: 4,
        changed: 3,
        restored: 2,
        deleted: 1,
    };
    let advance = async |run, page, state| {
        write!(db, |tx| {
            sync_runs::advance(tx, CONTOSO, CORP, run, page, state, &counts, at(1)).await
        })
    };
    assert!(advance(RUN, 0, State::Running).await);
    assert!(!advance(RUN, 0, State::Running).await, "it was turned");
    assert!(!advance(RUN, 2, State::Running).await, "one is missing");
    assert!(!advance(OTHER, 1, State::Running).await, "another run");
    assert_eq!(
        write!(db, |tx| sync_runs::approve(tx, CONTOSO, CORP).await),
        None
    );
    assert!(write!(db, |tx| {
        sync_runs::stop(tx, CONTOSO, CORP, RUN, (501, 600), at(2)).await
    }));
    assert_eq!(
        write!(db, |tx| sync_runs::approve(tx, CONTOSO, CORP).await),
        Some(501)
    );
    assert_eq!(
        write!(db, |tx| sync_runs::approve(tx, CONTOSO, CORP).await),
        None
    );
    let ended = write!(db, |tx| sync_runs::finish(tx, CONTOSO, CORP, RUN, at(3))
        .await);
    assert_eq!(ended, None, "its last page did not come");
    assert!(!write!(db, |tx| {
        sync_runs::count_deleted(tx, CONTOSO, CORP, RUN, 1).await
    }));
    assert!(advance(RUN, 1, State::Deleting).await);
    assert!(write!(db, |tx| {
        sync_runs::count_deleted(tx, CONTOSO, CORP, RUN, 500).await
    }));
    let ended = write!(db, |tx| sync_runs::finish(tx, CONTOSO, CORP, RUN, at(3))
        .await);
    let ended = ended.unwrap();
    assert_eq!((ended.state, ended.approved), (State::Finished, None));
    assert_eq!(
        (ended.finished_at, ended.whole_at),
        (Some(at(3)), Some(at(3)))
    );
    assert_eq!((ended.counts.objects, ended.counts.deleted), (10, 502));
    assert!(!advance(RUN, 2, State::Running).await, "it is over");
    let again = write!(db, |tx| sync_runs::finish(tx, CONTOSO, CORP, RUN, at(4))
        .await);
    assert_eq!(again, None);
    begin(&db, false).await;
    let all = write!(db, |tx| sync_runs::list(tx, CONTOSO).await);
    assert_eq!(
        (all.len(), all[0].counts, all[0].next_page),
        (1, Counts::default(), 0)
    );
    assert_eq!(all[0].whole_at, Some(at(3)));
}

async fn of_many_who_turn_a_page_one_does(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    begin(&db, true).await;
    let turned = at_once(8, |_| {
        let db = db.clone();
        async move {
            let counts = Counts::default();
            let state = State::Running;
            write!(db, |tx| {
                sync_runs::advance(tx, CONTOSO, CORP, RUN, 0, state, &counts, NOW).await
            })
        }
    })
    .await;
    assert_eq!(turned.into_iter().filter(|done| *done).count(), 1);
}

async fn what_is_asked_for_is_told_to_one(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let telling = Telling {
        others_after: Duration::from_secs(10),
        again_after: Duration::from_secs(60),
    };
    let tell = async |agent, now| {
        write!(db, |tx| {
            let asked = sync_runs::is_asked(tx, CONTOSO, CORP, agent, telling, now).await?;
            let told = sync_runs::tell(tx, CONTOSO, CORP, agent, telling, now).await?;
            assert_eq!(asked, told.is_some());
            Ok::<_, latchkey_store::StoreError>(told)
        })
    };
    assert_eq!(tell(AGENT, NOW).await, None);
    begin(&db, false).await;
    write!(db, |tx| sync_runs::ask(tx, CONTOSO, CORP, false, NOW).await);
    assert_eq!(
        tell(SECOND, at(9)).await,
        None,
        "the one that made the last run first"
    );
    assert_eq!(tell(SECOND, at(10)).await, Some(false));
    assert_eq!(tell(AGENT, at(10)).await, None, "another was told");
    assert_eq!(tell(AGENT, at(69)).await, None);
    assert_eq!(tell(AGENT, at(70)).await, Some(false));
    write!(db, |tx| sync_runs::ask(tx, CONTOSO, CORP, true, at(80))
        .await);
    assert_eq!(tell(AGENT, at(80)).await, Some(true), "asked anew");
    begin(&db, false).await;
    assert_eq!(
        tell(AGENT, at(140)).await,
        Some(true),
        "that was not everything"
    );
    begin(&db, true).await;
    assert_eq!(tell(AGENT, at(999)).await, None);
}

fn object(anchor: &str, class: Class, object: Option<u128>) -> Object {
    Object {
        anchor: anchor.into(),
        id: id(900),
        domain: CORP.into(),
        class,
        object: object.map(id),
        upn_key: None,
        digest: b"digest".to_vec(),
        applied_version: None,
        held: None,
        seen_run: RUN,
        doomed: false,
        gone_at: None,
        version: None,
    }
}

async fn objects_come_back_with_what_they_are_here(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let staff = groups::Group {
        id: GroupId(id(10)),
        name: "Staff".into(),
        source: Source::Synchronised,
        created_at: NOW,
    };
    let one = Object {
        object: Some(ADA.0),
        upn_key: Some("ada@contoso.com".into()),
        applied_version: Some(7),
        held: Some(b"sealed".to_vec()),
        ..object("a1", Class::User, None)
    };
    let two = object("g1", Class::Group, Some(10));
    let lost = object("a2", Class::User, Some(99));
    let version = write!(db, |tx| {
        groups::insert(tx, CONTOSO, &staff).await?;
        for object in [&one, &two, &lost] {
            sync_objects::put(tx, CONTOSO, object).await?;
            sync_objects::put(tx, CONTOSO, object).await?;
        }
        accounts::get(tx, CONTOSO, ADA).await
    })
    .unwrap()
    .version;
    let mut found = write!(db, |tx| {
        sync_objects::find(tx, CONTOSO, &["a1", "a2", "g1", "x"]).await
    });
    found.sort_by(|a, b| a.anchor.cmp(&b.anchor));
    let expected = [
        Object {
            version: Some(version),
            ..one
        },
        // Somebody deleted it by hand.
        Object {
            object: None,
            ..lost
        },
        Object {
            version: Some(0),
            ..two
        },
    ];
    assert_eq!(found, expected);
    assert_eq!(
        write!(db, |tx| sync_objects::find(tx, CONTOSO, &[]).await),
        []
    );
    let held = async |after| {
        let held = write!(db, |tx| sync_objects::held(tx, CONTOSO, CORP, after, 9)
            .await);
        held.into_iter()
            .map(|object| object.anchor)
            .collect::<Vec<_>>()
    };
    assert_eq!(held("").await, ["a1"]);
    assert_eq!(held("a1").await, Vec::<String>::new());
    let claim = async |name| write!(db, |tx| sync_objects::claimants(tx, CONTOSO, name).await);
    assert_eq!(claim("ada@contoso.com").await, ["a1"]);
    assert_eq!(claim("bo@contoso.com").await, Vec::<String>::new());
    let gone = Object {
        gone_at: Some(NOW),
        ..expected[0].clone()
    };
    write!(db, |tx| sync_objects::put(tx, CONTOSO, &gone).await);
    assert_eq!(
        claim("ada@contoso.com").await,
        Vec::<String>::new(),
        "it is gone"
    );
    let listed = async |before| {
        let listed = write!(db, |tx| sync_objects::list_gone(tx, before, 9).await);
        listed
            .into_iter()
            .map(|(t, o)| (t, o.anchor))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(at(-1)).await, []);
    assert_eq!(listed(NOW).await, [(CONTOSO, "a1".to_owned())]);
    let remove = async |gone_at| {
        write!(db, |tx| sync_objects::remove(tx, CONTOSO, "a1", gone_at)
            .await)
    };
    assert!(!remove(None).await, "it is gone since");
    assert!(!remove(Some(at(1))).await);
    assert!(remove(Some(NOW)).await);
    assert!(!remove(Some(NOW)).await);
}

async fn what_is_doomed_is_counted_spared_and_found(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    write!(db, |tx| {
        for n in 0..4 {
            let object = object(&format!("a{n}"), Class::User, (n > 0).then_some(50 + n));
            sync_objects::put(tx, CONTOSO, &object).await?;
        }
        sync_objects::touch(tx, CONTOSO, CORP, OTHER, &["a3", "x"]).await?;
        sync_objects::touch(tx, CONTOSO, CORP, OTHER, &[]).await
    });
    let tally = async || write!(db, |tx| sync_objects::tally(tx, CONTOSO, CORP).await);
    assert_eq!((tally().await.users, tally().await.doomed), (3, 0));
    let doomed = async || {
        let doomed = write!(db, |tx| sync_objects::doomed(tx, CONTOSO, CORP, 9).await);
        doomed
            .into_iter()
            .map(|object| object.anchor)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        write!(db, |tx| sync_objects::doom_unseen(tx, CONTOSO, CORP, OTHER)
            .await),
        3
    );
    assert_eq!(doomed().await, ["a0", "a1", "a2"]);
    assert_eq!(
        tally().await.doomed,
        2,
        "what never was here is not deleted"
    );
    assert!(write!(db, |tx| sync_objects::doom(tx, CONTOSO, CORP, "a3").await));
    assert!(!write!(db, |tx| sync_objects::doom(tx, CONTOSO, CORP, "x").await));
    write!(db, |tx| sync_objects::touch(
        tx,
        CONTOSO,
        CORP,
        OTHER,
        &["a3"]
    )
    .await);
    assert_eq!(doomed().await.len(), 3);
    assert_eq!(
        write!(db, |tx| sync_objects::spare(tx, CONTOSO, CORP).await),
        3
    );
    assert_eq!(doomed().await, Vec::<String>::new());
}

async fn members_wait_for_each_other(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let group = |number, name: &str| groups::Group {
        id: GroupId(id(number)),
        name: name.into(),
        source: Source::Synchronised,
        created_at: NOW,
    };
    write!(db, |tx| {
        groups::insert(tx, CONTOSO, &group(10, "One")).await?;
        groups::insert(tx, CONTOSO, &group(11, "Two")).await?;
        groups::add_user(tx, CONTOSO, GroupId(id(10)), ADA).await?;
        groups::add_group(tx, CONTOSO, GroupId(id(10)), GroupId(id(11))).await?;
        let ada = Object {
            object: Some(ADA.0),
            ..object("a1", Class::User, None)
        };
        sync_objects::put(tx, CONTOSO, &ada).await?;
        sync_objects::put(tx, CONTOSO, &object("g1", Class::Group, Some(10))).await?;
        sync_objects::put(tx, CONTOSO, &object("g2", Class::Group, Some(11))).await
    });
    let mut anchors = write!(db, |tx| sync_objects::member_anchors(tx, CONTOSO, id(10))
        .await);
    anchors.sort();
    assert_eq!(anchors, ["a1", "g2"]);
    let containers = write!(db, |tx| sync_objects::containers(tx, CONTOSO, id(11)).await);
    assert_eq!(containers, [("g1".to_owned(), id(10))]);
    let add = async |member| {
        write!(db, |tx| sync_objects::add_member(tx, CONTOSO, "g1", member)
            .await)
    };
    assert!(add("x").await);
    assert!(!add("x").await);
    assert!(add("y").await);
    let waiting = write!(db, |tx| sync_objects::waiting_members(tx, CONTOSO, "g1")
        .await);
    assert_eq!(waiting, ["x", "y"]);
    let waiting = async || {
        write!(db, |tx| sync_objects::waiting_groups(tx, CONTOSO, "x")
            .await)
    };
    assert_eq!(waiting().await, ["g1"]);
    assert_eq!(
        write!(db, |tx| sync_objects::count_waiting(tx, CONTOSO, CORP)
            .await),
        2
    );
    assert!(write!(db, |tx| sync_objects::remove_member(
        tx, CONTOSO, "g1", "x"
    )
    .await));
    assert!(!write!(db, |tx| sync_objects::remove_member(
        tx, CONTOSO, "g1", "x"
    )
    .await));
    assert_eq!(waiting().await, Vec::<String>::new());
    assert_eq!(
        write!(db, |tx| sync_objects::clear_members(tx, CONTOSO, "g1")
            .await),
        1
    );
    // Another name, unless it is taken.
    let rename = async |name| {
        write!(db, |tx| groups::set_name(
            tx,
            CONTOSO,
            GroupId(id(10)),
            name
        )
        .await)
    };
    assert!(!rename("TWO").await);
    assert!(rename("ONE").await);
    let named = write!(db, |tx| groups::find_by_name(tx, CONTOSO, "one").await);
    assert_eq!(named.unwrap().name, "ONE");
}

async fn problems_are_kept_and_forgotten(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let put = async |problem, run, now| {
        write!(db, |tx| sync_problems::put(
            tx, CONTOSO, CORP, problem, run, now
        )
        .await);
    };
    put(("a1", "upn_taken", "old"), RUN, at(1)).await;
    put(("a1", "upn_taken", "new"), OTHER, at(2)).await;
    put(("a2", "no_upn", ""), RUN, at(1)).await;
    put(("", "no_anchor", ""), RUN, at(1)).await;
    let list = async |after| {
        let list = write!(db, |tx| sync_problems::list(tx, CONTOSO, after, 9).await);
        list.into_iter()
            .map(|row| (row.anchor, row.detail, row.first_at, row.last_at))
            .collect::<Vec<_>>()
    };
    let all = list(("", "", "")).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[1], ("a1".into(), "new".into(), at(1).0, at(2).0));
    assert_eq!(list((CORP, "a1", "upn_taken")).await.len(), 1);
    assert_eq!(
        write!(db, |tx| sync_problems::count(tx, CONTOSO, CORP).await),
        3
    );
    let mut troubled = write!(db, |tx| {
        sync_problems::troubled(tx, CONTOSO, CORP, &["a1", "a3"]).await
    });
    troubled.sort();
    assert_eq!(troubled, ["a1"]);
    assert_eq!(
        write!(db, |tx| sync_problems::clear_others(
            tx, CONTOSO, CORP, OTHER
        )
        .await),
        2
    );
    assert_eq!(
        write!(db, |tx| sync_problems::clear(tx, CONTOSO, CORP, "a1").await),
        1
    );
    assert_eq!(
        write!(db, |tx| sync_problems::clear(tx, CONTOSO, CORP, "a1").await),
        0
    );
}

async fn a_deleted_user_is_disabled_until_it_is_restored(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    let get = async || write!(db, |tx| accounts::get(tx, CONTOSO, ADA).await).unwrap();
    let before = get().await;
    let restore = async || write!(db, |tx| accounts::restore(tx, CONTOSO, ADA).await);
    let delete = async || {
        write!(db, |tx| accounts::delete_softly(tx, CONTOSO, ADA, at(5))
            .await)
    };
    let holder = async || {
        let key = before.upn.key();
        write!(db, |tx| accounts::holder(tx, &key).await).unwrap()
    };
    assert!(!restore().await);
    assert!(!holder().await.is_deleted);
    assert!(delete().await);
    assert!(!delete().await);
    assert_eq!(
        (holder().await.user, holder().await.is_deleted),
        (ADA, true)
    );
    let gone = get().await;
    assert!(!gone.enabled && gone.version > before.version);
    let valid = write!(db, |tx| accounts::sessions_valid_from(tx, CONTOSO, ADA)
        .await);
    assert_eq!(valid, Some(at(5)));
    write!(db, |tx| {
        accounts::set_enabled(tx, CONTOSO, ADA, true).await?;
        let now = accounts::get(tx, CONTOSO, ADA).await?.unwrap();
        let enabled = User {
            enabled: true,
            ..now.clone()
        };
        accounts::set_attributes(tx, CONTOSO, ADA, now.version, &enabled).await
    });
    assert!(!get().await.enabled, "nobody enables it by hand");
    assert!(restore().await);
    assert!(get().await.enabled);
    write!(db, |tx| accounts::set_enabled(tx, CONTOSO, ADA, false)
        .await);
    assert!(delete().await && restore().await);
    assert!(!get().await.enabled, "as it was");
    // And a password that counts no more.
    assert!(write!(db, |tx| accounts::drop_password(
        tx,
        CONTOSO,
        ADA,
        at(6)
    )
    .await));
    assert_eq!(
        write!(db, |tx| accounts::password(tx, CONTOSO, ADA).await),
        None
    );
    let mut anchored = user(30, "Bo");
    anchored.anchor = Some("b1".into());
    write!(db, |tx| accounts::insert(tx, &anchored, None).await);
    let found = write!(db, |tx| accounts::find_by_anchor(tx, CONTOSO, "b1").await);
    assert_eq!(found.map(|user| user.id), Some(UserId(id(30))));
}

async fn another_tenant_sees_and_changes_nothing(Fresh { db, .. }: Fresh) {
    ada(&db).await;
    begin(&db, true).await;
    let one = Object {
        object: Some(ADA.0),
        upn_key: Some("ada@contoso.com".into()),
        held: Some(b"sealed".to_vec()),
        ..object("a1", Class::User, None)
    };
    write!(db, |tx| {
        sync_objects::put(tx, CONTOSO, &one).await?;
        sync_objects::doom(tx, CONTOSO, CORP, "a1").await?;
        sync_objects::add_member(tx, CONTOSO, "g1", "a9").await?;
        sync_problems::put(tx, CONTOSO, CORP, ("a1", "c", "d"), RUN, NOW).await
    });
    let everything = async || {
        let found = write!(db, |tx| {
            Ok::<_, latchkey_store::StoreError>((
                sync_runs::list(tx, CONTOSO).await?,
                sync_objects::find(tx, CONTOSO, &["a1"]).await?,
                sync_objects::waiting_members(tx, CONTOSO, "g1").await?,
                sync_problems::list(tx, CONTOSO, ("", "", ""), 9).await?,
                accounts::get(tx, CONTOSO, ADA).await?,
            ))
        });
        format!("{found:?}")
    };
    let before = everything().await;
    let f: TenantId = FABRIKAM;
    let counts = Counts::default();
    write!(db, |tx| {
        sync_runs::hold(tx, f, CORP).await?;
        let running = State::Running;
        assert!(!sync_runs::advance(tx, f, CORP, RUN, 0, running, &counts, NOW).await?);
        assert!(!sync_runs::stop(tx, f, CORP, RUN, (1, 1), NOW).await?);
        assert!(sync_runs::finish(tx, f, CORP, RUN, NOW).await?.is_none());
        assert!(sync_runs::approve(tx, f, CORP).await?.is_none());
        assert!(sync_objects::find(tx, f, &["a1"]).await?.is_empty());
        assert!(
            sync_objects::claimants(tx, f, "ada@contoso.com")
                .await?
                .is_empty()
        );
        assert!(sync_objects::held(tx, f, CORP, "", 9).await?.is_empty());
        assert!(sync_objects::doomed(tx, f, CORP, 9).await?.is_empty());
        assert_eq!(sync_objects::touch(tx, f, CORP, OTHER, &["a1"]).await?, 0);
        assert_eq!(sync_objects::doom_unseen(tx, f, CORP, OTHER).await?, 0);
        assert_eq!(sync_objects::spare(tx, f, CORP).await?, 0);
        assert!(!sync_objects::doom(tx, f, CORP, "a1").await?);
        assert!(!sync_objects::remove(tx, f, "a1", None).await?);
        assert!(!sync_objects::remove_member(tx, f, "g1", "a9").await?);
        assert_eq!(sync_objects::clear_members(tx, f, "g1").await?, 0);
        assert_eq!(sync_objects::tally(tx, f, CORP).await?.users, 0);
        assert_eq!(sync_problems::clear(tx, f, CORP, "a1").await?, 0);
        assert_eq!(sync_problems::clear_others(tx, f, CORP, OTHER).await?, 0);
        assert_eq!(sync_problems::count(tx, f, CORP).await?, 0);
        assert!(!accounts::delete_softly(tx, f, ADA, NOW).await?);
        assert!(!accounts::restore(tx, f, ADA).await?);
        assert!(!accounts::drop_password(tx, f, ADA, NOW).await?);
        sync_objects::put(tx, f, &one).await
    });
    assert_eq!(everything().await, before);
}
