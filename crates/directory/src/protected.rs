//! Who is protected, and what an access control list allows, from the binary forms of [MS-DTYP].

use crate::entry::Entry;

/// A security identifier ([MS-DTYP] 2.4.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

impl Sid {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (sid, rest) = Self::parse_first(bytes)?;
        rest.is_empty().then_some(sid)
    }

    fn parse_first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = bytes.split_at_checked(8)?;
        let [revision, count, authority @ ..] = head else {
            return None;
        };
        if *revision != 1 || *count > 15 {
            return None;
        }
        let authority = authority
            .iter()
            .fold(0, |value, &byte| (value << 8) | u64::from(byte));
        let (parts, rest) = rest.split_at_checked(usize::from(*count) * 4)?;
        let parts = parts
            .chunks_exact(4)
            .filter_map(|part| Some(u32::from_le_bytes(part.try_into().ok()?)))
            .collect();
        Some((Self { authority, parts }, rest))
    }

    /// One of the well-known ones below authority 1 or 5.
    pub(crate) fn well_known(authority: u64, parts: &[u32]) -> Self {
        Self {
            authority,
            parts: parts.to_vec(),
        }
    }

    /// Another one of the same domain.
    pub(crate) fn sibling(&self, rid: u32) -> Option<Self> {
        let (_, domain) = self.parts.split_last()?;
        let mut parts = domain.to_vec();
        parts.push(rid);
        Some(Self {
            authority: self.authority,
            parts,
        })
    }

    /// The relative id, if this is one of a domain: `S-1-5-21-a-b-c-rid`.
    fn rid(&self) -> Option<u32> {
        match (self.authority, self.parts.as_slice()) {
            (5, [21, _, _, _, rid]) => Some(*rid),
            _ => None,
        }
    }

    fn is_protected_group(&self) -> bool {
        match (self.authority, self.parts.as_slice()) {
            (5, [32, rid]) => BUILT_IN.contains(rid),
            _ => self.rid().is_some_and(|rid| OF_A_DOMAIN.contains(&rid)),
        }
    }

    fn is_protected_user(&self) -> bool {
        self.rid().is_some_and(|rid| USERS.contains(&rid))
    }
}

impl std::fmt::Display for Sid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

/// Administrators, Account, Server, Print and Backup Operators, Replicator: `S-1-5-32-…`. These and
/// the next are what Windows protects: appendix C of Microsoft's guide to securing Active Directory.
const BUILT_IN: [u32; 6] = [544, 548, 549, 550, 551, 552];

/// Domain Admins, Domain Controllers, Schema Admins, Enterprise Admins, Read-only Domain
/// Controllers, Key Admins, Enterprise Key Admins.
const OF_A_DOMAIN: [u32; 7] = [512, 516, 518, 519, 521, 526, 527];

/// Administrator and krbtgt.
const USERS: [u32; 2] = [500, 502];

/// Whether an account is protected, as far as its own attributes tell. None: the groups cannot be
/// seen.
pub(crate) fn is_protected(user: &Entry) -> Option<bool> {
    if user.number("adminCount").is_some_and(|count| count != 0) {
        return Some(true);
    }
    let own = Sid::parse(user.bytes("objectSid")?)?;
    if own.is_protected_user() {
        return Some(true);
    }
    let primary = u32::try_from(user.number("primaryGroupID")?).ok()?;
    if OF_A_DOMAIN.contains(&primary) {
        return Some(true);
    }
    if !user.has("tokenGroups") {
        return None;
    }
    for group in user.all("tokenGroups") {
        if Sid::parse(group)?.is_protected_group() {
            return Some(true);
        }
    }
    Some(false)
}

/// The protected groups that a user of this domain can be in.
pub(crate) fn groups(user: &Sid) -> Vec<Sid> {
    BUILT_IN
        .iter()
        .map(|rid| Sid::well_known(5, &[32, *rid]))
        .chain(OF_A_DOMAIN.iter().filter_map(|rid| user.sibling(*rid)))
        .collect()
}

/// What a descriptor says about one extended right.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The right is granted.
    pub(crate) granted: bool,
    /// Rights of the container are not inherited (`SE_DACL_PROTECTED`).
    pub(crate) inheritance_off: bool,
}

/// `00299570-246d-11d0-a768-00aa006e0529`, *Reset Password* ([MS-ADTS] 5.1.3.2.1), as in a descriptor.
const RESET_PASSWORD: [u8; 16] = [
    0x70, 0x95, 0x29, 0x00, 0x6d, 0x24, 0xd0, 0x11, 0xa7, 0x68, 0x00, 0xaa, 0x00, 0x6e, 0x05, 0x29,
];

