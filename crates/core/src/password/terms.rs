//! A set of banned terms, as two automata: one of the terms, one of the terms written backwards.
//!
//! The automata are finite-state transducers which are walked where they lie, byte by byte, so the
//! list that ships with the product is used straight from the program file: it costs no heap and
//! no time at start.

use std::borrow::Cow;
use std::sync::OnceLock;

use fst::raw::{CompiledAddr, Fst, Node};

use super::normalise::{fold_term, readings};

/// Shortest term that can be banned, in characters (password specification, *Banned passwords*).
pub const MIN_TERM_CHARS: usize = 4;

/// Longest term of a list, in characters. It bounds the work for a hostile password: what is longer
/// than four terms of this length scores at least 5 without a look.
pub const MAX_TERM_CHARS: usize = 24;

static GLOBAL_FORWARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/banned.fst"));
static GLOBAL_BACKWARD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/banned-backward.fst"));

type Automaton = Fst<Cow<'static, [u8]>>;

/// A compiled list of banned terms, folded as passwords are.
pub struct TermList {
    forward: Automaton,
    backward: Automaton,
}

/// A term which cannot be in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTerm {
    /// Its length is not between [`MIN_TERM_CHARS`] and [`MAX_TERM_CHARS`].
    #[error("term {index} of the list has {chars} characters, and 4 to 24 are possible")]
    Length {
        /// Its place in the list, from 0.
        index: usize,
        /// How many characters it has.
        chars: usize,
    },
    /// The list is too large to be compiled.
    #[error("the list is too large")]
    TooLarge,
}

impl TermList {
    /// The list that ships with the product (`data/banned.txt`).
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<TermList> = OnceLock::new();
        GLOBAL.get_or_init(|| {
            match (
                Fst::new(Cow::Borrowed(GLOBAL_FORWARD)),
                Fst::new(Cow::Borrowed(GLOBAL_BACKWARD)),
            ) {
                (Ok(forward), Ok(backward)) => Self { forward, backward },
                _ => unreachable!("the build script wrote these bytes with the same library"),
            }
        })
    }

    /// Compiles a list; case, diacritics and substitutions are folded, and twins become one.
    /// Compile a tenant's list when it changes, not for every password.
    pub fn new<T: AsRef<str>>(terms: impl IntoIterator<Item = T>) -> Result<Self, BadTerm> {
        let mut forward = Vec::new();
        let mut backward = Vec::new();
        for (index, term) in terms.into_iter().enumerate() {
            let folded = fold_term(term.as_ref());
            let chars = folded.len();
            if !(MIN_TERM_CHARS..=MAX_TERM_CHARS).contains(&chars) {
                return Err(BadTerm::Length { index, chars });
            }
            forward.push(folded.iter().collect::<String>());
            backward.push(folded.iter().rev().collect::<String>());
        }
        Ok(Self {
            forward: automaton(forward)?,
            backward: automaton(backward)?,
        })
    }

    /// How many different terms it has after folding.
    pub fn len(&self) -> usize {
        self.forward.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.forward.is_empty()
    }

    /// Calls `found` with the length of every term that the text begins with.
    pub(super) fn prefixes(&self, text: &[char], found: &mut impl FnMut(usize)) {
        let root = self.forward.root();
        walk_prefixes(&self.forward, &root, Text::forward(text), 0, found);
    }

    /// Whether the text is a term.
    pub(super) fn contains(&self, text: &[char]) -> bool {
        text.len() <= MAX_TERM_CHARS
            && matches_whole(&self.forward, &self.forward.root(), Text::forward(text))
    }

    /// Whether a term is at edit distance at most 1 of the whole text: one character replaced,
    /// added or left out.
    ///
    /// The edit lies in the second half, and then the first half leads straight to a few terms; or
    /// in the first half, and then the second half does so backwards. Either way the wide top of
    /// the automaton is crossed without branching.
    pub(super) fn contains_near(&self, text: &[char]) -> bool {
        if text.is_empty() || text.len() > MAX_TERM_CHARS + 1 {
            return false;
        }
        let half = text.len() / 2;
        let ways = [
            (&self.forward, Text::forward(text), half),
            (&self.backward, Text::backward(text), text.len() - half),
        ];
        ways.into_iter()
            .any(|(fst, text, exact)| matches_near(fst, &fst.root(), text, exact))
    }
}

