//! A whole reset with the code read from a mail that postfix delivered, over STARTTLS.

use latchkey_testkit::{Browser, Server};

use crate::fixture::{Certificates, eventually};
use crate::installation::{Installation, free_port};
use crate::postfix::Postfix;
use crate::relay::code;

/// The lines of `[mail]` that lead to a relay whose certificate is of an authority of the test.
fn settings(port: u16, certificates: &Certificates, folder: &tempfile::TempDir) -> String {
    let authority = certificates.authority_file(folder).display().to_string();
    format!("host = \"localhost\"\nport = {port}\ntls = \"required\"\nca_file = {authority:?}\n")
}

async fn at_code(address: std::net::SocketAddr) -> Browser {
    let mut browser = Browser::new(&Server::at(address), "http://localhost");
    browser.begin("ada@contoso.com").await;
    browser.fill("/reset/verify", &[("method", "email")]).await;
    assert_eq!(browser.place(), "/reset/code");
    browser
}

async fn finish(mut browser: Browser, postfix: &Postfix) {
    let mail = eventually("the mail with the code", || {
        postfix.delivered("To: ada@contoso.example").pop()
    })
    .await;
    let lines: Vec<String> = mail.lines().map(str::to_owned).collect();
    let code = code(&lines).expect("a code in the mail");
    browser.fill("/reset/code", &[("code", &code)]).await;
    assert_eq!(browser.place(), "/reset/password");
    let password = "Tall-Ships-9";
    let fields = [("new_password", password), ("confirm_password", password)];
    browser.fill("/reset/password", &fields).await;
    assert!(browser.answer.text().contains("class=\"tick\""));
    eventually("the notice", || {
        let mails = postfix.delivered("To: ada@contoso.example");
        (mails.len() == 2).then_some(())
    })
    .await;
    assert!(postfix.log().contains("TLS connection established"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_reset_with_mail_through_postfix_over_starttls() {
    let (certificates, folder) = (Certificates::new(), tempfile::tempdir().unwrap());
    let Some(postfix) = Postfix::start(&certificates).await else {
        return;
    };
    let mail = settings(postfix.port, &certificates, &folder);
    let installation = Installation::new(None, &mail);
    installation.contoso(0);
    let process = installation.serve(free_port()).await;
    let browser = at_code(process.address()).await;
    finish(browser, &postfix).await;
    let verified = installation.run(&["audit", "verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_down_at_first_gets_the_mail_when_it_is_up() {
    let (certificates, folder) = (Certificates::new(), tempfile::tempdir().unwrap());
    // A postfix is started once, to know whether there is one; the relay's port is another's.
    let port = free_port();
    let mail = settings(port, &certificates, &folder);
    let installation = Installation::new(None, &mail);
    installation.contoso(0);
    let process = installation.serve(free_port()).await;
    let browser = at_code(process.address()).await;
    eventually("a first attempt in vain", || {
        process.said().contains("not sent").then_some(())
    })
    .await;
    let Some(postfix) = Postfix::start_at(&certificates, port).await else {
        return;
    };
    finish(browser, &postfix).await;
}
