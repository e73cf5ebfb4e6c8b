use ldap3::ldap_escape;

use super::Directory;
use crate::settings::Kind;
use crate::{Anchor, Failure};

/// The longest name that is looked for, in bytes; a UPN has at most 1024 characters.
const LONGEST: usize = 4096;

pub(super) async fn find(directory: &Directory, name: &str) -> Result<Anchor, Failure> {
    // Samba stops reading a name at a NUL, and no name has one.
    if name.is_empty() || name.len() > LONGEST || name.chars().any(char::is_control) {
        return Err(Failure::NotFound);
    }
    let name = ldap_escape(name);
    let kind = directory.kind();
    let (one, anchor) = match kind {
        Kind::ActiveDirectory => (format!("(userPrincipalName={name})"), "objectGUID"),
        Kind::Ldap => (format!("(|(mail={name})(uid={name}))"), "entryUUID"),
    };
    let filter = directory.filter(&one);
    for attempt in 0.. {
        let mut lease = directory.pool.take().await?;
        match directory.one(&mut lease, &filter, &[anchor]).await {
            Ok(entry) => {
                lease.keep();
                let unreadable = format!("{anchor} of users cannot be read");
                return entry.anchor(kind).ok_or(Failure::NotConfigured(unreadable));
            }
            Err(unanswered) => directory.may_ask_again(lease, unanswered, attempt)?,
        }
    }
    Err(Failure::NotFound)
}
