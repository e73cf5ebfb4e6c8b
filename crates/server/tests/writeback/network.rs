//! The agent in a network of its own, with a real TLS connection to the service: a namespace of the
//! kernel with two cables, one to the directory and one to the service, which can be unplugged, or lose
//! everything that goes one way. Nothing then says that a connection is gone.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use latchkey_testdir::{Authority, Validity};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::wire::Way;

/// The name under which the agent knows the service.
const SERVICE: &str = "reset.contoso.test";

/// A hardware address that nobody has: what is sent there is lost.
const NOBODY: &str = "02:00:00:00:00:01";

/// The network.
pub(crate) struct Network {
    name: String,
    /// Its end of the cable to the service, and the other one.
    service: Cable,
    directory: Cable,
    authority: Authority,
}

struct Cable {
    outside: String,
    inside: String,
    outside_ip: Ipv4Addr,
    inside_ip: Ipv4Addr,
}

impl Cable {
    fn new(name: &str, end: char, net: [u8; 2]) -> Self {
        let [high, low] = net;
        Self {
            outside: format!("{name}{end}0"),
            inside: format!("{name}{end}1"),
            outside_ip: Ipv4Addr::new(10, high, low, 1),
            inside_ip: Ipv4Addr::new(10, high, low, 2),
        }
    }

    fn plug(&self, namespace: &str) {
        let (outside, inside) = (&*self.outside, &*self.inside);
        ip(&[
            "link", "add", outside, "type", "veth", "peer", "name", inside,
        ]);
        ip(&["link", "set", inside, "netns", namespace]);
        ip(&[
            "addr",
            "add",
            &format!("{}/24", self.outside_ip),
            "dev",
            outside,
        ]);
        ip(&["link", "set", outside, "up"]);
        let inside_ip = format!("{}/24", self.inside_ip);
        ip(&["-n", namespace, "addr", "add", &inside_ip, "dev", inside]);
        ip(&["-n", namespace, "link", "set", inside, "up"]);
    }
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "ip {arguments:?}: {said}");
}

impl Network {
    /// One of its own; nothing where this machine has no namespaces for us and need not.
    pub(crate) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let is_there = Command::new("ip").arg("-V").output().is_ok();
        if !is_there || !rustix::process::geteuid().is_root() {
            #[expect(
                clippy::disallowed_methods,
                reason = "tests have no configuration file"
            )]
            let is_required = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!is_required, "networks of their own need root and iproute2");
            let why = "SKIPPED a test with a network of its own: it needs root and iproute2";
            let _ = writeln!(std::io::stderr(), "{why}");
            return None;
        }
        let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // Short enough for the name of an interface, and nobody else's at the same time.
        let name = format!("lk{:x}{number:x}", process & 0xff_ffff);
        let [.., high, low] = process.wrapping_mul(4).wrapping_add(number).to_be_bytes();
        let network = Self {
            service: Cable::new(&name, 's', [64 + high % 64, low]),
            directory: Cable::new(&name, 'd', [128 + high % 64, low]),
            authority: Authority::new("the service's"),
            name,
        };
        ip(&["netns", "add", &network.name]);
        ip(&["-n", &network.name, "link", "set", "lo", "up"]);
        network.service.plug(&network.name);
        network.directory.plug(&network.name);
        // What these names are inside: the directory's is the one in its certificate.
        let folder = network.folder();
        std::fs::create_dir_all(&folder).unwrap();
        let hosts = format!(
            "{} localhost\n{} {SERVICE}\n",
            network.directory.outside_ip, network.service.outside_ip
        );
        std::fs::write(folder.join("hosts"), hosts).unwrap();
        Some(network)
    }

    fn folder(&self) -> PathBuf {
        PathBuf::from("/etc/netns").join(&self.name)
    }

    /// What a program is started with, so that it runs inside.
    pub(crate) fn prefix(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.name]
            .map(str::to_owned)
            .into()
    }

    /// The authority of the service's certificate, PEM.
    pub(crate) fn authority(&self) -> String {
        self.authority.pem()
    }

    /// Lets the agent get at the service and at the directory's port; the address of the service.
    pub(crate) async fn show(self, service: SocketAddr, directory: u16) -> (Self, String) {
        self.show_directory(directory).await;
        let address = self.show_service(service).await;
        (self, address)
    }

    /// Takes connections from inside and passes them on to the directory at this port.
    async fn show_directory(&self, port: u16) {
        let listener = TcpListener::bind((self.directory.outside_ip, port))
            .await
            .unwrap();
        tokio::spawn(async move {
            while let Ok((mut agent, _)) = listener.accept().await {
                let to = SocketAddr::from(([127, 0, 0, 1], port));
                let Ok(mut directory) = TcpStream::connect(to).await else {
                    continue;
                };
                let _ = (agent.set_nodelay(true), directory.set_nodelay(true));
                tokio::spawn(async move { copy_bidirectional(&mut agent, &mut directory).await });
            }
        });
    }

    /// Takes TLS connections from inside and passes what is in them on to the service, as a proxy in
    /// front of it does; the address that the agent connects to.
    async fn show_service(&self, service: SocketAddr) -> String {
        let address = IpAddr::V4(self.service.outside_ip);
        let (certificate, key) = self.authority.issue(&[SERVICE], address, Validity::Good);
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((agent, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let _ = agent.set_nodelay(true);
                    let mut agent = acceptor.accept(agent).await?;
                    let mut service = TcpStream::connect(service).await?;
                    service.set_nodelay(true)?;
                    copy_bidirectional(&mut agent, &mut service).await
                });
            }
        });
        format!("https://{SERVICE}:{port}")
    }

    /// Unplugs the cable to the service, or plugs it in again.
    pub(crate) fn unplug(&self, is_out: bool) {
        let state = if is_out { "down" } else { "up" };
        ip(&["link", "set", &self.service.outside, state]);
    }

    /// Loses everything that goes this way, or no more.
    pub(crate) fn lose(&self, way: Way, is_lost: bool) {
        let cable = &self.service;
        let (namespace, to, device) = match way {
            Way::ToService => (Some(&self.name), cable.outside_ip, &cable.inside),
            Way::ToAgent => (None, cable.inside_ip, &cable.outside),
        };
        let to = to.to_string();
        let mut arguments: Vec<&str> = Vec::new();
        if let Some(namespace) = namespace {
            arguments.extend(["-n", namespace]);
        }
        if is_lost {
            arguments.extend(["neigh", "replace", &to, "lladdr", NOBODY]);
            arguments.extend(["dev", device, "nud", "permanent"]);
        } else {
            arguments.extend(["neigh", "del", &to, "dev", device]);
        }
        ip(&arguments);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The cables go with it.
        let _ = Command::new("ip")
            .args(["netns", "del", &self.name])
            .output();
        let _ = std::fs::remove_dir_all(self.folder());
    }
}
