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
    let mut health = Health {
        bind: Bind::Ok,
        server: None,
        server_name: None,
        kind_as_configured: None,
        base_readable: None,
        policy_hints: None,
        clock_ahead_us: None,
        certificate_expires: None,
    };
    let mut lease = match taken {
        Ok(lease) => lease,
        Err(Failure::NotConfigured(text)) => {
            health.bind = Bind::Refused(text);
            return health;
        }
        Err(Failure::Untrusted(text)) => {
            health.bind = Bind::Untrusted(text);
            return health;
        }
        Err(other) => {
            health.bind = Bind::NotReached(other.detail().unwrap_or(other.code()).to_owned());
            return health;
        }
    };
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
