use std::fmt::Write as _;

use super::*;

fn with(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    read(Some((Path::new("latchkey.toml"), text)), environment, None)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn without_a_file_it_runs_on_this_machine_alone() {
    let config = read(None, [], Some(Path::new("/srv/latchkey"))).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(config.base.url(), "http://localhost:8480");
    assert_eq!(
        config.database.url.expose(),
        "sqlite:/srv/latchkey/latchkey.db"
    );
    assert_eq!(config.key_file, Path::new("/srv/latchkey/master.key"));
    assert!(
        config
            .warnings
            .iter()
            .any(|warning| warning.contains("messages wait in the outbox"))
    );
}

#[test]
fn the_example_is_accepted_and_all_its_defaults_are_the_defaults() {
    let bare = with(EXAMPLE, &[]).unwrap();
    assert_eq!(bare.base.url(), "https://reset.contoso.com");
    let mut every = String::new();
    for line in EXAMPLE.lines() {
        let text = line.strip_prefix('#').unwrap_or(line);
        let is_setting = text.starts_with('[')
            || text
                .split_once(" = ")
                .is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        // Files that do not exist here, and the second way to give the same.
        if is_setting && !text.contains("_file =") && !text.starts_with("username") {
            writeln!(every, "{text}").unwrap();
        }
    }
    let whole = with(&every, &[]).unwrap();
    let shown = show(&whole);
    for section in [
        "[tls]",
        "[metrics]",
        "[mail]",
        "[text]",
        "[federation]",
        "[passwords]",
        "[limits]",
        "[log]",
    ] {
        assert!(shown.contains(section), "{section}");
    }
    let same = |from: &str| {
        let start = shown.find(from).unwrap();
        shown[start..].to_owned()
    };
    let with_filter = "[passwords]\nbreached_filter = \"data/breached.filter\"\n";
    assert_eq!(
        same("[passwords]").replace(with_filter, "[passwords]\n"),
        show(&bare)[show(&bare).find("[passwords]").unwrap()..]
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_line_and_its_cure() {
    let problems = with(
        "listen = \"here\"\n\
         base_adress = \"https://reset.contoso.com\"\n\
         base_address = \"http://reset.contoso.com\"\n\
         [database]\n\
         url = \"mysql://x\"\n\
         connections = 0\n\
         [mail]\n\
         host = \"mail.contoso.com\"\n\
         tls = \"none\"\n\
         from = \"nobody\"\n\
         [proxy]\n\
         trusted = [\"10.0.0.0/8\", \"10.0.0.0/40\"]\n\
         [log]\n\
         format = \"xml\"\n\
         [passwords]\n\
         memory_kib = 1024\n",
        &[("LATCHKEY__LIMITS__WORK_BITS", "many")],
    )
    .unwrap_err();
    for expected in [
        "latchkey.toml:1: listen: an address and port",
        "latchkey.toml:2: there is no setting base_adress; here are",
        "latchkey.toml:3: base_address: a base address looks like https://",
        "latchkey.toml:5: database.url begins with sqlite:",
        "latchkey.toml:6: database.connections must be a number from 1 to 200",
        "latchkey.toml:9: mail.tls = \"none\" is only for a relay on this machine",
        "latchkey.toml:10: mail.from: an e-mail address looks like",
        "latchkey.toml:12: proxy.trusted: a network looks like",
        "latchkey.toml:14: log.format: json or text",
        "latchkey.toml:16: passwords.memory_kib must be a number from 19456",
        "environment LATCHKEY__LIMITS__WORK_BITS: limits.work_bits must be a number from 8 to 32",
    ] {
        assert!(
            problems.iter().any(|line| line.starts_with(expected)),
            "{expected} in {problems:#?}"
        );
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let problems = with("listen = \"127.0.0.1:8480\"\nbase_address = \n", &[]).unwrap_err();
    assert!(
        problems[0].starts_with("latchkey.toml:2: not TOML"),
        "{problems:?}"
    );
}

#[test]
fn variables_override_the_file() {
    let config = with(
        "listen = \"127.0.0.1:1\"\n[database]\nconnections = 2\n",
        &[
            ("LATCHKEY__LISTEN", "127.0.0.1:9000"),
            ("LATCHKEY__DATABASE__CONNECTIONS", "9"),
            ("LATCHKEY__PROXY__TRUSTED", "10.0.0.0/8, 192.0.2.1"),
            ("LATCHKEY_OTHER", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(config.listen.port(), 9000);
    assert_eq!(config.base.url(), "http://localhost:9000");
    assert_eq!(config.database.connections, 9);
    assert_eq!(config.proxies.networks.len(), 2);
    let problems = with("", &[("LATCHKEY__DATABSE__URL", "x")]).unwrap_err();
    assert!(problems[0].starts_with("environment LATCHKEY__DATABSE__URL: there is no setting"));
}

#[test]
fn secrets_can_be_in_files_and_not_in_both_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://latchkey:hunter2@db/latchkey\n").unwrap();
    let in_file = format!("[database]\nurl_file = {:?}\n", file.display().to_string());
    let config = with(&in_file, &[]).unwrap();
    assert_eq!(
        config.database.url.expose(),
        "postgres://latchkey:hunter2@db/latchkey"
    );
    let shown = show(&config);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!format!("{config:?}").contains("hunter2"));
    let both = with(&in_file, &[("LATCHKEY__DATABASE__URL", "sqlite:x")]).unwrap_err();
    assert!(
        both[0].contains("database.url and database.url_file are both given"),
        "{both:?}"
    );
    let missing = with("[database]\nurl_file = \"/nowhere/at/all\"\n", &[]).unwrap_err();
    assert!(
        missing[0].contains("/nowhere/at/all cannot be read"),
        "{missing:?}"
    );
}

#[test]
fn nothing_starts_without_an_address_for_links() {
    let open = with("listen = \"0.0.0.0:8480\"\n", &[]).unwrap_err();
    assert!(
        open[0].starts_with("latchkey.toml:1: base_address is missing"),
        "{open:?}"
    );
    let plain = with(
        "listen = \"0.0.0.0:80\"\nbase_address = \"http://localhost\"\n",
        &[],
    )
    .unwrap_err();
    assert!(
        plain[0].starts_with("latchkey.toml:2: base_address is http"),
        "{plain:?}"
    );
    let good = "listen = \"0.0.0.0:80\"\nbase_address = \"https://reset.contoso.com\"\n";
    assert!(with(good, &[]).is_ok());
}

#[test]
fn a_secret_that_was_typed_without_quotes_is_not_repeated() {
    for secret in [
        "secret = 48151623",
        "headers = { Authorization = 48151623 }",
    ] {
        let problems = with(
            &format!("[text]\nurl = \"https://sms.example/\"\nbody = \"{{}}\"\n{secret}\n"),
            &[],
        )
        .unwrap_err()
        .join("\n");
        assert!(problems.contains("expected a string"), "{problems}");
        assert!(!problems.contains("48151623"), "{problems}");
    }
}

#[test]
fn a_relay_and_providers_are_read() {
    let config = with(
        "[mail]\nhost = \"mail.contoso.com\"\ntls = \"wrapper\"\nfrom = \"a@contoso.com\"\n\
         username = \"u\"\npassword = \"hunter2\"\n\
         [text]\nurl = \"https://sms.example/\"\nbody = \"{}\"\nsecret = \"hunter3\"\n",
        &[("LATCHKEY__TEXT__TIMEOUT_SECONDS", "20")],
    )
    .unwrap();
    let mail = config.mail.as_ref().unwrap();
    assert_eq!(
        (mail.port, mail.message_id_host.as_str()),
        (465, "localhost")
    );
    assert_eq!(config.text.as_ref().unwrap().timeout_seconds, 20);
    let shown = show(&config);
    assert!(!shown.contains("hunter"), "{shown}");
    let half = with(
        "[mail]\nhost = \"h\"\nfrom = \"a@contoso.com\"\nusername = \"u\"\n",
        &[],
    );
    assert!(half.unwrap_err()[0].contains("go together"));
    let wrong = with("[text]\nurl = \"https://x/\"\nbdy = \"\"\n", &[]).unwrap_err();
    assert!(
        wrong[0].starts_with("latchkey.toml:1: [text]: "),
        "{wrong:?}"
    );
}
