//! As much of BER as control values, certificates and descriptors need.
//!
//! `lber` builds trees by recursion and is made for answers that are what they should be. This one
//! reads a value at a time, never recurses, and gives nothing for what it does not understand.

use zeroize::Zeroizing;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Reads values one after another.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next value: its tag (one byte, with class and form) and its content.
    pub(crate) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The content of the next value if it has this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (kind, content) = ahead.any()?;
        if !kind.eq(&tag) {
            return None;
        }
        *self = ahead;
        Some(content)
    }

    /// The values inside the next value if it has this tag.
    pub(crate) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Reader)
    }

    /// The next value as a number, if it has this tag.
    pub(crate) fn number(&mut self, tag: u8) -> Option<i64> {
        number(self.take(tag)?)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A two's complement number of at most eight bytes.
pub(crate) fn number(content: &[u8]) -> Option<i64> {
    let first = *content.first()?;
    if content.len() > 8 {
        return None;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    Some(
        content
            .iter()
            .fold(start, |value, &byte| (value << 8) | i64::from(byte)),
    )
}

/// A definite length and what follows it. Leading zeros are allowed: Active Directory writes four
/// bytes always.
pub(crate) fn length(input: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = input.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 8 {
        return None;
    }
    let (bytes, rest) = rest.split_at_checked(count)?;
    let value = bytes
        .iter()
        .fold(0_u64, |value, &byte| (value << 8) | u64::from(byte));
    Some((usize::try_from(value).ok()?, rest))
}

/// Appends a value. Its bytes may hold a password: the caller's buffer is wiped when it is dropped.
pub(crate) fn put(into: &mut Zeroizing<Vec<u8>>, tag: u8, content: &[u8]) {
    // All at once, so that a growing buffer leaves no copies behind.
    let mut grown = Zeroizing::new(Vec::with_capacity(into.len() + content.len() + 10));
    grown.extend_from_slice(into);
    grown.push(tag);
    let length = content.len();
    if length < 0x80 {
        grown.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        grown.push(0x80 | (bytes.len() - zeros) as u8);
        grown.extend(bytes.iter().skip(zeros));
    }
    grown.extend_from_slice(content);
    *into = grown;
}

/// The content of a number, as short as possible.
pub(crate) fn number_content(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let mut start = 0;
    while start < 7 {
        let (this, next) = (bytes[start], bytes[start + 1]);
        if (this == 0 && next < 0x80) || (this == 0xff && next >= 0x80) {
            start += 1;
        } else {
            break;
        }
    }
    bytes[start..].to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_long_form_of_active_directory_is_read() {
        let mut reader = Reader(&[0x30, 0x84, 0, 0, 0, 3, 2, 1, 1]);
        let mut inside = reader.inside(SEQUENCE).unwrap();
        assert_eq!(inside.number(INTEGER), Some(1));
        assert!(inside.is_empty() && reader.is_empty());
    }

    #[test]
    fn what_is_cut_short_or_endless_is_nothing() {
        for wrong in [
            &[][..],
            &[0x30],
            &[0x30, 0x80, 0, 0],
            &[0x30, 5, 1],
            &[0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Reader(wrong).any().is_none(), "{wrong:02x?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag: u8, content in proptest::collection::vec(any::<u8>(), 0..400), n: i64) {
            let mut buffer = Zeroizing::new(Vec::new());
            put(&mut buffer, tag, &content);
            put(&mut buffer, INTEGER, &number_content(n));
            let mut reader = Reader(&buffer);
            prop_assert_eq!(reader.any(), Some((tag, &content[..])));
            prop_assert_eq!(reader.number(INTEGER), Some(n));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader(&bytes);
            while let Some((_, content)) = reader.any() {
                let _ = number(content);
            }
        }
    }
}
