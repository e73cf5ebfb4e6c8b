//! Becoming an agent, and ceasing to be one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_crypto::sign::VerifyingKey;
use latchkey_types::{Entropy, Secret, Timestamp};
use latchkey_wire::v1::{Agent, Denial, Denied, Enrol, Enrolled};
use latchkey_wire::{ENROL_PATH, proof};

use crate::agent::{Claim, Timing};
use crate::clock::ServiceClock;
use crate::events::{Event, say};
use crate::files;
use crate::journal_file::JournalFile;
use crate::keys::{Identity, KeyPair};
use crate::network::{Network, ServiceUrl, post};
use crate::session::{Caller, Connection, End, denied};
use crate::sync::Place;
use crate::system::Time;

/// For the service to answer, or to end a connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is needed to enrol.
pub struct Enrolment {
    /// The folder for keys and journal.
    pub folder: PathBuf,
    /// The address of the service.
    pub service: String,
    /// The one-time token.
    pub token: Secret<String>,
    /// What administrators call the agent: the host's name.
    pub name: String,
    /// The way to the service. Its authorities are kept with the keys.
    pub network: Network,
}

/// Enrols: makes keys, registers their public halves, and keeps the private ones.
pub async fn enrol(enrolment: Enrolment, entropy: &dyn Entropy) -> Result<Identity, String> {
    say(Event::OnboardingEventStart, &enrolment.service);
    let enrolled = enrol_now(enrolment, entropy).await;
    match &enrolled {
        Ok(identity) => say(Event::OnboardingEventSuccess, &identity.agent.to_string()),
        Err(error) => say(Event::OnboardingServiceError, error),
    }
    enrolled
}

async fn enrol_now(enrolment: Enrolment, entropy: &dyn Entropy) -> Result<Identity, String> {
    let folder = &enrolment.folder;
    let url = ServiceUrl::parse(&enrolment.service)?;
    files::folder(folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let _claim = Claim::of(folder)?;
    if Identity::path(folder).exists() {
        return Err(format!(
            "{} has keys already: latchkey-agent remove first",
            folder.display()
        ));
    }
    let keys = KeyPair::generate(1, entropy)?;
    say(Event::KeyPairCreationSuccess, "number 1");
    let (sign, seal) = keys.public()?;
    let token = enrolment.token.expose().trim();
    let statement = proof::enrolment(token, &sign, &seal);
    let signature = keys
        .sign
        .sign(&statement)
        .map_err(|error| error.to_string())?;
    let body = latchkey_wire::encode(&Enrol {
        token: token.to_owned(),
        name: enrolment.name,
        version: latchkey_wire::VERSION.into(),
        sign: sign.into(),
        seal: seal.into(),
        signature: signature.into(),
    });
    let (status, body) = post(&enrolment.network, &url, ENROL_PATH, &body, PATIENCE)
        .await
        .map_err(|error| error.to_string())?;
    let body = std::str::from_utf8(&body).unwrap_or_default();
    if !(200..300).contains(&status) {
        return Err(match latchkey_wire::decode::<Denial>(body) {
            Ok(Denial { denied: why }) => format!("refused: {}", denied(why)),
            Err(_) => format!("{url} answered {status}: is it the address of the service?"),
        });
    }
    let enrolled: Enrolled = latchkey_wire::decode(body)
        .map_err(|_| format!("{url} gave an answer that makes no sense"))?;
    let identity = Identity {
        service: url.to_string(),
        ca_pem: enrolment.network.ca_pem,
        agent: enrolled.agent,
        tenant: enrolled.tenant,
        domain: enrolled.domain,
        service_key: VerifyingKey::from_bytes(&enrolled.service.0)
            .map_err(|_| "the service's key is none".to_owned())?,
        current: keys,
        next: None,
        old: None,
    };
    JournalFile::create(folder, Timestamp(i64::MIN)).map_err(|error| error.to_string())?;
    identity.save(folder)?;
    Ok(identity)
}

/// Tells the service that this agent is gone for good, and wipes its keys. With `force` they are
/// wiped even if the service does not confirm it.
pub async fn remove(
    folder: &Path,
    network: &Network,
    time: Arc<dyn Time>,
    force: bool,
) -> Result<(), String> {
    say(Event::OffboardingEventStart, "");
    let removed = remove_now(folder, network, time, force).await;
    match &removed {
        Ok(()) => say(Event::OffboardingEventSuccess, ""),
        Err(error) => say(Event::OffboardingEventFail, error),
    }
    removed
}

async fn remove_now(
    folder: &Path,
    network: &Network,
    time: Arc<dyn Time>,
    force: bool,
) -> Result<(), String> {
    let _claim = Claim::of(folder)?;
    let identity = Identity::load(folder)?;
    if let Err(error) = leave(&identity, network, time).await {
        say(Event::OffboardingError, &error);
        if !force {
            return Err(format!(
                "{error}; nothing was wiped (--force wipes the keys anyway: then have it revoked with \
                 `latchkey agent revoke`)"
            ));
        }
    }
    for path in [
        Identity::path(folder),
        JournalFile::path(folder),
        folder.join("status.json"),
        Place::path(folder),
    ] {
        match files::wipe(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{} cannot be wiped: {error}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn leave(identity: &Identity, network: &Network, time: Arc<dyn Time>) -> Result<(), String> {
    let url = ServiceUrl::parse(&identity.service)?;
    let mut network = network.clone();
    network.ca_pem = network.ca_pem.or_else(|| identity.ca_pem.clone());
    let caller = Caller {
        identity: &Mutex::new(identity.clone()),
        clock: &ServiceClock::new(time),
        timing: &Timing::default(),
    };
    let mut opened = Connection::open(&caller, &network, &url, false).await;
    if matches!(opened, Err(End::Denied(Denied::Proof))) && identity.next.is_some() {
        opened = Connection::open(&caller, &network, &url, true).await;
    }
    let mut connection = match opened {
        Ok(connection) => connection,
        // It is gone already.
        Err(End::Denied(Denied::Revoked)) => return Ok(()),
        Err(end) => return Err(in_words(end)),
    };
    connection
        .say(&Agent::Leaving { for_good: true })
        .await
        .map_err(in_words)?;
    if connection.wait_for_the_end(PATIENCE).await {
        Ok(())
    } else {
        Err("the service did not confirm it".into())
    }
}

fn in_words(end: End) -> String {
    match end {
        End::Stopped => "stopped".into(),
        End::Denied(why) => denied(why).into(),
        End::NotReached(why) | End::Invalid(why) | End::Lost(why) => why,
        End::Fault(fault) => fault.to_string(),
    }
}
