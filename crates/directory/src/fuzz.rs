//! For the programs in `fuzz/`, and in no other build: the readers of what servers say, from one piece
//! of text or bytes.

use ldap3::LdapResult;
use ldap3::controls::{Control, RawControl};

use crate::answer::{PPOLICY, Refusal};
use crate::ber::{self, Reader};
use crate::connection::DIRSYNC;
use crate::guard::Framer;
use crate::protected::{self, Sid};
use crate::sync::detect::dirsync_answer;
use crate::{Cursor, certificate};

/// Reads bytes as everything that they could be: a message on the line, BER, a certificate, a security
/// descriptor, a control, an answer's text and code, a time, a cursor.
///
/// # Panics
/// If a reader is wrong: that is what is looked for.
pub fn whatever_a_server_says(data: &[u8]) {
    let mut framer = Framer::new(1 << 16);
    // In two pieces, as a network brings it.
    let (first, second) = data.split_at(data.len() / 2);
    framer.push(first);
    let early = framer.whole();
    framer.push(second);
    let late = framer.whole();
    if let (Ok(early), Ok(late)) = (early, late) {
        assert!(early.len() + late.len() <= data.len());
    }
    let mut reader = Reader(data);
    while let Some((_, content)) = reader.any() {
        let _ = ber::number(content);
    }
    let _ = certificate::expires(data);
    let _ = Sid::parse(data);
    let _ = protected::may_reset(data, &[Sid::well_known(1, &[0])]);
    let text = String::from_utf8_lossy(data);
    let _ = certificate::generalized(&text);
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
    let answer = |oid: &str| LdapResult {
        rc: data.first().copied().unwrap_or_default().into(),
        matched: String::new(),
        text: text.chars().take(300).collect(),
        refs: Vec::new(),
        ctrls: vec![Control(
            None,
            RawControl {
                ctype: oid.into(),
                crit: false,
                val: Some(data.get(1..).unwrap_or_default().to_vec()),
            },
        )],
    };
    let refusal = Refusal::new(&answer(PPOLICY), &["Geheim-Pass-1!"]);
    assert!(!refusal.text.contains("Geheim-Pass-1!"));
    let _ = refusal.of_active_directory();
    let _ = refusal.of_ldap(true);
    let _ = refusal.of_a_search();
    let _ = refusal.of_a_bind_at_active_directory();
    let _ = refusal.of_a_bind_at_ldap();
    let _ = dirsync_answer(&answer(DIRSYNC));
}
