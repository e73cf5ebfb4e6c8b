use std::collections::BTreeMap;

use latchkey_directory::{Anchor, Class, Cursor, Directory, Object, SyncSettings};
use latchkey_testdir::{Samba, Slapd};

use crate::peer::{ANCHOR, Peer, Request, SEARCH, entry, result, windows};
use crate::support::{anchor, directory, ldap_anchor, password, samba_settings, slapd_settings};

fn what(base: String, dirsync: bool) -> SyncSettings {
    SyncSettings {
        bases: vec![base],
        user_filter: None,
        group_filter: None,
        attributes: ["mail", "displayName", "telephoneNumber", "description"]
            .map(str::to_owned)
            .to_vec(),
        page_size: 3,
        dirsync,
    }
}

/// A whole run: its objects by anchor, its cursor, and whether it was a full one.
struct Run {
    objects: BTreeMap<Anchor, Object>,
    cursor: Cursor,
    full: bool,
    deletions_reported: bool,
    pages: usize,
}

async fn run(directory: &Directory, cursor: Option<&Cursor>, what: &SyncSettings) -> Run {
    // Through the text, as it is kept.
    let cursor = cursor.map(|cursor| cursor.to_string().parse().unwrap());
    let mut changes = directory.changes(cursor, what).unwrap();
    let (mut objects, mut last, mut pages) = (BTreeMap::new(), None, 0);
    while let Some(page) = changes.next().await.unwrap() {
        pages += 1;
        objects.extend(
            page.objects
                .iter()
                .map(|object| (object.anchor, object.clone())),
        );
        last = Some(page);
    }
    let last = last.unwrap();
    Run {
        objects,
        cursor: last.cursor.unwrap(),
        full: last.full,
        deletions_reported: last.deletions_reported,
        pages,
    }
}

fn sync_directory(samba: &Samba, name: &str, secret: &str) -> Directory {
    let mut settings = samba_settings(samba);
    settings.bind_as = name.into();
    settings.password = password(secret);
    directory(settings)
}

#[tokio::test]
async fn a_domain_is_read_and_then_what_changed() {
    let Some(samba) = latchkey_testdir::samba() else {
        return;
    };
    let directory = sync_directory(&samba, Samba::SYNC, Samba::SYNC_PASSWORD);
    for dirsync in [true, false] {
        let what = what(Samba::PEOPLE.into(), dirsync);
        let anna = samba.user("OU=People");
        let bert = samba.user("OU=Berlin,OU=People");
        let mut carl = samba.user("OU=Wien,OU=People");
        let outside = samba.user("OU=Outside");
        samba.disable(&bert);
        let group = samba.group(&format!("group-{dirsync}"), &[&anna.dn, &outside.dn]);
        let [anna_id, bert_id, carl_id, outside_id] = [
            anchor(&directory, &anna).await,
            anchor(&directory, &bert).await,
            anchor(&directory, &carl).await,
            anchor(&directory, &outside).await,
        ];

        let first = run(&directory, None, &what).await;
        assert!(first.full && first.deletions_reported && first.pages > 1);
        assert_eq!(first.cursor.to_string().contains(";dirsync;"), dirsync);
        let read = &first.objects[&anna_id];
        assert_eq!(read.class, Some(Class::User));
        assert_eq!(read.dn, anna.dn);
        assert_eq!(read.attributes["mail"][0], anna.upn);
        assert!(!read.disabled && first.objects[&bert_id].disabled);
        assert!(!first.objects.contains_key(&outside_id));
        let groups: Vec<&Object> = first
            .objects
            .values()
            .filter(|object| object.dn == group)
            .collect();
        let [group_object] = &groups[..] else {
            panic!("{groups:?}")
        };
        let group_id = group_object.anchor;
        assert_eq!(group_object.class, Some(Class::Group));
        assert_eq!(
            group_object
                .members
                .iter()
                .collect::<std::collections::BTreeSet<_>>(),
            [&anna_id, &outside_id].into()
        );

        let nothing = run(&directory, Some(&first.cursor), &what).await;
        assert!(
            !nothing.full && nothing.objects.is_empty(),
            "{:?}",
            nothing.objects
        );

        samba.set(&anna.dn, "telephoneNumber", "+49 30 1234567");
        let changed = run(&directory, Some(&nothing.cursor), &what).await;
        assert_eq!(changed.objects.len(), 1, "{:?}", changed.objects);
        let read = &changed.objects[&anna_id];
        assert_eq!(read.attributes["telephoneNumber"], ["+49 30 1234567"]);
        // As it is now, not only what changed.
        assert_eq!(read.attributes["mail"][0], anna.upn);

        let name = format!("renamed {}", carl.name);
        samba.move_to(&mut carl, &name, "OU=Berlin,OU=People");
        let moved = run(&directory, Some(&changed.cursor), &what).await;
        assert_eq!(moved.objects[&carl_id].dn, carl.dn);
        samba.move_to(&mut carl, &name, "OU=Outside");
        let left = run(&directory, Some(&moved.cursor), &what).await;
        assert!(left.objects[&carl_id].deleted);
        samba.move_to(&mut carl, &name, "OU=People");
        let back = run(&directory, Some(&left.cursor), &what).await;
        assert!(!back.objects[&carl_id].deleted);

        samba.remove_member(&group, &anna.dn);
        samba.add_member(&group, &bert.dn);
        let regrouped = run(&directory, Some(&back.cursor), &what).await;
        assert_eq!(
            regrouped.objects[&group_id]
                .members
                .iter()
                .collect::<std::collections::BTreeSet<_>>(),
            [&bert_id, &outside_id].into()
        );

        samba.delete(&bert.dn);
        samba.delete(&group);
        let deleted = run(&directory, Some(&regrouped.cursor), &what).await;
        assert!(deleted.objects[&bert_id].deleted && deleted.objects[&group_id].deleted);
        let quiet = run(&directory, Some(&deleted.cursor), &what).await;
        assert!(quiet.objects.is_empty(), "{:?}", quiet.objects);

        // Other settings: everything again.
        let mut other = what.clone();
        other.user_filter = Some(format!("(sAMAccountName={})", anna.name));
        other.group_filter = Some("(cn=nobody)".into());
        let again = run(&directory, Some(&quiet.cursor), &other).await;
        assert!(again.full);
        assert_eq!(again.objects.keys().collect::<Vec<_>>(), [&anna_id]);
    }
}

