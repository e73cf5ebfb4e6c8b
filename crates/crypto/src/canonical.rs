//! Joining fields to bytes without ambiguity.

/// Writes fields one after another so that two different lists of fields never give the same bytes.
///
/// Each field is a kind (one byte) and, where its length can vary, that length (64 bits, big-endian)
/// before the bytes. A reader could therefore take the fields apart again in exactly one way, which
/// is what makes it safe to hash or authenticate the result: `("ab", "c")` and `("a", "bc")` differ,
/// and so do an absent text and an empty one.
///
/// The result may hold what the fields held; it is wiped when it is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Canonical(zeroize::Zeroizing<Vec<u8>>);

const NOTHING: u8 = 0;
const BYTES: u8 = 1;
const TEXT: u8 = 2;
const NUMBER: u8 = 3;
const FLAG: u8 = 4;
const LIST: u8 = 5;

impl Canonical {
    /// Begins with the label of what is being written, so that two kinds of things never meet.
    #[must_use]
    pub fn new(label: &str) -> Self {
        Self::default().text(label)
    }

    /// Adds bytes.
    #[must_use]
    pub fn bytes(self, field: &[u8]) -> Self {
        self.sized(BYTES, field)
    }

    /// Adds a text, as UTF-8.
    #[must_use]
    pub fn text(self, field: &str) -> Self {
        self.sized(TEXT, field.as_bytes())
    }

    /// Adds a text that may be absent.
    #[must_use]
    pub fn maybe_text(self, field: Option<&str>) -> Self {
        match field {
            Some(text) => self.text(text),
            None => self.nothing(),
        }
    }

    /// Adds bytes that may be absent.
    #[must_use]
    pub fn maybe_bytes(self, field: Option<&[u8]>) -> Self {
        match field {
            Some(bytes) => self.bytes(bytes),
            None => self.nothing(),
        }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, field: i64) -> Self {
        self.0.push(NUMBER);
        self.0.extend_from_slice(&field.to_be_bytes());
        self
    }

    /// Adds a yes or a no.
    #[must_use]
    pub fn flag(mut self, field: bool) -> Self {
        self.0.extend_from_slice(&[FLAG, u8::from(field)]);
        self
    }

    /// Announces how many of the fields that follow belong together.
    #[must_use]
    pub fn list(mut self, length: usize) -> Self {
        self.0.push(LIST);
        self.0.extend_from_slice(&(length as u64).to_be_bytes());
        self
    }

    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn nothing(mut self) -> Self {
        self.0.push(NOTHING);
        self
    }

    fn sized(mut self, kind: u8, field: &[u8]) -> Self {
        self.0.push(kind);
        self.0
            .extend_from_slice(&(field.len() as u64).to_be_bytes());
        self.0.extend_from_slice(field);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    enum Field {
        Bytes(Vec<u8>),
        Text(String),
        Nothing,
        Number(i64),
        Flag(bool),
        List(usize),
    }

    fn field() -> impl Strategy<Value = Field> {
        // Few and short values, so that near misses are common.
        prop_oneof![
            prop::collection::vec(0u8..6, 0..12).prop_map(Field::Bytes),
            "[\\x00-\\x05a]{0,12}".prop_map(Field::Text),
            Just(Field::Nothing),
            (-2i64..300).prop_map(Field::Number),
            any::<bool>().prop_map(Field::Flag),
            (0usize..4).prop_map(Field::List),
        ]
    }

    fn encode(fields: &[Field]) -> Canonical {
        fields
            .iter()
            .fold(Canonical::default(), |to, field| match field {
                Field::Bytes(bytes) => to.bytes(bytes),
                Field::Text(text) => to.text(text),
                Field::Nothing => to.maybe_text(None),
                Field::Number(number) => to.number(*number),
                Field::Flag(flag) => to.flag(*flag),
                Field::List(length) => to.list(*length),
            })
    }

    /// Takes the bytes apart again: that this can be done is what makes the encoding unambiguous.
    fn decode(mut bytes: &[u8]) -> Vec<Field> {
        fn take<'a>(bytes: &mut &'a [u8], n: usize) -> &'a [u8] {
            let (head, tail) = bytes.split_at(n);
            *bytes = tail;
            head
        }
        fn word(bytes: &mut &[u8]) -> u64 {
            u64::from_be_bytes(take(bytes, 8).try_into().unwrap())
        }
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            fields.push(match take(&mut bytes, 1)[0] {
                NOTHING => Field::Nothing,
                NUMBER => Field::Number(word(&mut bytes) as i64),
                FLAG => Field::Flag(take(&mut bytes, 1)[0] == 1),
                LIST => Field::List(word(&mut bytes) as usize),
                kind => {
                    let length = word(&mut bytes) as usize;
                    let content = take(&mut bytes, length).to_vec();
                    if kind == BYTES {
                        Field::Bytes(content)
                    } else {
                        assert_eq!(kind, TEXT);
                        Field::Text(String::from_utf8(content).unwrap())
                    }
                }
            });
        }
        fields
    }

    proptest! {
        #[test]
        fn what_was_written_can_be_read_in_one_way_only(
            fields in prop::collection::vec(field(), 0..8)
        ) {
            prop_assert_eq!(decode(encode(&fields).as_bytes()), fields);
        }

        #[test]
        fn different_fields_give_different_bytes(
            a in prop::collection::vec(field(), 0..4),
            b in prop::collection::vec(field(), 0..4),
        ) {
            prop_assert_eq!(encode(&a) == encode(&b), a == b);
        }
    }

    #[test]
    fn a_byte_cannot_be_moved_from_one_field_to_the_next() {
        assert_ne!(
            Canonical::new("x").text("ab").text("c"),
            Canonical::new("x").text("a").text("bc")
        );
        assert_ne!(
            Canonical::new("x").text("ab"),
            Canonical::new("x").text("a").text("b")
        );
        assert_ne!(
            Canonical::new("x").text(""),
            Canonical::new("x").maybe_text(None)
        );
        assert_ne!(
            Canonical::new("x").text("a"),
            Canonical::new("x").bytes(b"a")
        );
        assert_ne!(Canonical::new("x"), Canonical::new("y"));
        assert_ne!(
            Canonical::new("x").maybe_bytes(Some(b"")),
            Canonical::new("x").maybe_bytes(None)
        );
    }
}