/// Whether somebody with these identities may reset the password of an object with this
/// self-relative security descriptor ([MS-DTYP] 2.4.6). None: not a descriptor.
pub(crate) fn may_reset(descriptor: &[u8], who: &[Sid]) -> Option<Access> {
    const CONTROL_ACCESS: u32 = 0x100;
    const GENERIC_ALL: u32 = 0x1000_0000;
    const INHERIT_ONLY: u8 = 8;
    let field = |at: usize| -> Option<usize> {
        let bytes = descriptor.get(at..at + 4)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let control = u16::from_le_bytes(descriptor.get(2..4)?.try_into().ok()?);
    let inheritance_off = control & 0x1000 != 0;
    let at = field(16)?;
    if control & 4 == 0 || at == 0 {
        // Without a list everything is granted.
        return Some(Access {
            granted: true,
            inheritance_off,
        });
    }
    let list = descriptor.get(at..)?;
    let count = u16::from_le_bytes(list.get(4..6)?.try_into().ok()?);
    let mut rest = list.get(8..)?;
    for _ in 0..count {
        let [kind, flags, low, high, ..] = *rest else {
            return None;
        };
        let size = usize::from(u16::from_le_bytes([low, high]));
        let (entry, following) = rest.split_at_checked(size)?;
        rest = following;
        let mask = u32::from_le_bytes(entry.get(4..8)?.try_into().ok()?);
        let with_object = matches!(kind, 5 | 6);
        let mut at = 8;
        let mut concerns = true;
        if with_object {
            let present = u32::from_le_bytes(entry.get(8..12)?.try_into().ok()?);
            at = 12;
            if present & 1 != 0 {
                concerns = entry.get(at..at + 16)? == RESET_PASSWORD;
                at += 16;
            }
            if present & 2 != 0 {
                at += 16;
            }
        }
        let wanted = if matches!(kind, 0 | 1) {
            CONTROL_ACCESS | GENERIC_ALL
        } else {
            CONTROL_ACCESS
        };
        if !matches!(kind, 0 | 1 | 5 | 6) || flags & INHERIT_ONLY != 0 || mask & wanted == 0 {
            continue;
        }
        let (trustee, _) = Sid::parse_first(entry.get(at..)?)?;
        if concerns && who.contains(&trustee) {
            // The first entry that concerns the right decides.
            return Some(Access {
                granted: matches!(kind, 0 | 5),
                inheritance_off,
            });
        }
    }
    Some(Access {
        granted: false,
        inheritance_off,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sid(authority: u8, parts: &[u32]) -> Vec<u8> {
        let mut bytes = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, authority];
        for part in parts {
            bytes.extend(part.to_le_bytes());
        }
        bytes
    }

    fn user(rid: u32, groups: &[Vec<u8>]) -> Entry {
        let groups: Vec<&[u8]> = groups.iter().map(Vec::as_slice).collect();
        Entry::made(&[
            ("objectSid", &[&sid(5, &[21, 1, 2, 3, rid])]),
            ("primaryGroupID", &[b"513"]),
            ("tokenGroups", &groups),
        ])
    }

    #[test]
    fn s30_every_protected_group_protects() {
        for rid in BUILT_IN {
            assert_eq!(is_protected(&user(1104, &[sid(5, &[32, rid])])), Some(true));
        }
        for rid in OF_A_DOMAIN {
            let group = sid(5, &[21, 9, 9, 9, rid]);
            assert_eq!(is_protected(&user(1104, &[group])), Some(true), "{rid}");
        }
        for rid in USERS {
            assert_eq!(is_protected(&user(rid, &[])), Some(true));
        }
        let usual = [
            sid(5, &[21, 1, 2, 3, 513]),
            sid(5, &[32, 545]),
            sid(1, &[0]),
        ];
        assert_eq!(is_protected(&user(1104, &usual)), Some(false));
    }

    #[test]
    fn s30_what_cannot_be_seen_is_not_called_unprotected() {
        let known = sid(5, &[21, 1, 2, 3, 1104]);
        let without_groups =
            Entry::made(&[("objectSid", &[&known]), ("primaryGroupID", &[b"513"])]);
        assert_eq!(is_protected(&without_groups), None);
        assert_eq!(is_protected(&Entry::default()), None);
        assert_eq!(is_protected(&user(1104, &[vec![1, 2, 3]])), None);
        assert_eq!(
            is_protected(&Entry::made(&[("adminCount", &[b"1"])])),
            Some(true)
        );
    }

    fn descriptor(control: u16, entries: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![1, 0];
        bytes.extend((control | 0x8004).to_le_bytes());
        bytes.extend([0; 12]);
        bytes.extend(20_u32.to_le_bytes());
        bytes.extend([4, 0, 0, 0]);
        bytes.extend((entries.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(entries.iter().flatten());
        bytes
    }

    fn entry(kind: u8, flags: u8, object: Option<[u8; 16]>, who: &[u8]) -> Vec<u8> {
        let mut body = 0x100_u32.to_le_bytes().to_vec();
        if matches!(kind, 5 | 6) {
            body.extend(u32::from(object.is_some()).to_le_bytes());
            body.extend(object.iter().flatten());
        }
        body.extend(who);
        let mut bytes = vec![kind, flags];
        bytes.extend(((body.len() + 4) as u16).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn the_first_entry_about_the_right_decides() {
        let me = sid(5, &[21, 1, 2, 3, 1200]);
        let who = [Sid::parse(&me).unwrap()];
        let granted =
            |entries: &[Vec<u8>]| may_reset(&descriptor(0, entries), &who).unwrap().granted;
        let allow = entry(5, 0, Some(RESET_PASSWORD), &me);
        assert!(granted(std::slice::from_ref(&allow)));
        assert!(granted(&[entry(0, 0, None, &me)]));
        assert!(granted(&[entry(5, 0, None, &me)]));
        assert!(!granted(&[]));
        assert!(!granted(&[entry(5, 8, Some(RESET_PASSWORD), &me)]));
        assert!(!granted(&[entry(5, 0, Some([7; 16]), &me)]));
        assert!(!granted(&[entry(
            5,
            0,
            Some(RESET_PASSWORD),
            &sid(5, &[21, 1, 2, 3, 9])
        )]));
        assert!(!granted(&[
            entry(6, 0, Some(RESET_PASSWORD), &me),
            allow.clone()
        ]));
        let off = may_reset(&descriptor(0x1000, &[allow]), &who).unwrap();
        assert!(off.inheritance_off && off.granted);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Sid::parse(&bytes);
            let _ = may_reset(&bytes, &[Sid::well_known(1, &[0])]);
            let mut framed = descriptor(0, &[]);
            framed[24] = 3;
            framed.extend(&bytes);
            let _ = may_reset(&framed, &[Sid::well_known(1, &[0])]);
        }
    }
}
