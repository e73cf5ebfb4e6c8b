//! What the list that ships with the product refuses and lets pass.

use super::{BannedLists, Names, PasswordPolicy, TermList, Violation, check, points};

/// Ordinary words, written down without a look at the list: many of them are on it.
const WORDS: [&str; 96] = [
    "anchor", "apple", "arrow", "autumn", "barrel", "basket", "beach", "bottle", "branch",
    "bridge", "bucket", "butter", "candle", "canyon", "carbon", "castle", "cement", "cherry",
    "circle", "cloud", "coffee", "copper", "cotton", "cradle", "desert", "dinner", "donkey",
    "dragon", "engine", "falcon", "feather", "fiddle", "finger", "forest", "fossil", "garden",
    "garlic", "glacier", "guitar", "hammer", "harbour", "helmet", "hollow", "honey", "horse",
    "island", "jacket", "jungle", "kettle", "kitchen", "ladder", "lantern", "lemon", "lizard",
    "marble", "market", "meadow", "mirror", "monkey", "mountain", "needle", "novel", "ocean",
    "orange", "oyster", "paper", "pebble", "pencil", "pepper", "pillow", "planet", "pocket",
    "potato", "puzzle", "rabbit", "ribbon", "river", "rocket", "saddle", "salmon", "scarf",
    "shadow", "silver", "spider", "stable", "summer", "table", "thunder", "ticket", "tunnel",
    "valley", "velvet", "violin", "walnut", "window", "winter",
];

/// Fixed numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}

/// How many of 2000 made-up passwords have the points they need.
fn accepted(mut make: impl FnMut(&mut Numbers) -> String) -> usize {
    let none = TermList::new(<[&str; 0]>::default()).unwrap();
    let lists = BannedLists {
        global: TermList::global(),
        custom: &none,
    };
    let mut numbers = Numbers(7);
    (0..2000)
        .filter(|_| points(&make(&mut numbers), &lists) == 5)
        .count()
}

fn phrase(numbers: &mut Numbers, words: usize, between: &str) -> String {
    let words: Vec<_> = (0..words)
        .map(|_| WORDS[numbers.below(WORDS.len())])
        .collect();
    words.join(between)
}

#[test]
fn what_everybody_tries_first_is_refused() {
    let none = TermList::new(<[&str; 0]>::default()).unwrap();
    let lists = BannedLists {
        global: TermList::global(),
        custom: &none,
    };
    for candidate in [
        "Password1",
        "P@ssw0rd!",
        "P@$$w0rd123",
        "Qwerty123!",
        "Iloveyou2!",
        "Welcome1",
        "Summer2024",
        "Dragon12!",
        "Letmein!1",
        "Monkey!23",
        "Abc12345",
        "1q2w3e4R",
        "Michael1!",
    ] {
        let violations = check(
            candidate,
            &PasswordPolicy::entra_like(),
            &Names::default(),
            &lists,
        );
        assert!(
            matches!(violations[..], [Violation::Banned { .. }]),
            "{candidate}: {violations:?}"
        );
    }
}

#[test]
fn random_passwords_of_twelve_characters_are_accepted() {
    let random = accepted(|numbers| {
        (0..12)
            .map(|_| char::from(b'!' + numbers.below(94) as u8))
            .collect()
    });
    assert_eq!(random, 2000);
}

#[test]
fn passphrases_of_four_words_with_spaces_or_five_without_are_accepted() {
    assert_eq!(accepted(|numbers| phrase(numbers, 4, " ")), 2000);
    assert_eq!(accepted(|numbers| phrase(numbers, 4, "-")), 2000);
    assert_eq!(accepted(|numbers| phrase(numbers, 3, " ")), 2000);
    let unspaced = accepted(|numbers| phrase(numbers, 5, ""));
    assert!(unspaced >= 1990, "{unspaced}");
}
