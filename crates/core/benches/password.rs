//! What one password check costs against a global list of 100,000 terms and a custom list of 1000.
//! The budget is 20 µs (password specification, *Banned passwords*).
//!
//! `cargo bench -p latchkey-core --bench password`

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use latchkey_core::password::{BannedLists, Names, PasswordPolicy, TermList, check};

/// A small generator of fixed numbers (SplitMix64), so that every run measures the same list.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The shipped list, and words of syllables until there are so many.
fn terms(count: usize, seed: u64) -> Vec<String> {
    const STARTS: &[&str] = &[
        "b", "ch", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v",
    ];
    const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ee", "ou"];
    let mut numbers = Numbers(seed);
    let mut terms = std::collections::BTreeSet::new();
    while terms.len() < count {
        let mut term = String::new();
        for _ in 0..2 + numbers.below(3) {
            term.push_str(numbers.pick(STARTS));
            term.push_str(numbers.pick(VOWELS));
        }
        if numbers.below(3) == 0 {
            term.push_str(&numbers.below(1000).to_string());
        }
        if (4..=16).contains(&term.len()) {
            terms.insert(term);
        }
    }
    terms.into_iter().collect()
}

fn global() -> TermList {
    let shipped = include_str!("../data/banned.txt")
        .lines()
        .filter(|line| !line.starts_with("# "));
    let mut all: Vec<String> = shipped.map(str::to_owned).collect();
    let made = 110_000 - all.len();
    all.extend(terms(made, 1));
    let list = TermList::new(&all).expect("terms of 4 to 24 characters");
    assert!(list.len() >= 100_000, "{}", list.len());
    list
}

fn bench(c: &mut Criterion) {
    let global = global();
    let custom = TermList::new(terms(1000, 2)).expect("terms of 4 to 16 characters");
    // Every string of l and i: no list branches more where a character has two readings.
    let hostile = TermList::new((0..1000_u32).map(|number| {
        (0..10)
            .map(|bit| if number >> bit & 1 == 0 { 'l' } else { 'i' })
            .collect::<String>()
    }))
    .expect("terms of 10 characters");
    let names = Names {
        given: "Adele",
        family: "Vance",
        local_part: "adelev",
        tenant: "Contoso",
    };
    let policy = PasswordPolicy {
        max_length: 1024,
        ..PasswordPolicy::entra_like()
    };

    let mut group = c.benchmark_group("check");
    let mut measure = |name: &str, candidate: &str, custom: &TermList| {
        let lists = BannedLists {
            global: &global,
            custom,
        };
        group.bench_function(name, |b| {
            b.iter(|| check(black_box(candidate), &policy, &names, &lists));
        });
    };
    measure("random, 12 characters", "vR7#qLp2Zx9m", &custom);
    measure("words and digits, 14 characters", "Dragon!Horse42", &custom);
    measure("banned, 9 characters", "P@ssw0rd!", &custom);
    measure("near a term, 11 characters", "Motherlode1", &custom);
    measure(
        "passphrase, 28 characters",
        "Correct horse battery staple",
        &custom,
    );
    measure(
        "two readings all over, 16 characters",
        "1!|l1!Il1!|l1!Il",
        &custom,
    );
    measure(
        "256 characters, banned terms only",
        &"password".repeat(32),
        &custom,
    );
    measure("256 characters, two readings", &"1!".repeat(128), &custom);
    measure(
        "1024 characters, banned terms only",
        &"password".repeat(128),
        &custom,
    );
    measure("256 characters, outside ASCII", &"é".repeat(256), &custom);
    measure("1024 characters, outside ASCII", &"é".repeat(1024), &custom);
    measure(
        "longest that is scored (96), banned terms only",
        &"password".repeat(12),
        &custom,
    );
    measure(
        "hostile list and password, 96 characters",
        &"1".repeat(96),
        &hostile,
    );
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