impl std::fmt::Debug for TermList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TermList({} terms)", self.len())
    }
}

fn automaton(mut terms: Vec<String>) -> Result<Automaton, BadTerm> {
    terms.sort_unstable();
    terms.dedup();
    let bytes = fst::Set::from_iter(terms)
        .map_err(|_| BadTerm::TooLarge)?
        .into_fst()
        .into_inner();
    Fst::new(Cow::Owned(bytes)).map_err(|_| BadTerm::TooLarge)
}

/// What is left of a text, read from either end.
#[derive(Clone, Copy)]
struct Text<'t> {
    symbols: &'t [char],
    backward: bool,
}

impl<'t> Text<'t> {
    const fn forward(symbols: &'t [char]) -> Self {
        Self {
            symbols,
            backward: false,
        }
    }

    const fn backward(symbols: &'t [char]) -> Self {
        Self {
            symbols,
            backward: true,
        }
    }

    fn next(self) -> Option<(char, Self)> {
        let (symbol, symbols) = if self.backward {
            self.symbols.split_last()
        } else {
            self.symbols.split_first()
        }?;
        Some((*symbol, Self { symbols, ..self }))
    }
}

/// The node behind one character, which is up to four bytes.
fn step<'f>(fst: &'f Automaton, node: &Node<'f>, symbol: char) -> Option<Node<'f>> {
    let mut buffer = [0; 4];
    let mut node = *node;
    for byte in symbol.encode_utf8(&mut buffer).bytes() {
        node = fst.node(node.transition_addr(node.find_input(byte)?));
    }
    Some(node)
}

// The recursion of the functions below is as deep as the longest term at most: every call follows
// one more character of a term.

fn walk_prefixes<'f>(
    fst: &'f Automaton,
    node: &Node<'f>,
    text: Text<'_>,
    length: usize,
    found: &mut impl FnMut(usize),
) {
    if node.is_final() {
        found(length);
    }
    let Some((symbol, rest)) = text.next() else {
        return;
    };
    for reading in readings(symbol) {
        if let Some(next) = step(fst, node, reading) {
            walk_prefixes(fst, &next, rest, length + 1, found);
        }
    }
}

fn matches_whole<'f>(fst: &'f Automaton, node: &Node<'f>, text: Text<'_>) -> bool {
    let Some((symbol, rest)) = text.next() else {
        return node.is_final();
    };
    readings(symbol)
        .any(|reading| step(fst, node, reading).is_some_and(|n| matches_whole(fst, &n, rest)))
}

/// Whether a term behind this node is the text but for one edit, after `exact` symbols without any.
fn matches_near<'f>(fst: &'f Automaton, node: &Node<'f>, text: Text<'_>, exact: usize) -> bool {
    let Some((symbol, rest)) = text.next() else {
        return node.is_final() || any_child(fst, node, &mut |child| child.is_final());
    };
    if readings(symbol).any(|reading| {
        step(fst, node, reading)
            .is_some_and(|n| matches_near(fst, &n, rest, exact.saturating_sub(1)))
    }) {
        return true;
    }
    if exact > 0 {
        return false;
    }
    // The text has one character more, another character, or one fewer than the term.
    matches_whole(fst, node, rest)
        || any_child(fst, node, &mut |child| {
            matches_whole(fst, child, rest) || matches_whole(fst, child, text)
        })
}

