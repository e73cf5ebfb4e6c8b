//! Configuration, key file, and the ways in which a command is refused.

use crate::process::Installation;

#[test]
fn the_example_is_good_and_mistakes_are_told_all_at_once() {
    let here = Installation::new();
    let example = here.run(&["config", "example"]).ok();
    let file = here.write("latchkey.toml", &example);
    let said = here.run(&["config", "check", "--config", &file]).ok();
    assert!(said.ends_with("the configuration is good\n"), "{said}");
    let shown = here.run(&["config", "show", "--config", &file]).ok();
    let again = here.write("shown.toml", &shown);
    here.run(&["config", "check", "--config", &again]).ok();

    let file = here.write("wrong.toml", "listen = 1\nbase = \"x\"\n[mail]\n");
    let error = here.run(&["config", "check", "--config", &file]).refused();
    for part in ["wrong.toml:1: ", "wrong.toml:2: ", "wrong.toml:3: "] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = here.run(&["tenant", "list", "--config", &file]).refused();
    assert!(error.contains("wrong.toml:2: "), "{error}");
}

#[cfg(unix)]
#[test]
fn variables_that_are_no_text_are_nobodys_business_unless_they_are_settings() {
    use std::os::unix::ffi::OsStrExt as _;
    let check = |name: &str| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(["config", "check"])
            .env(name, std::ffi::OsStr::from_bytes(b"\xff"))
            .output()
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        (done.status.code(), said)
    };
    let (code, said) = check("SOMEBODY_ELSES");
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let (code, said) = check("LATCHKEY__DATA");
    assert_eq!(code, Some(1));
    assert!(
        said.contains("environment LATCHKEY__DATA: it is not in UTF-8"),
        "{said}"
    );
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_another_is_refused() {
    let here = Installation::new();
    here.run(&["tenant", "create", "Contoso", "--country", "NL"])
        .ok();
    let key = here.path("data/master.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&key), 0o600);
        assert_eq!(mode(&here.path("data/latchkey.db")), 0o600);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = here.run(&["tenant", "list"]).refused();
        assert!(
            error.contains("can be read by others (mode 644)"),
            "{error}"
        );
    }
    std::fs::remove_file(&key).unwrap();
    let error = here.run(&["tenant", "list"]).refused();
    assert!(error.contains("made with another key file"), "{error}");
}

#[test]
fn wrong_use_is_exit_code_2() {
    let here = Installation::new();
    for arguments in [
        &["tenant"][..],
        &["tenant", "create", "Contoso"],
        &["user", "set", "ada@contoso.com", "no-equals-sign"],
        &["nonsense"],
    ] {
        assert_eq!(here.run(arguments).code, 2, "{arguments:?}");
    }
}

#[test]
fn a_database_that_is_away_is_one_sentence() {
    let here = Installation::new();
    let file = here.write(
        "pg.toml",
        "[database]\nurl = \"postgres://latchkey:hunter2@127.0.0.1:1/latchkey\"\nwait_seconds = 1\n",
    );
    let error = here.run(&["migrate", "--config", &file]).refused();
    assert!(error.contains("the database cannot be opened"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_breached_filter_is_built_and_then_used() {
    let here = Installation::new();
    // SHA-1 of "Wq7!zk-marble-Tides" would have to be known; this is one of "password".
    let list = here.write("list.txt", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:3\n");
    std::fs::create_dir(here.path("data")).unwrap();
    let said = here.run(&["breached", "import", &list]).ok();
    assert!(said.contains("1 hashes in data/breached.filter"), "{said}");
    let file = here.write(
        "c.toml",
        "[passwords]\nbreached_filter = \"data/breached.filter\"\n",
    );
    here.run(&["config", "check", "--config", &file]).ok();
    let wrong = here.write("w.toml", "[passwords]\nbreached_filter = \"list.txt\"\n");
    let error = here.run(&["config", "check", "--config", &wrong]).refused();
    assert!(error.contains("not a breached-password file"), "{error}");
}

#[test]
fn processes_that_start_at_once_share_one_key_and_one_database() {
    let here = Installation::new();
    let codes: Vec<(i32, String)> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| here.run(&["audit", "verify"])))
            .collect();
        let runs = runs.into_iter().map(|run| run.join().unwrap());
        runs.map(|run| (run.code, run.err)).collect()
    });
    assert!(codes.iter().all(|(code, _)| *code == 0), "{codes:?}");
    let said = here.run(&["audit", "verify"]).ok();
    assert_eq!(said, "service: 0 events, unbroken\n");
}
