//! The program, a real directory, and real signals.

use std::os::unix::fs::PermissionsExt as _;

use latchkey_agent::config;
use latchkey_agent::system::SystemTimes;
use latchkey_directory::{Anchor, Directory};
use latchkey_testdir::{Slapd, SlapdUser};
use latchkey_types::{Secret, UserId};
use latchkey_wire::operation::{Contents, Context, Outcome, Refusal, Verb};
use latchkey_wire::v1::DirectoryHealth;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use crate::program::{program, said};
use crate::support::*;

/// A configuration for a slapd.
pub(crate) fn configure(bench: &Bench, slapd: &Slapd) -> String {
    let file = |name: &str, bytes: &[u8]| {
        let path = bench.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let password = file("password", Slapd::SERVICE_PASSWORD.as_bytes());
    let ca = file("ca.pem", &slapd.authority());
    let text = format!(
        "[directory]\nkind = \"ldap\"\nservers = [\"localhost:{}\"]\nca_file = \"{ca}\"\nbind_as = \
         \"{}\"\npassword_file = \"{password}\"\nbase = \"{}\"\ndefault_policy = \"{}\"\n",
        slapd.tls_port(),
        Slapd::SERVICE,
        Slapd::BASE,
        Slapd::DEFAULT_POLICY,
    );
    file("agent.toml", text.as_bytes())
}

pub(crate) async fn anchor_of(configuration: &str, user: &SlapdUser) -> Anchor {
    let config = config::load(configuration.as_ref()).unwrap();
    let settings = config.directory.settings(std::sync::Arc::new(SystemTimes));
    let directory = Directory::new(settings).unwrap();
    directory.find(&user.mail).await.unwrap()
}

fn reset(bench: &Bench, id: u128, anchor: Anchor, password: &str) -> Asked {
    let context = Context {
        user: UserId(uuid::Uuid::from_u128(id)),
        ..bench.request(id, Verb::Reset, 0).context
    };
    let contents = Contents {
        anchor: anchor.to_string(),
        password: Some(Secret::new(password.into())),
        ..contents(0)
    };
    bench.seal(context, &contents, 1)
}

/// Reads the log until an event.
async fn until(child: &mut Child, code: &str) {
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains(&format!("\"code\":{code},")) {
            return;
        }
    }
    panic!("no event {code}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_directory_is_reset_and_a_real_kill_is_found_out() {
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    within(async {
        let bench = Bench::new().await;
        let configuration = configure(&bench, &slapd);
        let data = bench.path().display().to_string();
        let arguments = ["run", "--config", &configuration, "--data", &data];
        let user = slapd.user("ou=People");
        let anchor = anchor_of(&configuration, &user).await;
        let (code, output, error) = said(&["check", "--config", &configuration, &user.mail]).await;
        assert_eq!(code, 0, "{output}{error}");
        let doctor = ["doctor", "--config", &configuration];
        let young = slapd.user_with_policy("ou=People", Some("minage"));
        let (code, output, error) = said(&doctor).await;
        assert_eq!(code, 0, "{output}{error}");
        assert!(!output.contains(&user.mail), "{output}");
        let found = format!("warning  {}: a change is refused until", young.mail);
        assert!(output.contains(&found), "{output}");
        let (_, output, _) = said(&[&doctor[..], &["nobody@corp.example"]].concat()).await;
        assert!(
            output.contains("BAD      nobody@corp.example: no such user in scope"),
            "{output}"
        );

        let mut agent = program(&arguments).spawn().unwrap();
        let mut line = bench.service.accept().await;
        let health = line.heartbeat().await;
        assert_eq!(health.directory, DirectoryHealth::Well, "{health:?}");
        let asked = reset(&bench, 1, anchor, "A-Fresh-Pass-1!");
        let outcome = line.ask(&asked.operate()).await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        assert!(slapd.may_sign_in(&user, "A-Fresh-Pass-1!"));
        let asked = reset(&bench, 2, anchor, "short");
        assert_eq!(line.ask(&asked.operate()).await, refused(Refusal::TooShort));

        // It dies while the directory has the next one, and nobody knows what the directory does.
        slapd.freeze();
        let asked = reset(&bench, 3, anchor, "Another-Pass-2!");
        line.say(&asked.operate()).await;
        until(&mut agent, "31001").await;
        let process = Pid::from_raw(agent.id().unwrap().cast_signed()).unwrap();
        kill_process(process, Signal::KILL).unwrap();
        agent.wait().await.unwrap();
        drop(line);
        slapd.thaw();
        let applied = slapd.may_sign_in(&user, "Another-Pass-2!");

        let _agent = program(&arguments).spawn().unwrap();
        let mut line = bench.service.accept().await;
        // The answers of before were not kept.
        let mut again = [line.answer().await.id, line.answer().await.id];
        again.sort();
        assert_eq!(again, [operation(1), operation(2)]);
        let outcome = line.ask(&asked.find_out()).await;
        let expected = if applied {
            DONE
        } else {
            refused(Refusal::Expired)
        };
        assert_eq!(outcome, expected);
        assert_eq!(line.ask(&asked.operate()).await, expected);
        // One wrong sign-in more, and the account would be locked.
        assert_eq!(slapd.may_sign_in(&user, "A-Fresh-Pass-1!"), !applied);
        assert_eq!(slapd.may_sign_in(&user, "Another-Pass-2!"), applied);
    })
    .await;
}