/// Whether the test holds for any node one whole character on.
fn any_child<'f>(
    fst: &'f Automaton,
    node: &Node<'f>,
    test: &mut impl FnMut(&Node<'f>) -> bool,
) -> bool {
    node.transitions().any(|transition| {
        let following = match transition.inp {
            0xF0.. => 3,
            0xE0.. => 2,
            0xC0.. => 1,
            _ => 0,
        };
        any_after_bytes(fst, transition.addr, following, test)
    })
}

fn any_after_bytes<'f>(
    fst: &'f Automaton,
    addr: CompiledAddr,
    bytes: u8,
    test: &mut impl FnMut(&Node<'f>) -> bool,
) -> bool {
    let node = fst.node(addr);
    if bytes == 0 {
        return test(&node);
    }
    node.transitions()
        .any(|t| any_after_bytes(fst, t.addr, bytes - 1, test))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::password::normalise::same;

    fn near(list: &TermList, text: &str) -> bool {
        list.contains_near(&fold_term(text))
    }

    /// Edit distance with the two readings, by the textbook table.
    fn distance(a: &[char], b: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let replaced = diagonal + usize::from(!same(*x, *y));
                diagonal = row[j + 1];
                row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
            }
        }
        row[b.len()]
    }

    #[test]
    fn a_term_has_four_to_twenty_four_characters() {
        let bad = |chars| BadTerm::Length { index: 1, chars };
        for (length, expected) in [
            (3, Err(bad(3))),
            (4, Ok(2)),
            (24, Ok(2)),
            (25, Err(bad(25))),
        ] {
            let terms = ["other".to_owned(), "é".repeat(length)];
            assert_eq!(
                TermList::new(terms).map(|list| list.len()),
                expected,
                "{length}"
            );
        }
    }

    #[test]
    fn terms_that_fold_alike_are_one() {
        assert_eq!(
            TermList::new(["Contoso", "C0ntos0", "contosö"])
                .unwrap()
                .len(),
            1
        );
        assert!(TermList::new(<[&str; 0]>::default()).unwrap().is_empty());
    }

    #[test]
    fn one_edit_anywhere_is_near_and_two_are_not() {
        let list = TermList::new(["abcdef", "пароль", "t1ger"]).unwrap();
        for text in [
            "abcdef", "abcdeg", "abcdefg", "abcde", "xbcdef", "xabcdef", "bcdef", "abxdef",
        ] {
            assert!(near(&list, text), "{text}");
        }
        for text in [
            "порол",
            "пaроль",
            "паролья",
            "ароль",
            "tiger",
            "tlger",
            "t!gers",
        ] {
            assert_eq!(near(&list, text), text != "порол", "{text}");
        }
        for text in ["", "abcd", "abcdxx", "abcdefgh", "ab", "badcef"] {
            assert!(!near(&list, text), "{text}");
        }
    }

    #[test]
    fn the_shipped_list_has_at_least_forty_thousand_folded_terms() {
        let text = include_str!("../../data/banned.txt");
        let terms: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("# "))
            .collect();
        assert!(terms.len() >= 40_000, "{}", terms.len());
        assert_eq!(TermList::global().len(), terms.len());
        for term in &terms {
            let folded: String = fold_term(term).into_iter().collect();
            assert_eq!(*term, folded);
            assert!(
                (MIN_TERM_CHARS..=MAX_TERM_CHARS).contains(&term.chars().count()),
                "{term}"
            );
            assert!(TermList::global().contains(&fold_term(term)), "{term}");
        }
        assert!(terms.is_sorted_by(|a, b| a < b));
    }

    proptest! {
        #[test]
        fn nearness_is_edit_distance_at_most_one(
            terms in proptest::collection::vec("[abil1é]{4,9}", 1..8),
            text in "[abil1é]{0,10}",
        ) {
            let list = TermList::new(&terms).unwrap();
            let text = fold_term(&text);
            let expected = !text.is_empty()
                && terms.iter().any(|term| distance(&text, &fold_term(term)) <= 1);
            prop_assert_eq!(list.contains_near(&text), expected);
        }
    }
}
