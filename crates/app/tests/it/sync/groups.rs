//! Groups and their members.

use latchkey_core::settings::Scope;
use latchkey_store::groups;
use latchkey_testkit::both;
use latchkey_types::GroupId;
use latchkey_wire::v1::{Class, Object};

use super::{DAY, Site, deleted, group, object, user};

fn gone(anchor: &str) -> Object {
    Object {
        deleted: true,
        ..object(anchor, Class::Group, &[])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_whenever_they_come_and_groups_nest_and_circle() {
    both(async |test| {
        let site = Site::new(test).await;
        // The group before its members, in a circle, with somebody nobody knows.
        site.some(vec![
            group("g1", "Staff", &["a1", "g2", "stranger", "g1"]),
            user("a1", "ada@contoso.com", &[]),
            group("g2", "Board", &["a2", "g1"]),
        ])
        .await;
        assert_eq!(site.members("Staff").await, ["Board", "ada@contoso.com"]);
        assert_eq!(site.members("Board").await, ["Staff"]);
        assert_eq!(site.status().await.unknown_members, 2);
        site.some(vec![user("a2", "bo@contoso.com", &[])]).await;
        assert_eq!(site.members("Board").await, ["Staff", "bo@contoso.com"]);
        assert_eq!(site.status().await.unknown_members, 1);
        let bo = site.user("bo@contoso.com").await.unwrap();
        let tenant = site.tenant();
        let app = &site.test.app;
        let is_staff = app
            .db()
            .read(async |mut tx| {
                let staff = groups::find_by_name(&mut tx, tenant, "staff").await?;
                groups::is_member_transitive(&mut tx, tenant, bo.id, &[staff.unwrap().id]).await
            })
            .await
            .unwrap();
        assert!(is_staff, "through Board");
        // Members that are not named stay as they are; an empty list takes them all away.
        site.some(vec![object("g1", Class::Group, &[("name", "Everybody")])])
            .await;
        assert_eq!(site.members("Everybody").await.len(), 2);
        site.some(vec![group("g1", "Everybody", &[])]).await;
        assert_eq!(site.members("Everybody").await, Vec::<String>::new());
        assert_eq!(site.status().await.unknown_members, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_gone_lets_nobody_do_anything_and_comes_back_as_it_was() {
    both(async |test| {
        let mut site = Site::new(test).await;
        let all = vec![
            user("a1", "ada@contoso.com", &[]),
            group("g1", "Staff", &["a1", "g2"]),
            group("g2", "Board", &["a1"]),
            group("g3", "Kept", &["a1"]),
        ];
        site.whole(all.clone()).await;
        let tenant = site.tenant();
        let id = async |site: &Site, name: &str| -> Option<GroupId> {
            let found = site
                .test
                .app
                .db()
                .read(async |mut tx| groups::find_by_name(&mut tx, tenant, name).await);
            found.await.unwrap().map(|group| group.id)
        };
        let [board, kept] = [id(&site, "Board").await, id(&site, "Kept").await];
        // Of what is gone, an agent cannot say what it was.
        site.some(vec![gone("g2"), deleted("g3")]).await;
        assert_eq!(site.members("Board").await, Vec::<String>::new());
        assert_eq!(
            (site.status().await.groups, site.status().await.kept),
            (1, 2)
        );
        // Back without a word of its members.
        site.some(vec![object("g2", Class::Group, &[("name", "Board")])])
            .await;
        assert_eq!(site.members("Board").await, ["ada@contoso.com"]);
        assert_eq!(site.members("Staff").await, ["Board", "ada@contoso.com"]);
        assert_eq!(id(&site, "Board").await, board);
        // Gone for good, unless a policy names it.
        site.some(vec![gone("g2")]).await;
        site.contoso.tenant = latchkey_app::admin::find_tenant(&site.test.app, "contoso")
            .await
            .unwrap();
        let mut settings = site.tenant_now().settings.clone();
        settings.reset.scope = Scope::Selected([kept.unwrap()].into());
        site.contoso = site.contoso.set(&site.test, settings).await;
        site.test.clock.advance(DAY * 31);
        latchkey_app::admin::purge(&site.test.app).await.unwrap();
        assert_eq!(id(&site, "Board").await, None);
        assert_eq!(id(&site, "Kept").await, kept);
        assert_eq!(site.members("Staff").await, ["ada@contoso.com"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_another_group_has_is_reported() {
    both(async |test| {
        let site = Site::new(test).await;
        let ctx = latchkey_app::admin::operator(&site.test.app);
        latchkey_app::admin::group::create(&site.test.app, &ctx, "contoso", "Admins")
            .await
            .unwrap();
        site.some(vec![
            group("g1", "ADMINS", &["a1"]),
            group("g2", "a, b", &[]),
            object("g3", Class::Group, &[]),
            user("a1", "ada@contoso.com", &[]),
        ])
        .await;
        assert_eq!(site.members("Admins").await, Vec::<String>::new());
        let codes: Vec<String> = site
            .codes()
            .await
            .into_iter()
            .map(|(_, code)| code)
            .collect();
        assert_eq!(codes, ["group_name_taken", "malformed_name", "no_name"]);
        site.some(vec![object(
            "g1",
            Class::Group,
            &[("name", "Directory admins")],
        )])
        .await;
        assert_eq!(site.members("Directory admins").await, ["ada@contoso.com"]);
    })
    .await;
}
