use super::Directory;
use super::account::{Account, Found};
use super::reset::finish;
use crate::connection::{Connection, Unanswered, control};
use crate::protected::{self, Sid};
use crate::settings::Kind;
use crate::state::{Right, Rights};
use crate::{Anchor, Failure};

pub(super) async fn rights(directory: &Directory, user: Anchor) -> Result<Rights, Failure> {
    let Found { mut lease, account } = directory.locate(user).await?;
    let outcome = match account.kind {
        Kind::ActiveDirectory => active_directory(&mut lease, &account)
            .await
            .map_err(Failure::from),
        // No server of this kind tells what one may do.
        Kind::Ldap => Ok(Rights {
            reset: Right::Unknown,
            unlock: Right::Unknown,
            must_change: Right::Unknown,
            inheritance_off: Right::Unknown,
            admin_count: false,
            protected: account.protected,
        }),
    };
    finish(lease, outcome)
}

/// `LDAP_SERVER_SD_FLAGS_OID` and its value for the access control list alone ([MS-ADTS]
/// 3.1.1.3.4.1.11): the rest of a descriptor takes more rights to read.
const DESCRIPTOR_PARTS: &str = "1.2.840.113556.1.4.801";
const ACCESS_LIST: [u8; 5] = [0x30, 3, 2, 1, 4];

async fn active_directory(
    connection: &mut Connection,
    account: &Account,
) -> Result<Rights, Unanswered> {
    let (entries, _) = connection
        .search(
            &account.address,
            ldap3::Scope::Base,
            "(objectClass=*)",
            &["allowedAttributesEffective", "nTSecurityDescriptor"],
            vec![control(DESCRIPTOR_PARTS, true, Some(ACCESS_LIST.to_vec()))],
        )
        .await?;
    let object = entries.into_iter().next().unwrap_or_default();
    // The root tells who we are: the account itself and every group of it.
    let me = connection
        .read("", &["tokenGroups"])
        .await?
        .unwrap_or_default();
    let mut who: Vec<Sid> = me
        .all("tokenGroups")
        .iter()
        .filter_map(|sid| Sid::parse(sid))
        .collect();
    let known = !who.is_empty();
    // Everyone, and Authenticated Users.
    who.push(Sid::well_known(1, &[0]));
    who.push(Sid::well_known(5, &[11]));
    let access = object
        .bytes("nTSecurityDescriptor")
        .and_then(|descriptor| protected::may_reset(descriptor, &who));
    let yes_or_no = |yes| if yes { Right::Yes } else { Right::No };
    let writes = |name: &str| yes_or_no(object.holds("allowedAttributesEffective", name));
    Ok(Rights {
        reset: access
            .as_ref()
            .filter(|access| known || access.granted)
            .map_or(Right::Unknown, |access| yes_or_no(access.granted)),
        unlock: writes("lockoutTime"),
        must_change: writes("pwdLastSet"),
        inheritance_off: access.map_or(Right::Unknown, |access| yes_or_no(access.inheritance_off)),
        admin_count: account.entry.number("adminCount").is_some_and(|n| n != 0),
        protected: account.protected,
    })
}
