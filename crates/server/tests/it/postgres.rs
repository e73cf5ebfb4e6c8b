//! The same binary on PostgreSQL.

use latchkey_testkit::pg;

use crate::process::{Installation, Running, free_port, get};

#[test]
fn an_operator_works_on_postgresql_while_several_processes_serve() {
    let Some(database) = pg::database().unwrap() else {
        return;
    };
    let here = Installation::new();
    let ports = [free_port(), free_port()];
    let file = |port: u16| {
        here.write(
            &format!("{port}.toml"),
            &format!(
                "listen = \"127.0.0.1:{port}\"\n[database]\nurl = {:?}\nconnections = 2\n",
                database.url
            ),
        )
    };
    let files = ports.map(file);
    let mut serving = files
        .each_ref()
        .map(|file| Running::start(&here.path(""), &["serve", "--config", file]));
    for (running, port) in serving.iter_mut().zip(ports) {
        running.log_line("\"ready\"");
        let address = format!("127.0.0.1:{port}").parse().unwrap();
        assert_eq!(
            get(address, &format!("localhost:{port}"), "/readyz").0,
            "HTTP/1.1 200 OK"
        );
    }
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--config", files[0].as_str()]);
        here.run(&all)
    };
    run(&["tenant", "create", "Contoso", "--country", "NL"]).ok();
    run(&["domain", "add", "Contoso", "contoso.com"]).ok();
    run(&["domain", "verify", "contoso.com"]).ok();
    let users = here.write(
        "users.csv",
        "user_principal_name,authentication_email\n\
         ada@contoso.com,ada@home.example\nada@contoso.com,x@home.example\nbo@contoso.com,\n",
    );
    for dry in [true, false] {
        let mut import = vec!["user", "import", "Contoso", users.as_str()];
        if dry {
            import.push("--dry-run");
        }
        let run = run(&import);
        assert_eq!(run.code, 1);
        assert!(
            run.out.contains("line 3: ada@contoso.com: refused"),
            "{}{}",
            run.out,
            run.err
        );
        assert!(
            run.out.contains("line 4: bo@contoso.com: accepted"),
            "{}",
            run.out
        );
    }
    run(&["group", "create", "Contoso", "Staff"]).ok();
    run(&["group", "add", "Contoso", "Staff", "ada@contoso.com"]).ok();
    let set = [
        "policy",
        "set",
        "Contoso",
        "reset.scope=selected:Staff",
        "reset.gates_required=1",
    ];
    let said = run(&set).ok();
    assert!(said.contains("1 user can reset who could not"), "{said}");
    assert!(
        run(&["explain", "ada@contoso.com"])
            .ok()
            .contains("can reset: yes")
    );
    assert!(
        run(&["explain", "bo@contoso.com"])
            .ok()
            .contains("SSPR_0013")
    );
    let verified = run(&["audit", "verify"]).ok();
    assert!(
        verified.contains("Contoso: ") && !verified.contains("BROKEN"),
        "{verified}"
    );
    #[cfg(unix)]
    for running in serving {
        assert_eq!(running.stop(), Some(0));
    }
}
