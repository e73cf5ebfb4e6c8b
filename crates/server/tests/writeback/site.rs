//! An organisation with everything: the service, the agent, the directory, the way between them, and
//! a relay that takes the mail.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use latchkey_core::audit::Activity;
use latchkey_store::audit::NewEvent as Event;
use latchkey_store::{Db, audit, names};
use latchkey_types::TenantId;
use tokio::runtime::Runtime;

use crate::agent::{self, Agent};
use crate::directory::{Account, Directory};
use crate::installation::{Installation, Process, free_port};
use crate::network::Network;
use crate::person::Person;
use crate::relay::{Mood, Relay};
use crate::wire::Wire;

/// Starts something that other processes talk to where no test waits for a process.
async fn beside<T: Send + 'static>(starting: impl Future<Output = T> + Send + 'static) -> T {
    static BESIDE: OnceLock<Runtime> = OnceLock::new();
    let runtime = BESIDE.get_or_init(|| Runtime::new().unwrap());
    runtime.spawn(starting).await.unwrap()
}

/// The on-premises domain.
const DOMAIN: &str = "corp.example";

/// The organisation.
pub(crate) struct Site {
    pub(crate) installation: Installation,
    pub(crate) directory: Directory,
    pub(crate) agent: Agent,
    pub(crate) wire: Wire,
    pub(crate) relay: Arc<Relay>,
    /// Where the agent is, if that is not this machine's own network.
    pub(crate) network: Option<Network>,
    pub(crate) process: Option<Process>,
    port: u16,
    earlier: String,
}

impl Site {
    /// One whose agent is connected; nothing where a part is missing on this machine.
    pub(crate) async fn start(
        directory: Option<Directory>,
        database: Option<&str>,
    ) -> Option<Self> {
        Self::start_in(directory?, database, None).await
    }

    /// One whose agent is in a network of its own.
    pub(crate) async fn start_apart(directory: Option<Directory>) -> Option<Self> {
        let (directory, network) = (directory?, Network::new()?);
        Self::start_in(directory, None, Some(network)).await
    }

