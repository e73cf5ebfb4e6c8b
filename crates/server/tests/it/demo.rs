//! The demonstration and the service as processes.

use std::net::SocketAddr;

use crate::process::{Installation, Running, free_port, get};

fn address(line: &str) -> SocketAddr {
    let port = line
        .trim_end()
        .strip_prefix("Latchkey demo ready: http://localhost:")
        .and_then(|rest| rest.strip_suffix("/demo"))
        .unwrap_or_else(|| panic!("{line:?}"));
    format!("127.0.0.1:{port}").parse().unwrap()
}

#[test]
fn the_demo_says_one_line_and_shows_everybody_and_every_message() {
    let here = Installation::new();
    let mut demo = Running::start(&here.path(""), &["demo", "--listen", "127.0.0.1:0"]);
    let address = address(&demo.line());
    let host = format!("localhost:{}", address.port());
    let (status, page) = get(address, &host, "/demo");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for part in [
        "adele@contoso.com",
        "bo@fabrikam.com",
        "evan@woodgrove.com",
        "otpauth://",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (status, body) = get(address, &host, "/demo/outbox.json");
    assert_eq!((status.as_str(), body.trim()), ("HTTP/1.1 200 OK", "[]"));
    for host in [host, address.to_string()] {
        assert_eq!(get(address, &host, "/reset").0, "HTTP/1.1 200 OK", "{host}");
        assert_eq!(
            get(address, &host, "/readyz").0,
            "HTTP/1.1 200 OK",
            "{host}"
        );
    }
    assert!(
        get(address, "evil.example", "/reset")
            .0
            .starts_with("HTTP/1.1 4")
    );
    #[cfg(unix)]
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_demo_listens_on_this_machine_alone() {
    let here = Installation::new();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8480"] {
        let run = here.run(&["demo", "--listen", listen]);
        assert_eq!(run.code, 2, "{listen}");
        assert!(
            run.err.contains("listens on this machine alone"),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_demo_with_a_folder_finds_everybody_again() {
    let here = Installation::new();
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--data", "kept"];
    for _ in 0..2 {
        let mut demo = Running::start(&here.path(""), &arguments);
        let address = address(&demo.line());
        let host = format!("localhost:{}", address.port());
        let (_, page) = get(address, &host, "/demo");
        assert_eq!(page.matches("adele@contoso.com").count(), 1);
        assert!(page.contains("otpauth://"));
        #[cfg(unix)]
        assert_eq!(demo.stop(), Some(0));
    }
    let explained = here
        .run(&["explain", "adele@contoso.com", "--data", "kept"])
        .ok();
    assert!(explained.contains("can reset: yes"), "{explained}");
    for (user, code) in [
        ("lee@contoso.com", "SSPR_0014"),
        ("joni@contoso.com", "SSPR_0014"),
        ("pradeep@contoso.com", "SSPR_0014"),
        ("patti@contoso.com", "SSPR_0014"),
        ("diego@contoso.com", "SSPR_0031"),
        ("henrietta@contoso.com", "SSPR_0010"),
        ("grady@contoso.com", "SSPR_0014"),
        ("evan@woodgrove.com", "SSPR_0013"),
        ("gil@northwind.com", "SSPR_0014"),
    ] {
        let said = here.run(&["explain", user, "--data", "kept"]).ok();
        assert!(
            said.contains(&format!("decided by: {code}")),
            "{user}: {said}"
        );
    }
    for user in [
        "alex@contoso.com",
        "megan@contoso.com",
        "irvin@contoso.com",
        "admin@contoso.com",
        "isaiah@contoso.com",
        "bo@fabrikam.com",
        "cleo@fabrikam.com",
        "dana@woodgrove.com",
        "fay@northwind.com",
    ] {
        let said = here.run(&["explain", user, "--data", "kept"]).ok();
        assert!(said.contains("can reset: yes"), "{user}: {said}");
    }
    assert_eq!(here.run(&["audit", "verify", "--data", "kept"]).code, 0);
}

#[test]
fn nothing_is_served_without_an_address_for_links() {
    let here = Installation::new();
    let file = here.write("open.toml", "listen = \"0.0.0.0:0\"\n");
    let serve = Running::start(&here.path(""), &["serve", "--config", &file]);
    let (code, said) = serve.end();
    assert_eq!(code, Some(1));
    assert!(said.contains("base_address is missing"), "{said}");
}

#[test]
fn a_service_whose_log_nobody_reads_any_more_ends_when_it_is_told_to() {
    let here = Installation::new();
    let port = free_port();
    let file = here.write("quiet.toml", &format!("listen = \"127.0.0.1:{port}\"\n"));
    let mut serve = Running::start(&here.path(""), &["serve", "--config", &file]);
    serve.log_line("\"ready\"");
    assert_eq!(serve.stop_unread(), Some(0));
}

#[test]
fn the_service_answers_counts_and_ends_in_order() {
    let here = Installation::new();
    let (port, metrics) = (free_port(), free_port());
    let file = here.write(
        "latchkey.toml",
        &format!("listen = \"127.0.0.1:{port}\"\n[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n"),
    );
    let mut serve = Running::start(&here.path(""), &["serve", "--config", &file]);
    let ready = serve.log_line("\"ready\"");
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["base"], format!("http://localhost:{port}"));
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let host = format!("localhost:{port}");
    assert_eq!(get(address, &host, "/healthz").0, "HTTP/1.1 200 OK");
    assert_eq!(get(address, &host, "/readyz").0, "HTTP/1.1 200 OK");
    assert_eq!(get(address, &host, "/reset").0, "HTTP/1.1 200 OK");
    assert_eq!(get(address, &host, "/demo").0, "HTTP/1.1 404 Not Found");
    let counted = get(
        format!("127.0.0.1:{metrics}").parse().unwrap(),
        "x",
        "/metrics",
    )
    .1;
    assert!(
        counted.contains("latchkey_http_requests_total{"),
        "{counted}"
    );
    assert!(
        counted.contains("latchkey_http_request_seconds_bucket{"),
        "{counted}"
    );
    // The command line works beside it, on the same database.
    here.run(&[
        "tenant",
        "create",
        "Contoso",
        "--country",
        "NL",
        "--config",
        &file,
    ])
    .ok();
    #[cfg(unix)]
    assert_eq!(serve.stop(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    let here = Installation::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = here.run(&["demo", "--listen", &address]).refused();
    assert!(
        error.contains(&format!("cannot listen on {address}")),
        "{error}"
    );
}