#[tokio::test]
async fn a_run_that_stopped_half_way_repeats_and_loses_nothing() {
    let Some(samba) = latchkey_testdir::samba() else {
        return;
    };
    let directory = sync_directory(&samba, Samba::PLAIN, Samba::PLAIN_PASSWORD);
    samba.bulk(120);
    let mut what = what(format!("OU=Bulk,{}", Samba::BASE), true);
    what.page_size = 50;
    let mut stopped = directory.changes(None, &what).unwrap();
    let page = stopped.next().await.unwrap().unwrap();
    assert_eq!(page.objects.len(), 50);
    assert_eq!(page.cursor, None);
    drop(stopped);
    let whole = run(&directory, None, &what).await;
    assert_eq!(whole.objects.len(), 120);
    assert_eq!(whole.pages, 3);
    // What everybody may is no reading of deleted objects, and that is said.
    assert!(!whole.deletions_reported);
    for number in 0..60 {
        let dn = format!("CN=bulk{number:06},OU=Bulk,{}", Samba::BASE);
        samba.set(&dn, "description", "changed");
    }
    let mut stopped = directory
        .changes(Some(whole.cursor.clone()), &what)
        .unwrap();
    stopped.next().await.unwrap().unwrap();
    drop(stopped);
    let rest = run(&directory, Some(&whole.cursor), &what).await;
    assert_eq!(rest.objects.len(), 60);
    assert!(
        rest.objects
            .values()
            .all(|object| object.attributes["description"] == ["changed"])
    );
    // A cookie of nobody's: everything again, and no failure.
    let text = whole.cursor.to_string();
    let (start, _) = text.rsplit_once(';').unwrap();
    let broken: Cursor = format!("{start};00112233").parse().unwrap();
    assert!(run(&directory, Some(&broken), &what).await.full);
}

