//! The identity provider of a tenant, from the command line.

use crate::process::Installation;

const SECRET: &str = "hunter2-of-the-client";

#[test]
fn a_provider_is_set_shown_and_removed_and_its_secret_is_never_shown() {
    let here = Installation::new();
    here.run(&["tenant", "create", "Contoso", "--country", "NL"])
        .ok();
    let file = here.write("secret", &format!("{SECRET}\n"));
    let set = |issuer: &str, extra: &[&str], stdin: &str| {
        let mut all = vec!["federation", "set", "Contoso", "--issuer", issuer];
        all.extend(["--client-id", "latchkey"]);
        all.extend(extra);
        here.run_with(&all, stdin)
    };
    let from_file = ["--unchecked", "--client-secret-file", &file];
    let said = set("https://login.contoso.com", &from_file, "").ok();
    for line in [
        "issuer: https://login.contoso.com",
        "client id: latchkey",
        "name claim: preferred_username",
        "redirect uri: http://localhost:8480/sign-in/federated",
    ] {
        assert!(said.contains(line), "{line} in {said}");
    }
    let shown = here.run(&["federation", "show", "Contoso"]).ok();
    assert_eq!(shown, said);
    let stdin = ["--unchecked", "--name-claim", "upn"];
    set("https://login.contoso.com", &stdin, SECRET).ok();
    let shown = here.run(&["federation", "show", "Contoso"]).ok();
    assert!(shown.contains("name claim: upn"), "{shown}");

    // What cannot be, and what is not there: nothing is set by it.
    for (issuer, extra, part) in [
        ("login.contoso.com", &from_file[..], "an issuer looks like"),
        ("https://login.contoso.com", &["--unchecked"], "is empty"),
        // Asked first: an address that is not public, by a name that tells nothing of this machine.
        ("https://127.0.0.1:1", &from_file[1..], "nothing was set."),
        (
            "http://login.contoso.com",
            &from_file[1..],
            "nothing was set.",
        ),
    ] {
        let error = set(issuer, extra, "").refused();
        assert!(error.contains(part), "{part} in {error}");
    }
    let after = here.run(&["federation", "show", "Contoso"]).ok();
    assert_eq!(after, shown);

    let removed = here.run(&["federation", "remove", "Contoso"]).ok();
    assert_eq!(removed, "removed\n");
    let error = here.run(&["federation", "show", "Contoso"]).refused();
    assert!(error.contains("no identity provider"), "{error}");
    let again = here.run(&["federation", "remove", "Contoso"]).ok();
    assert_eq!(again, "there was none\n");

    let filter = ["--activity", "Update federation"];
    let mut list = vec!["audit", "list", "Contoso"];
    list.extend(filter);
    let events = here.run(&list).ok();
    assert_eq!(events.lines().count(), 3, "{events}");
    assert!(events.contains("\"removed\":true"), "{events}");
    assert!(!events.contains(SECRET));
    assert!(!shown.contains(SECRET) && !said.contains(SECRET));
    let database = std::fs::read(here.path("data/latchkey.db")).unwrap();
    let secret = SECRET.as_bytes();
    assert!(!database.windows(secret.len()).any(|part| part == secret));
}
