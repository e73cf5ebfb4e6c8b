//! Scoring against banned terms, and the names of the user and the tenant (password specification,
//! *Banned passwords*).

use super::normalise::{fold_term, same};
use super::terms::{MAX_TERM_CHARS, MIN_TERM_CHARS, TermList};

/// Points that a password needs to be accepted (*Banned passwords*, 3).
pub const NEEDED_POINTS: u8 = 5;

/// Above this length even a password made only of the longest terms has [`NEEDED_POINTS`].
const LONGEST_UNDER: usize = (NEEDED_POINTS as usize - 1) * MAX_TERM_CHARS;

/// The two lists that every password is held against.
#[derive(Debug, Clone, Copy)]
pub struct BannedLists<'a> {
    /// The list that ships with the product: [`TermList::global`].
    pub global: &'a TermList,
    /// The tenant's own.
    pub custom: &'a TermList,
}

impl BannedLists<'_> {
    fn lists(&self) -> [&TermList; 2] {
        [self.global, self.custom]
    }

    /// Points of a folded password: the cover of terms and single characters with the fewest; a
    /// term at edit distance 1 covers the whole. Counting stops at [`NEEDED_POINTS`], which
    /// stands for *that many or more*.
    pub(super) fn points(&self, text: &[char]) -> u8 {
        let length = text.len();
        if length > LONGEST_UNDER {
            return NEEDED_POINTS;
        }
        if self.lists().iter().any(|list| list.contains_near(text)) {
            return 1;
        }
        // best[i]: the fewest points with which the first i characters can be covered.
        let mut best = [NEEDED_POINTS; LONGEST_UNDER + 1];
        best[0] = 0;
        for start in 0..length {
            let (Some(&before), Some(rest)) = (best.get(start), text.get(start..)) else {
                break;
            };
            // From here on nothing gets below the limit again, so nothing needs to be looked up.
            // This bounds the work for any password, however hostile.
            let points = before.saturating_add(1);
            if points >= NEEDED_POINTS {
                continue;
            }
            let mut cover = |chars: usize| {
                if let Some(end) = best.get_mut(start + chars) {
                    *end = points.min(*end);
                }
            };
            cover(1);
            for list in self.lists() {
                list.prefixes(rest, &mut cover);
            }
        }
        best.get(length).copied().unwrap_or(NEEDED_POINTS)
    }

    /// Whether the whole folded password is a banned term.
    pub(super) fn contains_whole(&self, text: &[char]) -> bool {
        self.lists().iter().any(|list| list.contains(text))
    }
}

/// The names that a password may not contain. Empty ones, and those under four characters, do not
/// count.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names<'a> {
    /// The user's given name.
    pub given: &'a str,
    /// The user's family name.
    pub family: &'a str,
    /// The part of the user principal name before the `@`.
    pub local_part: &'a str,
    /// The tenant's name.
    pub tenant: &'a str,
}

/// Which name was found in a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// The user's given name.
    Given,
    /// The user's family name.
    Family,
    /// The part of the user principal name before the `@`.
    LocalPart,
    /// The tenant's name.
    Tenant,
}

impl Names<'_> {
    fn folded(&self) -> impl Iterator<Item = (NameKind, Vec<char>)> {
        [
            (NameKind::Given, self.given),
            (NameKind::Family, self.family),
            (NameKind::LocalPart, self.local_part),
            (NameKind::Tenant, self.tenant),
        ]
        .into_iter()
        .map(|(kind, name)| (kind, fold_term(name.trim())))
        .filter(|(_, name)| name.len() >= MIN_TERM_CHARS)
    }

    /// The names that a folded password contains.
    pub(super) fn found_in(&self, text: &[char]) -> Vec<NameKind> {
        self.folded()
            .filter(|(_, name)| text.windows(name.len()).any(|part| reads(part, name)))
            .map(|(kind, _)| kind)
            .collect()
    }

    /// The names that a password is derived from: nothing but names, forwards or backwards, any
    /// number of times, and fewer than [`NEEDED_POINTS`] digits and symbols around or between them.
    ///
    /// `text` is `password`, folded, symbol by symbol.
    pub(super) fn derived_into(&self, password: &str, text: &[char]) -> Vec<NameKind> {
        let names: Vec<(NameKind, Vec<char>)> = self
            .folded()
            .flat_map(|(kind, name)| {
                let backwards = name.iter().rev().copied().collect();
                [(kind, name), (kind, backwards)]
            })
            .collect();
        // extra[i]: the fewest digits and symbols among the first i characters, if the others are
        // names. Behind it the name that was used last, to tell which.
        let mut extra: Vec<Option<(u8, Option<NameKind>)>> = vec![None; text.len() + 1];
        if let Some(first) = extra.first_mut() {
            *first = Some((0, None));
        }
        for (start, c) in password.chars().enumerate() {
            let Some((count, name)) = extra.get(start).copied().flatten() else {
                continue;
            };
            let mut reach = |end: usize, count: u8, name: Option<NameKind>| {
                if let Some(best) = extra.get_mut(end)
                    && count < NEEDED_POINTS
                    && best.is_none_or(|(fewest, known)| {
                        count < fewest || (count == fewest && known.is_none())
                    })
                {
                    *best = Some((count, name));
                }
            };
            if !c.is_alphabetic() {
                reach(start + 1, count + 1, name);
            }
            for (kind, folded) in &names {
                let end = start + folded.len();
                if text.get(start..end).is_some_and(|part| reads(part, folded)) {
                    reach(end, count, Some(*kind));
                }
            }
        }
        extra
            .last()
            .copied()
            .flatten()
            .and_then(|(_, name)| name)
            .into_iter()
            .collect()
    }
}

