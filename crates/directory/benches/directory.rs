//! What a reset costs beside the same write with the bare library, on a real Samba and a real slapd,
//! and how fast a slapd of 10,000 users is read. On an idle machine, as root, with both installed:
//! `cargo bench -p latchkey-directory --bench directory`.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark asks the clock, prints, and ends when something is wrong"
)]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey_directory::SyncSettings;
use latchkey_testdir::Slapd;
use ldap3::exop::PasswordModify;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Mod, StdStream};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::Instant;

#[path = "../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod support;

use support::{
    anchor, directory, ldap_anchor, password, samba, samba_settings, slapd, slapd_settings,
};

/// The library alone, over LDAPS, signed in.
async fn bare(server: SocketAddr, name: &str, ca: &[u8], bind_as: &str, password: &str) -> Ldap {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = std::net::TcpStream::connect(server).unwrap();
    tcp.set_nodelay(true).unwrap();
    let settings = LdapConnSettings::new()
        .set_config(Arc::new(tls))
        .set_std_stream(StdStream::Tcp(tcp));
    let (driver, mut ldap) = LdapConnAsync::with_settings(settings, &format!("ldaps://{name}"))
        .await
        .unwrap();
    tokio::spawn(async move { driver.drive().await });
    ldap.simple_bind(bind_as, password)
        .await
        .unwrap()
        .success()
        .unwrap();
    ldap
}

fn report(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let (median, worst) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{what}: median {median:?}, p99 {worst:?}");
    median
}

/// Both medians, and what the first is more than its limit.
fn beside(what: &str, with: Vec<Duration>, without: Vec<Duration>) {
    let limit = report(&format!("{what}, bare library"), without);
    let ours = report(what, with);
    let ratio = limit.as_secs_f64() / ours.as_secs_f64();
    let added = ours.saturating_sub(limit);
    println!("{what}: {added:?} added, ratio {ratio:.2}");
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        resets().await;
        first_synchronisation().await;
    });
}

async fn resets() {
    let (Some(samba), Some(slapd)) = (samba(), slapd()) else {
        return;
    };

    let ours = directory(samba_settings(samba));
    let user = samba.user("OU=People");
    let id = anchor(&ours, &user).await;
    let server = SocketAddr::from((samba.address(), 636));
    let settings = samba_settings(samba);
    let service = settings.password.expose();
    let mut library = bare(
        server,
        "dc1.corp.example",
        &samba.authority(),
        &settings.bind_as,
        service,
    )
    .await;
    let (mut with, mut without) = (vec![], vec![]);
    for round in 0..60 {
        let new = format!("Latency-Pass-{round:03}");
        let start = Instant::now();
        ours.reset(&id, &password(&new), false).await.unwrap();
        with.push(start.elapsed());
        let value: Vec<u8> = format!("\"{new}b\"")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let change = Mod::Replace(b"unicodePwd".to_vec(), HashSet::from([value]));
        let start = Instant::now();
        library
            .modify(&user.dn, vec![change])
            .await
            .unwrap()
            .success()
            .unwrap();
        without.push(start.elapsed());
    }
    beside("Samba, reset", with, without);

    let ours = directory(slapd_settings(slapd));
    let user = slapd.user("ou=People");
    let id = ldap_anchor(&ours, &user).await;
    let server = SocketAddr::from(([127, 0, 0, 1], slapd.tls_port()));
    let settings = slapd_settings(slapd);
    let service = settings.password.expose();
    let mut library = bare(
        server,
        "localhost",
        &slapd.authority(),
        &settings.bind_as,
        service,
    )
    .await;
    let (mut with, mut without) = (vec![], vec![]);
    for round in 0..500 {
        let new = format!("Latency-Pass-{round:03}");
        let start = Instant::now();
        ours.reset(&id, &password(&new), false).await.unwrap();
        with.push(start.elapsed());
        let other = format!("{new}b");
        let request = PasswordModify {
            user_id: Some(&user.dn),
            old_pass: None,
            new_pass: Some(&other),
        };
        let start = Instant::now();
        library.extended(request).await.unwrap().success().unwrap();
        without.push(start.elapsed());
    }
    beside("slapd, reset", with, without);
}

async fn first_synchronisation() {
    const OBJECTS: u32 = 10_000;
    let Some(slapd) = latchkey_testdir::slapd() else {
        return;
    };
    slapd.bulk(OBJECTS);
    let directory = directory(slapd_settings(&slapd));
    let what = SyncSettings {
        bases: vec![format!("ou=Bulk,{}", Slapd::BASE)],
        user_filter: None,
        group_filter: None,
        attributes: ["mail", "sn", "cn", "uid"].map(str::to_owned).to_vec(),
        page_size: 1000,
        dirsync: true,
    };
    let start = Instant::now();
    let mut changes = directory.changes(None, &what).unwrap();
    let mut objects = 0;
    while let Some(page) = changes.next().await.unwrap() {
        objects += page.objects.len();
    }
    let time = start.elapsed();
    assert_eq!(objects, OBJECTS as usize);
    let rate = f64::from(OBJECTS) / time.as_secs_f64();
    println!("slapd, {OBJECTS} objects read: {time:?}, {rate:.0}/s");
}
