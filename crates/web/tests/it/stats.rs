//! Whether two ways take the same time: a statistic that says *no* only when it is sure, and that
//! is shown to say *no*.
//!
//! The two are measured in pairs, one right after the other in random order, so that whatever the
//! machine does in the meantime (another test, a slower clock, a page of the database that splits)
//! falls on both alike and cancels in the difference. Times of this kind have long tails, so that
//! means and variances say little: what is looked at is the median of the differences.
//!
//! Its confidence interval comes from order statistics: the number of differences below the true
//! median is binomial with one half, whatever their distribution is. With n pairs, the interval
//! from the (n/2 - z√n/2)th to the (n/2 + z√n/2)th difference holds the true median with the
//! confidence of z; z = 5.5 is one error in 26 million. A run of the suite compares six times, so
//! that even where the noise is much larger than what matters fewer than one run in four million
//! fails by chance.
//!
//! Two ways *differ* if the whole interval lies beyond what matters: 5 % of the median time, or 50
//! µs where that is more. So an interval that is wide because the machine is loaded proves nothing,
//! and does not make the test fail by chance; an attacker who measured as often would see nothing
//! either. That a difference which matters is found with this many pairs is what the tests of this
//! file show.

/// Relative difference that matters.
const RELATIVE: f64 = 0.05;
/// Smallest difference that matters, in microseconds.
const SMALLEST: f64 = 50.0;
/// Standard errors on each side of the median.
const Z: f64 = 5.5;

/// What came of a comparison, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    /// The median time of the first way.
    pub(crate) median: f64,
    /// The median of second minus first.
    pub(crate) difference: f64,
    /// Where the true median of the differences lies, all but certainly.
    pub(crate) interval: (f64, f64),
    /// The difference that matters.
    pub(crate) bound: f64,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "median {:.0} µs, the other {:+.0} µs ({:+.0} to {:+.0}), {:.0} µs matter",
            self.median, self.difference, self.interval.0, self.interval.1, self.bound
        )
    }
}

impl Verdict {
    /// Whether the two differ by more than what matters.
    pub(crate) fn differs(&self) -> bool {
        self.interval.0 > self.bound || self.interval.1 < -self.bound
    }
}

/// Compares pairs of times in microseconds.
pub(crate) fn compare(pairs: &[(f64, f64)]) -> Verdict {
    assert!(pairs.len() >= 100, "{} pairs say nothing", pairs.len());
    let mut first: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    let mut differences: Vec<f64> = pairs.iter().map(|pair| pair.1 - pair.0).collect();
    first.sort_by(f64::total_cmp);
    differences.sort_by(f64::total_cmp);
    let n = pairs.len();
    let half = n as f64 / 2.0;
    let reach = Z * (n as f64).sqrt() / 2.0;
    let low = (half - reach).floor().max(0.0) as usize;
    let high = ((half + reach).ceil() as usize).min(n - 1);
    let median = first[n / 2];
    Verdict {
        median,
        difference: differences[n / 2],
        interval: (differences[low], differences[high]),
        bound: (median * RELATIVE).max(SMALLEST),
    }
}

/// Numbers that look random and are the same each time (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number below a limit.
    pub(crate) const fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Between 0 and 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Times as a loaded machine gives them: a drift that both of a pair share, a long tail, and now
/// and then an interruption of several milliseconds. `factor`: how much slower the second is.
fn sample(seed: u64, count: usize, factor: f64) -> Vec<(f64, f64)> {
    let mut dice = Dice::new(seed);
    let mut drift = 2_000.0;
    (0..count)
        .map(|_| {
            drift = (drift + (dice.unit() - 0.5) * 200.0).clamp(1_500.0, 4_000.0);
            let mut one = |factor: f64| {
                let tail = -dice.unit().max(1e-12).ln() * 200.0;
                let stop = if dice.below(50) == 0 { 5_000.0 } else { 0.0 };
                drift * factor + tail + stop
            };
            (one(1.0), one(factor))
        })
        .collect()
}

#[test]
fn two_ways_of_one_distribution_never_differ() {
    for seed in 0..500 {
        let verdict = compare(&sample(seed, 700, 1.0));
        assert!(!verdict.differs(), "{seed}: {verdict}");
    }
}

#[test]
fn a_way_that_is_a_tenth_slower_is_found_out_and_so_is_one_that_is_faster() {
    for seed in 0..500 {
        for factor in [1.1, 0.9] {
            let verdict = compare(&sample(seed, 700, factor));
            assert!(verdict.differs(), "{seed} {factor}: {verdict}");
        }
    }
}

#[test]
fn a_password_hash_on_one_way_only_is_found_out_through_any_noise() {
    // What the classic oracle leaves away: one Argon2id of 15 ms and more.
    let mut pairs = sample(1, 700, 1.0);
    for pair in &mut pairs {
        pair.1 += 15_000.0;
    }
    assert!(compare(&pairs).differs());
}
