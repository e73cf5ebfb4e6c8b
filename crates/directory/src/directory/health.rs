use super::Directory;
use crate::Failure;
use crate::settings::Kind;
use crate::state::{Bind, Health};

pub(super) async fn health(directory: &Directory) -> Health {
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
    // A new connection: an idle one could tell of better times.
    let mut lease = match directory.pool.take_new().await {
        Ok(lease) => lease,
        Err(Failure::NotConfigured(text)) => {
            health.bind = Bind::Refused(text);
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
