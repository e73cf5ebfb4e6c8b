//! The program and real directories: a first run, a change, another name, a deletion.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use latchkey_testdir::{Samba, Slapd};
use latchkey_wire::v1::{Class, Object, Page};

use crate::program::{program, said};
use crate::real::{anchor_of, configure};
use crate::support::*;

fn objects(pages: &[Page]) -> Vec<&Object> {
    pages.iter().flat_map(|page| &page.objects).collect()
}

fn find<'a>(pages: &'a [Page], anchor: &str) -> Option<&'a Object> {
    objects(pages)
        .into_iter()
        .find(|object| object.anchor == anchor)
}

fn value<'a>(object: &'a Object, name: &str) -> &'a [String] {
    &object.values[name]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ldap_directory_goes_to_the_service() {
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    within(async {
        let bench = Bench::new().await;
        let configuration = configure(&bench, &slapd);
        let mut file = std::fs::File::options();
        let mut file = file.append(true).open(&configuration).unwrap();
        let base = Slapd::BASE;
        writeln!(
            file,
            "[sync]\nbases = [\"ou=People,{base}\", \"ou=Groups,{base}\"]\n[sync.flow]\n\
             authentication_phone = \"mobile\""
        )
        .unwrap();
        let anna = slapd.user("ou=People");
        let mut bert = slapd.user("ou=People");
        let anna_id = anchor_of(&configuration, &anna).await.to_string();
        let bert_id = anchor_of(&configuration, &bert).await.to_string();
        slapd.group("staff", &[&anna.dn, &bert.dn]);

        // Two have one name, and a number is none.
        slapd.set(&bert.dn, "mail", &anna.mail);
        slapd.set(&anna.dn, "telephoneNumber", "extension 12");
        let data = bench.path().display().to_string();
        let options = ["--config", &configuration, "--data", &data];
        let (code, output, _) = said(&[&["doctor"], &options[..]].concat()).await;
        assert_eq!(code, 1, "{output}");
        let number = format!(
            "warning  {}: extension 12 is no phone number that can be called (office_phone)",
            anna.mail
        );
        assert!(output.contains(&number), "{output}");
        let twice = format!("{} and {} have one name", anna.dn, bert.dn);
        assert!(output.contains(&twice), "{output}");
        slapd.set(&bert.dn, "mail", &bert.mail);

        let dry = [&["sync", "--dry-run"], &options[..]].concat();
        let (code, output, error) = said(&dry).await;
        assert_eq!(code, 0, "{output}{error}");
        for line in [
            "everything was read",
            "users: 2",
            "groups: 1",
            "members of groups: 2",
        ] {
            assert!(output.contains(line), "{line}: {output}");
        }

        let _agent = program(&[&["run"], &options[..]].concat()).spawn().unwrap();
        let mut line = bench.service.accept().await;
        let pages = line.run().await;
        assert!(
            pages
                .iter()
                .all(|page| page.whole && page.problems.is_empty())
        );
        assert_eq!(objects(&pages).len(), 3, "{pages:?}");
        let object = find(&pages, &anna_id).unwrap();
        assert_eq!(value(object, "upn"), [anna.mail.as_str()]);
        assert_eq!(value(object, "office_phone"), ["extension 12"]);
        assert_eq!(value(object, "authentication_phone"), [""; 0]);
        assert_eq!(value(object, "enabled"), ["true"]);
        let group = objects(&pages)
            .into_iter()
            .find(|object| object.class == Class::Group)
            .unwrap();
        assert_eq!(value(group, "name"), ["staff"]);
        let members = group.members.as_ref().unwrap();
        assert_eq!(*members, [anna_id.clone(), bert_id.clone()]);

        slapd.set(&anna.dn, "telephoneNumber", "+49 30 1234567");
        slapd.move_to(&mut bert, "robert", "ou=Berlin,ou=People");
        line.now(false).await;
        let pages = line.run().await;
        assert!(pages.iter().all(|page| !page.whole));
        let object = find(&pages, &anna_id).unwrap();
        assert_eq!(value(object, "office_phone"), ["+49 30 1234567"]);
        let object = find(&pages, &bert_id).unwrap();
        assert!(!object.deleted);
        assert_eq!(value(object, "upn"), [bert.mail.as_str()]);

        slapd.delete(&bert.dn);
        line.now(true).await;
        let pages = line.run().await;
        assert!(pages.iter().all(|page| page.whole));
        assert!(find(&pages, &anna_id).is_some() && find(&pages, &bert_id).is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn active_directory_goes_to_the_service_through_an_account_of_its_own() {
    let Some(samba) = latchkey_testdir::samba() else {
        return;
    };
    within(async {
        let bench = Bench::new().await;
        let file = |name: &str, bytes: &[u8]| {
            let path = bench.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            path.display().to_string()
        };
        let text = format!(
            "[directory]\nkind = \"active_directory\"\nservers = [\"{}:636\"]\nca_file = \"{}\"\n\
             bind_as = \"{}\"\npassword_file = \"{}\"\nbase = \"{}\"\n\
             [sync]\nbind_as = \"{}\"\npassword_file = \"{}\"\nbases = [\"{}\"]\npage_size = 2\n",
            samba.address(),
            file("ca.pem", &samba.authority()),
            Samba::SERVICE,
            file("password", Samba::SERVICE_PASSWORD.as_bytes()),
            Samba::BASE,
            Samba::SYNC,
            file("sync-password", Samba::SYNC_PASSWORD.as_bytes()),
            Samba::PEOPLE,
        );
        let configuration = file("agent.toml", text.as_bytes());
        let anna = samba.user("OU=People");
        let bert = samba.user("OU=People");
        let mut carl = samba.user("OU=Berlin,OU=People");
        samba.disable(&bert);
        let [anna_id, bert_id, carl_id] = [&anna, &bert, &carl].map(|user| samba.guid(user));
        let data = bench.path().display().to_string();
        let arguments = ["run", "--config", &configuration, "--data", &data];
        let _agent = program(&arguments).spawn().unwrap();
        let mut line = bench.service.accept().await;
        let pages = line.run().await;
        assert!(
            pages.len() > 1 && pages.iter().all(|page| page.whole),
            "{pages:?}"
        );
        let enabled = |id: &str| value(find(&pages, id).unwrap(), "enabled").to_vec();
        assert_eq!(enabled(&anna_id), ["true"]);
        assert_eq!(enabled(&bert_id), ["false"]);
        let upn = value(find(&pages, &anna_id).unwrap(), "upn")[0].clone();
        assert!(upn.ends_with("@corp.example"), "{upn}");

        samba.set(&anna.dn, "telephoneNumber", "+49 30 1234567");
        samba.move_to(&mut carl, "carl", "OU=Wien,OU=People");
        samba.delete(&bert.dn);
        line.now(false).await;
        let pages = line.run().await;
        assert!(pages.iter().all(|page| !page.whole));
        let object = find(&pages, &anna_id).unwrap();
        assert_eq!(value(object, "office_phone"), ["+49 30 1234567"]);
        assert!(!find(&pages, &carl_id).unwrap().deleted);
        assert!(find(&pages, &bert_id).unwrap().deleted);

        line.now(false).await;
        assert_eq!(objects(&line.run().await).len(), 0);
    })
    .await;
}
