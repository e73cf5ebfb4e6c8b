//! How often is too often. Specification: *Throttles*.
//!
//! A bucket keeps the moments of its last six hits, newest first. The store shifts them in one
//! statement and hands them back; what they mean is decided here. The same buckets are kept for
//! decoys, under the decoy's id.

use std::time::Duration;

use latchkey_types::Timestamp;

use super::Gate;

/// How many hits a bucket takes in the window.
pub const LIMIT: usize = 5;

/// The sliding window.
pub const WINDOW: Duration = Duration::from_secs(60 * 60);

/// How long a block lasts.
pub const BLOCK: Duration = Duration::from_secs(24 * 60 * 60);

/// What is counted for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// Reset attempts: sessions that passed step 1.
    Attempts,
    /// Telephone numbers typed.
    PhoneNumber,
    /// Tries of one gate.
    Gate(Gate),
    /// Codes typed as a second factor when signing in; they leave the gates of a reset alone.
    SecondFactor,
}

impl Bucket {
    /// Its name in the database.
    pub fn key(self) -> String {
        match self {
            Self::Attempts => "attempts".into(),
            Self::PhoneNumber => "phone_number".into(),
            Self::Gate(gate) => format!("gate.{}", gate.as_str()),
            Self::SecondFactor => "sign_in.second_factor".into(),
        }
    }
}

/// The last hits of a bucket, this one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// Newest first; this hit is the first.
    pub at: [Option<Timestamp>; LIMIT + 1],
    /// The end of the block, if there was one.
    pub blocked_until: Option<Timestamp>,
}

/// What a bucket says to a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on. `left`: how many more after this one. With none left, a failure now blocks.
    Pass {
        /// Hits left in the window after this one: 0 to 4.
        left: usize,
    },
    /// Stop: blocked until then.
    Blocked {
        /// The end of the block.
        until: Timestamp,
        /// Whether this hit began it, so that it is reported once.
        begins: bool,
    },
}

impl Hits {
    /// What to do with this hit, which is already counted.
    pub fn verdict(&self, now: Timestamp) -> Verdict {
        if let Some(until) = self.blocked_until.filter(|until| now < *until) {
            return Verdict::Blocked {
                until,
                begins: false,
            };
        }
        let start = now.minus(WINDOW);
        let counted = self.at.iter().flatten().filter(|at| **at > start).count();
        match LIMIT.checked_sub(counted) {
            Some(left) => Verdict::Pass { left },
            None => Verdict::Blocked {
                until: now.plus(BLOCK),
                begins: true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(seconds_ago: &[u64], now: Timestamp) -> Hits {
        let mut at = [None; LIMIT + 1];
        for (slot, ago) in at.iter_mut().zip(seconds_ago) {
            *slot = Some(now.minus(Duration::from_secs(*ago)));
        }
        Hits {
            at,
            blocked_until: None,
        }
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    #[test]
    fn five_hits_pass_and_the_sixth_begins_a_block_of_24_hours() {
        assert_eq!(hits(&[0], NOW).verdict(NOW), Verdict::Pass { left: 4 });
        assert_eq!(
            hits(&[0, 1, 2, 3, 4], NOW).verdict(NOW),
            Verdict::Pass { left: 0 }
        );
        assert_eq!(
            hits(&[0, 1, 2, 3, 4, 5], NOW).verdict(NOW),
            Verdict::Blocked {
                until: NOW.plus(BLOCK),
                begins: true
            }
        );
    }

    #[test]
    fn the_window_slides_by_the_hour() {
        assert_eq!(
            hits(&[0, 1, 2, 3, 4, 3600], NOW).verdict(NOW),
            Verdict::Pass { left: 0 }
        );
        assert_eq!(
            hits(&[0, 1, 2, 3, 4, 3599], NOW).verdict(NOW),
            Verdict::Blocked {
                until: NOW.plus(BLOCK),
                begins: true
            }
        );
    }

    #[test]
    fn a_block_ends_when_its_time_is_over() {
        let mut bucket = hits(&[0], NOW);
        bucket.blocked_until = Some(Timestamp(NOW.0 + 1));
        assert_eq!(
            bucket.verdict(NOW),
            Verdict::Blocked {
                until: Timestamp(NOW.0 + 1),
                begins: false
            }
        );
        bucket.blocked_until = Some(NOW);
        assert_eq!(bucket.verdict(NOW), Verdict::Pass { left: 4 });
    }
}
