use super::Directory;
use crate::Failure;
use crate::pool::Lease;
use crate::settings::{Address, Kind};
use crate::state::{Bind, Health};

/// Of the first server that answers.
pub(super) async fn health(directory: &Directory) -> Health {
    // A new connection: an idle one could tell of better times.
    judge(directory, directory.pool.take_new().await).await
}

pub(super) async fn of_each(directory: &Directory) -> Vec<(Address, Health)> {
    let mut each = Vec::new();
    for (server, address) in directory.pool.settings.servers.iter().enumerate() {
        let health = judge(directory, directory.pool.take_from(server).await).await;
        each.push((address.clone(), health));
    }
    each
}

async fn judge(directory: &Directory, taken: Result<Lease, Failure>) -> Health {
    let settings = &directory.pool.settings;
    let mut lease = match taken {
        Ok(lease) => lease,
        Err(Failure::NotConfigured(text)) => return Health::of(Bind::Refused(text)),
        Err(Failure::Untrusted(text)) => return Health::of(Bind::Untrusted(text)),
        Err(other) => {
            let why = other.detail().unwrap_or(other.code());
            return Health::of(Bind::NotReached(why.to_owned()));
        }
    };
    let mut health = Health::of(Bind::Ok);
    let root = lease.root.clone();
    let is_active_directory = settings.kind == Kind::ActiveDirectory;
    health.server = Some(lease.label.clone());
    health.server_name = root.name;
    health.kind_as_configured = Some(root.active_directory == is_active_directory);
    health.policy_hints = is_active_directory.then_some(root.policy_hints.is_some());
    health.clock_ahead_us = root.clock_ahead_us;
    health.certificate_expires = lease.certificate_expires;
    match lease.read(&settings.base, &["1.1"]).await {
        Ok(entry) => {
            health.base_readable = Some(entry.is_some());
            lease.keep();
        }
        Err(_) => health.base_readable = None,
    }
    health
}
