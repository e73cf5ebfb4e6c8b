//! The portals, with nothing broken but what a test says.

use crate::directory::Directory;
use crate::site::Site;

const NEW: &str = "Tall-Ships-9-Sail";
const NEWER: &str = "Quiet-Rivers-8-Run";

/// Everything that both kinds of directory do in the same way.
async fn portals(mut site: Site) {
    // A reset: the new password counts where passwords live, and the old one does not.
    let (ada, mut person) = site.somebody();
    assert!(site.directory.lets_in(&ada, ada.first_password()));
    assert!(person.reset(NEW).await, "{}", person.words());
    assert!(site.directory.lets_in(&ada, NEW));
    assert!(!site.directory.lets_in(&ada, ada.first_password()));
    assert_eq!(site.ends(&ada).await.len(), 1);

    // What the directory refuses is said, and can be tried again at once.
    let (grace, mut person) = site.somebody();
    person.come_to_the_password().await;
    person.choose("Short-1!x").await;
    assert_eq!(person.browser.place(), "/reset/password");
    let words = person.words();
    assert!(words.contains("too short"), "{words}");
    assert!(site.directory.lets_in(&grace, grace.first_password()));
    person.choose(NEW).await;
    assert!(person.is_done(), "{}", person.words());
    assert!(site.directory.lets_in(&grace, NEW));

    // Signing in goes through to the directory, and so does a change, with its history.
    assert!(!person.sign_in(NEWER).await);
    assert!(person.sign_in(NEW).await, "{}", person.words());
    let first = grace.first_password();
    assert!(!person.change(NEW, first).await);
    let words = person.words();
    assert!(words.contains("had this password before"), "{words}");
    assert!(person.change(NEW, NEWER).await, "{}", person.words());
    assert!(site.directory.lets_in(&grace, NEWER));
    assert!(!site.directory.lets_in(&grace, NEW));

    // A lock that real sign-ins brought about is lifted, and the password stays.
    let (linus, mut person) = site.somebody();
    site.directory.lock(&linus);
    assert!(!site.directory.lets_in(&linus, linus.first_password()));
    assert_eq!(person.prove().await, "/reset/what", "{}", person.words());
    person
        .browser
        .fill("/reset/what", &[("deed", "unlock")])
        .await;
    person.wait_at_work().await;
    assert!(person.is_done(), "{}", person.words());
    assert!(site.directory.lets_in(&linus, linus.first_password()));

    // An administrator sets one, from a process of its own.
    let file = site.installation.path("password");
    std::fs::write(&file, NEWER).unwrap();
    let upn = format!("{}@contoso.com", linus.name());
    let file = file.to_str().unwrap();
    site.installation
        .run(&["user", "set-password", &upn, "--password-file", file]);
    assert!(site.directory.lets_in(&linus, NEWER));

    // A copy of the password is set together with that in the directory. It alone helps, and only who
    // has one, while the agent is away.
    let (barbara, mut copied) = site.somebody_with("password hash sync");
    assert!(copied.reset(NEW).await, "{}", copied.words());
    assert!(site.directory.lets_in(&barbara, NEW));
    site.agent.stop();
    site.wait_until("unreachable").await;
    assert!(copied.sign_in(NEW).await, "{}", copied.words());
    assert!(!copied.sign_in(NEWER).await);
    assert!(!person.sign_in(NEWER).await);
    let (_, mut late) = site.somebody();
    let place = late.prove().await;
    assert!(
        late.words().contains("SSPR_0030"),
        "{place}: {}",
        late.words()
    );
    site.verify_audit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portals_on_an_openldap_directory() {
    if let Some(site) = Site::start(Directory::slapd(), None).await {
        portals(site).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_portals_on_an_active_directory() {
    if let Some(site) = Site::start(Directory::samba(), None).await {
        portals(site).await;
    }
}