fn reads(part: &[char], name: &[char]) -> bool {
    part.len() == name.len() && part.iter().zip(name).all(|(a, b)| same(*a, *b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(terms: &[&str]) -> TermList {
        TermList::new(terms).unwrap()
    }

    fn points(password: &str, terms: &[&str]) -> u8 {
        let (global, custom) = (list(terms), list(&[]));
        BannedLists {
            global: &global,
            custom: &custom,
        }
        .points(&fold_term(password))
    }

    const SPEC: [&str; 3] = ["contoso", "blank", "abcdef"];

    #[test]
    fn the_examples_of_the_specification_hold() {
        assert_eq!(points("C0ntos0Blank12", &SPEC), 4);
        assert_eq!(points("ContoS0Bl@nkf9!", &SPEC), 5);
        for refused in ["abcdeg", "abcdefg", "abcde", "Bl@nK"] {
            assert_eq!(points(refused, &SPEC), 1, "{refused}");
        }
        let poll = Names {
            given: "Poll",
            ..Names::default()
        };
        assert_eq!(poll.found_in(&fold_term("p0LL23fb")), [NameKind::Given]);
    }

    #[test]
    fn terms_of_both_lists_count() {
        let (global, custom) = (list(&["contoso"]), list(&["blank"]));
        let lists = BannedLists {
            global: &global,
            custom: &custom,
        };
        assert_eq!(lists.points(&fold_term("C0ntos0Blank12")), 4);
        assert!(lists.contains_whole(&fold_term("C0NTOSO")));
        assert!(lists.contains_whole(&fold_term("bl@nk")));
        assert!(!lists.contains_whole(&fold_term("contoso1")));
    }

    #[test]
    fn overlapping_terms_are_covered_the_cheapest_way() {
        // Greedy from the left takes abcd and leaves five; the best cover is a plus the long term.
        assert_eq!(
            points("abcdefghi", &["abcd", "bcdefghi"]),
            1,
            "one edit away"
        );
        assert_eq!(points("xxbcdefghi", &["xxbc", "bcdefghi"]), 3);
    }

    #[test]
    fn both_readings_are_tried_for_each_character_by_itself() {
        for text in ["zz!l1ngoz", "zz1!1ngoz", "zzIl|ngoz", "zzi11ngoz"] {
            assert_eq!(points(text, &["ilingo"]), 4, "{text}");
        }
        assert_eq!(points("zzillngoz", &["ilingo"]), 5, "a plain l is no i");
    }

    #[test]
    fn a_password_longer_than_four_of_the_longest_terms_is_accepted_at_once() {
        let term = "abcdefghijklmnopqrstuvwx";
        assert_eq!(points(&term.repeat(4), &[term]), 4);
        assert_eq!(points(&format!("{}y", term.repeat(4)), &[term]), 5);
    }

    #[test]
    fn names_count_from_four_characters_and_with_both_readings() {
        let names = Names {
            given: "Ann",
            family: "Lind",
            local_part: "alind",
            tenant: "",
        };
        assert_eq!(names.found_in(&fold_term("xxannyy")), []);
        assert_eq!(names.found_in(&fold_term("xx1!NDyy")), [NameKind::Family]);
        assert_eq!(
            names.found_in(&fold_term("@l1nd")),
            [NameKind::Family, NameKind::LocalPart]
        );
    }

    #[test]
    fn a_derivative_is_names_and_fewer_than_five_digits_or_symbols() {
        let names = Names {
            given: "Adele",
            family: "Vance",
            local_part: "adelev",
            tenant: "Contoso",
        };
        let derived = |text: &str| !names.derived_into(text, &fold_term(text)).is_empty();
        for text in [
            "Contoso",
            "contoso2024",
            "C0nt0s0-C0nt0s0!",
            "adele.vance1",
            "osotnocosotnoc",
            "!Vance_Adele!1",
        ] {
            assert!(derived(text), "{text}");
        }
        for text in [
            "contoso20245",
            "my contoso horse",
            "contosox",
            "12",
            "",
            "1234",
            "adelevancey",
        ] {
            assert!(!derived(text), "{text}");
        }
    }

    /// The specification word for word, without cleverness.
    fn plainly(text: &[char], terms: &[Vec<char>]) -> usize {
        if text.is_empty() {
            return 0;
        }
        let with_terms = terms
            .iter()
            .filter(|term| text.len() >= term.len() && reads(&text[..term.len()], term))
            .map(|term| 1 + plainly(&text[term.len()..], terms));
        with_terms
            .chain([1 + plainly(&text[1..], terms)])
            .min()
            .unwrap()
    }

    proptest! {
        #[test]
        fn points_are_the_cheapest_cover(
            terms in proptest::collection::vec("[ab1il]{4,6}", 0..6),
            text in "[abil!1]{0,12}",
        ) {
            let global = TermList::new(&terms).unwrap();
            let custom = list(&[]);
            let folded: Vec<_> = terms.iter().map(|term| fold_term(term)).collect();
            let text = fold_term(&text);
            let expected = if global.contains_near(&text) { 1 } else { plainly(&text, &folded).min(5) };
            let lists = BannedLists { global: &global, custom: &custom };
            prop_assert_eq!(usize::from(lists.points(&text)), expected);
        }
    }
}
