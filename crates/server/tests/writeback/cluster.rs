//! Two processes of the service on one PostgreSQL: the agent is at one, people are at the other.

use latchkey_testkit::pg;

use crate::directory::Directory;
use crate::installation::free_port;
use crate::site::Site;

const NEW: &str = "Tall-Ships-9-Sail";
const NEWER: &str = "Quiet-Rivers-8-Run";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_at_one_process_serves_people_at_the_other() {
    let Some(database) = pg::database().unwrap() else {
        return;
    };
    let Some(mut site) = Site::start(Directory::slapd(), Some(&database.url)).await else {
        return;
    };
    let other = site.installation.serve(free_port()).await;
    let (ada, mut person) = site.somebody();
    person.address = other.address();
    assert!(person.reset(NEW).await, "{}", person.words());
    assert!(site.directory.lets_in(&ada, NEW));
    assert!(!site.directory.lets_in(&ada, ada.first_password()));
    assert!(person.sign_in(NEW).await, "{}", person.words());
    assert!(person.change(NEW, NEWER).await, "{}", person.words());
    assert!(site.directory.lets_in(&ada, NEWER));

    // The process that the agent is at dies under a reset, and comes back; the person at the other one
    // sees the end of it.
    let account = site.directory.patient_account();
    site.knows(&account, "pass-through");
    let mut person = site.person(&account);
    person.address = other.address();
    person.come_to_the_password().await;
    site.kill_service();
    let walking = tokio::spawn(async move {
        person.go_on_to_the_end().await;
        person
    });
    site.start_service().await;
    let person = walking.await.unwrap();
    assert!(person.is_done(), "{}", person.words());
    let last = person.sent.last().unwrap();
    assert!(site.directory.lets_in(&account, last));
    assert_eq!(site.directory.times_set(&account), 1);
    assert_eq!(site.ends(&account).await.len(), 1);
    site.verify_audit();
}