#[tokio::test]
async fn an_ldap_directory_is_read_and_then_what_changed() {
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    let directory = directory(slapd_settings(&slapd));
    let what = what(format!("ou=People,{}", Slapd::BASE), true);
    let anna = slapd.user("ou=People");
    let bert = slapd.user("ou=Berlin,ou=People");
    let mut carl = slapd.user("ou=People");
    let outside = slapd.user("ou=Outside");
    let [anna_id, bert_id, carl_id, outside_id] = [
        ldap_anchor(&directory, &anna).await,
        ldap_anchor(&directory, &bert).await,
        ldap_anchor(&directory, &carl).await,
        ldap_anchor(&directory, &outside).await,
    ];
    let first = run(&directory, None, &what).await;
    assert!(first.full && !first.deletions_reported);
    assert_eq!(first.objects.len(), 3);
    assert_eq!(first.objects[&anna_id].attributes["mail"][0], anna.mail);
    // Recent objects out of scope are looked at once.
    let second = run(&directory, Some(&first.cursor), &what).await;
    assert!(!second.full && second.objects.values().all(|object| object.deleted));
    assert!(second.objects.contains_key(&outside_id));
    let nothing = run(&directory, Some(&second.cursor), &what).await;
    assert!(nothing.objects.is_empty(), "{:?}", nothing.objects);

    slapd.set(&anna.dn, "telephoneNumber", "+49 30 1234567");
    let changed = run(&directory, Some(&nothing.cursor), &what).await;
    assert_eq!(changed.objects.keys().collect::<Vec<_>>(), [&anna_id]);
    // Twice in one second is twice.
    slapd.set(&anna.dn, "telephoneNumber", "+49 30 7654321");
    let again = run(&directory, Some(&changed.cursor), &what).await;
    assert_eq!(
        again.objects[&anna_id].attributes["telephoneNumber"],
        ["+49 30 7654321"]
    );

    slapd.move_to(&mut carl, "carl", "ou=Berlin,ou=People");
    let moved = run(&directory, Some(&again.cursor), &what).await;
    assert_eq!(moved.objects[&carl_id].dn, carl.dn);
    slapd.move_to(&mut carl, "carl", "ou=Outside");
    let left = run(&directory, Some(&moved.cursor), &what).await;
    assert!(left.objects[&carl_id].deleted);

    slapd.delete(&bert.dn);
    let full = run(&directory, None, &what).await;
    assert!(full.full && !full.objects.contains_key(&bert_id));

    // Groups, with members in and out of scope.
    let mut groups = what.clone();
    groups.bases.push(format!("ou=Groups,{}", Slapd::BASE));
    let group = slapd.group("staff", &[&anna.dn, &outside.dn]);
    let read = run(&directory, None, &groups).await;
    let staff = read
        .objects
        .values()
        .find(|object| object.dn == group)
        .unwrap();
    assert_eq!(staff.class, Some(Class::Group));
    assert_eq!(staff.members, [anna_id, outside_id]);
    let settled = run(&directory, Some(&read.cursor), &groups).await;
    slapd.add_member(&group, &carl.dn);
    let regrouped = run(&directory, Some(&settled.cursor), &groups).await;
    assert_eq!(
        regrouped.objects[&staff.anchor].members,
        [anna_id, outside_id, carl_id]
    );
}

#[tokio::test]
async fn more_objects_than_an_answer_may_hold_come_in_pages() {
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    let directory = directory(slapd_settings(&slapd));
    // The server gives this account at most 500 without pages.
    slapd.bulk(1200);
    let mut what = what(format!("ou=Bulk,{}", Slapd::BASE), true);
    what.page_size = 500;
    let first = run(&directory, None, &what).await;
    assert_eq!((first.objects.len(), first.pages), (1200, 3));
    // A run can be somebody else's task.
    let cursor = first.cursor.clone();
    let second = tokio::spawn(async move { run(&directory, Some(&cursor), &what).await });
    let second = second.await.unwrap();
    assert!(second.objects.is_empty(), "{}", second.objects.len());
}

/// As many users as an organisation has: all of them, then the one that changed.
async fn many(directory: &Directory, count: u32, base: String, change: impl FnOnce()) -> Run {
    let mut what = what(base, true);
    what.page_size = 500;
    let first = run(directory, None, &what).await;
    assert_eq!(first.objects.len(), count as usize);
    change();
    let next = run(directory, Some(&first.cursor), &what).await;
    assert!(!next.full);
    let changed = next
        .objects
        .values()
        .filter(|object| object.attributes.contains_key("description"))
        .count();
    assert_eq!(changed, 1);
    run(directory, Some(&next.cursor), &what).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_users_of_openldap_are_read_and_then_what_changed() {
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    slapd.bulk(10_000);
    let directory = directory(slapd_settings(&slapd));
    let base = format!("ou=Bulk,{}", Slapd::BASE);
    let dn = format!("uid=bulk000711,{base}");
    // What changed in the last seconds may be said again, which is harmless.
    many(&directory, 10_000, base, || {
        slapd.set(&dn, "description", "changed");
    })
    .await;
}

/// Samba takes 10 ms to make a user: ten thousand are for the night.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_users_of_active_directory_are_read_and_then_what_changed() {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests have no configuration file"
    )]
    let count = std::env::var("LATCHKEY_SAMBA_USERS").map_or(1_000, |text| text.parse().unwrap());
    let Some(samba) = latchkey_testdir::samba() else {
        return;
    };
    samba.bulk(count);
    let directory = sync_directory(&samba, Samba::PLAIN, Samba::PLAIN_PASSWORD);
    let base = format!("OU=Bulk,{}", Samba::BASE);
    let dn = format!("CN=bulk000711,{base}");
    let last = many(&directory, count, base, || {
        samba.set(&dn, "description", "changed");
    })
    .await;
    assert!(last.objects.is_empty());
}

