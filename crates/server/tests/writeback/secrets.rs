//! Where passwords are not: on the way between agent and service, in the database, in the logs, in a
//! dump of memory.

use std::path::{Path, PathBuf};

use latchkey_testdir::base64;

use crate::directory::Directory;
use crate::site::Site;
use crate::wire::{Way, texts};

const FIRST: &str = "Tall-Ships-9-Sail";
const SECOND: &str = "Quiet-Rivers-8-Run";
const WRONG: &str = "Loud-Storms-7-Blow";

/// All the ways in which a password may be written.
fn spellings(password: &str) -> Vec<Vec<u8>> {
    let wide: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex = |bytes: &[u8]| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    };
    let numbers: Vec<String> = password.bytes().map(|byte| byte.to_string()).collect();
    let mut all = vec![
        password.as_bytes().to_vec(),
        wide,
        hex(password.as_bytes()).into_bytes(),
        numbers.join(",").into_bytes(),
    ];
    // Base64 within a longer text begins at any of three places; the digits at either end depend on
    // what is beside them.
    for before in 0..3 {
        let text = [&vec![b' '; before], password.as_bytes()].concat();
        let digits = base64(&text);
        let inner = &digits[if before == 0 { 0 } else { 4 }..digits.len() - 4];
        all.push(inner.as_bytes().to_vec());
        all.push(inner.replace('+', "-").replace('/', "_").into_bytes());
    }
    all
}

fn holds(bytes: &[u8], password: &str) -> bool {
    spellings(password)
        .iter()
        .any(|spelling| bytes.windows(spelling.len()).any(|part| part == spelling))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}

#[test]
fn a_password_is_found_however_it_is_written() {
    let text = format!("{{\"user\":\"ada\",\"password\":\"{FIRST}\"}}");
    assert!(holds(text.as_bytes(), FIRST));
    for before in 0..3 {
        let text = base64(format!("{}{FIRST}!!", "x".repeat(before)).as_bytes());
        assert!(holds(text.as_bytes(), FIRST), "{text}");
    }
    assert!(!holds(text.as_bytes(), SECOND));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_password_is_where_somebody_else_could_read_it() {
    let Some(mut site) = Site::start(Directory::slapd(), None).await else {
        return;
    };
    let (ada, mut person) = site.somebody();
    assert!(person.reset(FIRST).await, "{}", person.words());
    assert!(!person.sign_in(WRONG).await);
    assert!(person.sign_in(FIRST).await, "{}", person.words());
    assert!(person.change(FIRST, SECOND).await, "{}", person.words());
    assert!(site.directory.lets_in(&ada, SECOND));
    let secrets = [
        FIRST,
        SECOND,
        WRONG,
        ada.first_password(),
        site.directory.service_password(),
    ];

    // What goes over the way is read here without TLS, which on this machine it may be.
    for way in [Way::ToAgent, Way::ToService] {
        let mut said = String::new();
        for bytes in site.wire.bytes(way) {
            for secret in secrets {
                assert!(!holds(&bytes, secret), "{way:?}: {secret}");
            }
            said.push_str(&texts(&bytes));
        }
        let sign = match way {
            Way::ToAgent => "\"envelope\"",
            Way::ToService => "\"signature\"",
        };
        assert!(said.matches(sign).count() >= 4, "this is no talk: {said}");
        for secret in secrets {
            assert!(!holds(said.as_bytes(), secret), "{way:?}: {secret}");
        }
    }

    // Neither process leaves its memory behind: the hard limit is 0, too.
    for (name, pid) in [
        ("agent", site.agent.pid()),
        ("service", site.process.as_ref().unwrap().pid()),
    ] {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"))
            .unwrap();
        let core: Vec<&str> = core.split_whitespace().collect();
        assert_eq!(core[4..6], ["0", "0"], "{name}");
    }

    // Files of both, while they run and after they were killed.
    for is_over in [false, true] {
        if is_over {
            site.agent.kill();
            site.kill_service();
        }
        let folder = site.installation.path("");
        let mut read = 0;
        for path in files(&folder)
            .into_iter()
            .chain(files(&site.agent.folder().join("data")))
        {
            let Ok(bytes) = std::fs::read(&path) else {
                continue;
            };
            read += 1;
            for secret in secrets {
                assert!(!holds(&bytes, secret), "{}: {secret}", path.display());
            }
        }
        assert!(read > 4, "{read} files");
    }
    let logs = [site.agent.said(), site.said().to_owned()];
    for log in logs {
        assert!(!log.is_empty());
        for secret in secrets {
            assert!(!holds(log.as_bytes(), secret), "{secret}: {log}");
        }
    }
}