    async fn start_in(
        directory: Directory,
        database: Option<&str>,
        network: Option<Network>,
    ) -> Option<Self> {
        let program = agent::program()?;
        let relay = Arc::new(beside(Relay::start(|| Mood::Takes)).await);
        let mut installation = Installation::new(database, &relay.settings());
        let port = free_port();
        let wire = beside(Wire::to(SocketAddr::from(([127, 0, 0, 1], port)))).await;
        // The agent's way is the service's address, as a proxy in front of it would be.
        installation.base = wire.address();
        let network = match network {
            Some(network) => {
                let to = SocketAddr::from(([127, 0, 0, 1], port));
                let (network, base) = beside(network.show(to, directory.port())).await;
                installation.base = base;
                Some(network)
            }
            None => None,
        };
        let base = installation.base.clone();
        installation.run(&["tenant", "create", "Contoso", "--country", "NL"]);
        installation.run(&["domain", "add", "Contoso", "contoso.com"]);
        installation.run(&["domain", "verify", "contoso.com"]);
        installation.run(&[
            "policy",
            "set",
            "Contoso",
            "reset.scope=all",
            "reset.gates_required=1",
            "reset.methods=email",
            "reset.unlock_without_reset=true",
            "registration.required_at_sign_in=false",
        ]);
        let process = installation.serve(port).await;
        let mut agent = Agent::configured(program, &directory, network.as_ref());
        let made = installation.run(&["--json", "agent", "enrol", "Contoso", DOMAIN]);
        let made = made.lines().next().unwrap();
        let made: serde_json::Value = serde_json::from_str(made).unwrap();
        let token = made["token"].as_str().unwrap();
        agent.enrol(token, &base);
        agent.start();
        agent.wait_until_let_in(0);
        let site = Self {
            installation,
            directory,
            agent,
            wire,
            relay,
            network,
            process: Some(process),
            port,
            earlier: String::new(),
        };
        site.wait_until("running").await;
        Some(site)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Waits until `latchkey agent status` says so.
    pub(crate) async fn wait_until(&self, status: &str) {
        for _ in 0..300 {
            let said = self.installation.run(&["agent", "status", "Contoso"]);
            if said.contains(status) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        panic!("never {status}: {}", self.agent.said());
    }

    /// SIGKILL for the service.
    pub(crate) fn kill_service(&mut self) {
        let said = self.process.take().unwrap().kill();
        self.earlier.push_str(&said);
        assert_eq!(Process::errors(&said), Vec::<String>::new());
    }

    /// Everything that the service logged in the lives that have ended.
    pub(crate) fn said(&self) -> &str {
        &self.earlier
    }

    pub(crate) async fn start_service(&mut self) {
        self.process = Some(self.installation.serve(self.port).await);
    }

    /// Lets somebody of the directory be known to the service.
    pub(crate) fn knows(&self, account: &Account, managed: &str) {
        let name = account.name();
        self.installation.run(&[
            "user",
            "create",
            "Contoso",
            &format!("{name}@contoso.com"),
            "source=synchronised",
            &format!("anchor={}", self.directory.anchor(account)),
            &format!("agent_domain={DOMAIN}"),
            &format!("password_managed={managed}"),
        ]);
        self.installation.run(&[
            "user",
            "set-methods",
            &format!("{name}@contoso.com"),
            &format!("authentication_email={name}@home.example"),
        ]);
    }

    /// Somebody whose password is checked by the directory, and who has read no mail yet.
    pub(crate) fn somebody(&self) -> (Account, Person) {
        self.somebody_with("pass-through")
    }

    pub(crate) fn somebody_with(&self, managed: &str) -> (Account, Person) {
        let account = self.directory.account();
        self.knows(&account, managed);
        let person = self.person(&account);
        (account, person)
    }

    pub(crate) fn person(&self, account: &Account) -> Person {
        Person::new(
            account.name(),
            self.address(),
            &self.installation.base,
            &self.relay,
        )
    }

    /// Every event of the tenant, oldest first.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let db = self.installation.open().await;
        let events = events(&db).await;
        db.close().await;
        events
    }

    /// What the log says of how somebody's resets and unlocks ended.
    pub(crate) async fn ends(&self, account: &Account) -> Vec<Event> {
        let db = self.installation.open().await;
        let name = format!("{}@contoso.com", account.name());
        let found = db.read(async |mut tx| names::resolve(&mut tx, &name).await);
        let user = found.await.unwrap().first().expect("a user").user;
        let events = events(&db).await;
        db.close().await;
        events
            .into_iter()
            .filter(|event| event.target_id == Some(user.0))
            .filter(|event| {
                matches!(
                    event.activity,
                    Activity::ResetSelfService | Activity::Unlock | Activity::WritebackUnknown
                )
            })
            .collect()
    }

    /// `latchkey audit verify`.
    pub(crate) fn verify_audit(&self) {
        let said = self.installation.run(&["audit", "verify"]);
        assert!(
            said.contains("unbroken") && !said.contains("BROKEN"),
            "{said}"
        );
    }
}

async fn tenant(db: &Db) -> TenantId {
    let all = db.read(async |mut tx| latchkey_store::tenants::list(&mut tx, None, 1).await);
    all.await.unwrap()[0].id
}

async fn events(db: &Db) -> Vec<Event> {
    let tenant = tenant(db).await;
    let filter = audit::Filter::default();
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let page =
            db.read(async |mut tx| audit::list(&mut tx, tenant, &filter, after, 1_000).await);
        let page = page.await.unwrap();
        let Some(last) = page.last() else { return all };
        after = last.row.seq;
        all.extend(page.into_iter().map(|stored| stored.row.event));
    }
}