#[test]
fn filters_that_are_none_are_refused_at_once() {
    let settings = {
        let mut what = what("dc=x".into(), true);
        what.user_filter = Some("(a=b))(|(c=d)".into());
        what
    };
    let peer = latchkey_directory::Settings {
        kind: latchkey_directory::Kind::Ldap,
        servers: vec![crate::support::address("x", 1, [127, 0, 0, 1])],
        security: latchkey_directory::Security::Ldaps,
        ca_pem: None,
        bind_as: "cn=x".into(),
        password: password("x"),
        base: "dc=x".into(),
        user_bases: vec![],
        user_filter: None,
        connect_timeout: std::time::Duration::from_secs(1),
        operation_timeout: std::time::Duration::from_secs(1),
        apply_history_on_reset: false,
        default_policy: None,
        clock: std::sync::Arc::new(crate::support::Now),
    };
    assert!(directory(peer).changes(None, &settings).is_err());
}

#[tokio::test]
async fn a_group_of_windows_gives_its_members_in_pieces() {
    let guid = |last: u8| {
        let text = format!("<GUID=0b68d111-9ac3-4b5f-8f21-0123456789{last:02x}>;CN=m{last},DC=x");
        text.into_bytes()
    };
    let peer = Peer::new(move |request: &Request| {
        let id = request.id;
        let group = |name: &'static str, members: Vec<Vec<u8>>| {
            let own: Anchor = ANCHOR.parse().unwrap();
            let attributes = [
                ("objectGUID", vec![own.uuid().to_bytes_le().to_vec()]),
                ("objectClass", vec![b"group".to_vec()]),
                (name, members),
            ];
            let dn = format!("<GUID={ANCHOR}>;CN=Everybody,DC=corp,DC=example");
            Some([entry(id, &dn, &attributes), result(id, 0x65, 0, b"")].concat())
        };
        if request.operation != SEARCH {
            return windows(request);
        }
        if request.holds(b"member;range=2-*") {
            return group("member;range=2-3", vec![guid(2), guid(3)]);
        }
        if request.holds(b"member;range=4-*") {
            return group("member;range=4-*", vec![guid(4)]);
        }
        // Empty and in pieces: this is what makes the whole list invisible to whoever looks at
        // `member` alone.
        if request.holds(b"userAccountControl") {
            return group("member;range=0-1", vec![guid(0), guid(1)]);
        }
        windows(request)
    })
    .await;
    let what = what("DC=corp,DC=example".into(), false);
    let read = run(&peer.directory(), None, &what).await;
    let everybody = read.objects.values().next().unwrap();
    assert_eq!(everybody.class, Some(Class::Group));
    assert_eq!(everybody.dn, "CN=Everybody,DC=corp,DC=example");
    let expected: Vec<Anchor> = (0..5)
        .map(|last| {
            format!("0b68d111-9ac3-4b5f-8f21-0123456789{last:02x}")
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(everybody.members, expected);
}

#[tokio::test]
async fn what_has_no_id_is_told_by_its_name() {
    let peer = Peer::new(|request: &Request| {
        let id = request.id;
        if request.operation == SEARCH && request.holds(b"userAccountControl") {
            let attributes = [("objectClass", vec![b"user".to_vec()])];
            let dn = "CN=Nobody,DC=corp,DC=example";
            return Some([entry(id, dn, &attributes), result(id, 0x65, 0, b"")].concat());
        }
        windows(request)
    })
    .await;
    let what = what("DC=corp,DC=example".into(), false);
    let mut changes = peer.directory().changes(None, &what).unwrap();
    let page = changes.next().await.unwrap().unwrap();
    assert!(page.objects.is_empty() && page.cursor.is_some());
    assert_eq!(page.without_anchor, ["CN=Nobody,DC=corp,DC=example"]);
}
