use std::collections::HashMap;

use ldap3::{ResultEntry, SearchEntry};
use uuid::Uuid;

use crate::Anchor;
use crate::settings::Kind;

/// An object as a search gave it. Names of attributes do not depend on case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    attributes: HashMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    /// Takes the library's form apart. It panics on one of the wrong shape, so this is called only
    /// where a panic ends a task.
    pub(crate) fn read(entry: ResultEntry) -> Self {
        let entry = SearchEntry::construct(entry);
        let mut attributes: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        // A value is in one or the other map by whether its bytes happen to be UTF-8.
        for (name, values) in entry.attrs {
            attributes
                .entry(name.to_ascii_lowercase())
                .or_default()
                .extend(values.into_iter().map(String::into_bytes));
        }
        for (name, values) in entry.bin_attrs {
            attributes
                .entry(name.to_ascii_lowercase())
                .or_default()
                .extend(values);
        }
        Self {
            dn: entry.dn,
            attributes,
        }
    }

    #[cfg(test)]
    pub(crate) fn made(attributes: &[(&str, &[&[u8]])]) -> Self {
        Self {
            dn: "cn=made".into(),
            attributes: attributes
                .iter()
                .map(|(name, values)| {
                    let values = values.iter().map(|value| value.to_vec()).collect();
                    (name.to_ascii_lowercase(), values)
                })
                .collect(),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(&name.to_ascii_lowercase())
    }

    pub(crate) fn all(&self, name: &str) -> &[Vec<u8>] {
        self.attributes
            .get(&name.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// A piece of a long list of values: the number of its last one, none if that is the end, and the
    /// values.
    pub(crate) fn range(&self, name: &str) -> Option<(Option<u32>, &[Vec<u8>])> {
        let prefix = format!("{};range=", name.to_ascii_lowercase());
        self.attributes.iter().find_map(|(found, values)| {
            let (_, end) = found.strip_prefix(&prefix)?.split_once('-')?;
            Some((end.parse().ok(), values.as_slice()))
        })
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.all(name).first().map(Vec::as_slice)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(name)?).ok()
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|text| text.eq_ignore_ascii_case("TRUE"))
    }

    /// Whether one of the values is this text, in any case.
    pub(crate) fn holds(&self, name: &str, value: &str) -> bool {
        self.all(name)
            .iter()
            .any(|found| found.eq_ignore_ascii_case(value.as_bytes()))
    }

    pub(crate) fn anchor(&self, kind: Kind) -> Option<Anchor> {
        match kind {
            Kind::ActiveDirectory => Anchor::from_object_guid(self.bytes("objectGUID")?),
            Kind::Ldap => Uuid::try_parse(self.text("entryUUID")?)
                .ok()
                .map(Anchor::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_comes_in_pieces() {
        let piece = |name| {
            Entry::made(&[(name, &[b"a"])])
                .range("Member")
                .map(|(end, _)| end)
        };
        assert_eq!(piece("member;range=0-1499"), Some(Some(1499)));
        assert_eq!(piece("member;range=1500-*"), Some(None));
        assert_eq!(piece("member"), None);
    }
}
