use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Malformed;

/// A moment in UTC, in microseconds since 1970. This is also its form in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment so many whole seconds after 1970 began.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole milliseconds since 1970, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This moment and some time; stops at the end of what can be told.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(micros(time)))
    }

    /// This moment less some time; stops at the beginning of what can be told.
    #[must_use]
    pub fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(micros(time)))
    }

    /// The time from an earlier moment to this one; nothing if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 with milliseconds, in UTC: `2026-11-21T09:30:00.000Z`.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.millis()).map_or_else(
            |_| String::from("out of range"),
            |moment| moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        )
    }

    /// Reads an RFC 3339 moment with any offset, or a bare date, which is its first moment in UTC.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const WRONG: Malformed =
            Malformed("a time is written like 2026-11-21T09:30:00Z, or a date like 2026-11-21");
        let whole = if text.len() == 10 {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        whole
            .parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_microsecond()))
            .map_err(|_| WRONG)
    }

    /// Year, month (1 to 12), day (1 to 31), hour, minute, in UTC.
    pub fn civil(self) -> (i16, i8, i8, i8, i8) {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        let civil = jiff::tz::Offset::UTC.to_datetime(moment);
        (
            civil.year(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
        )
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// Tells the time. Production reads the system's clock; tests move their own.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_back_to_the_millisecond() {
        let moment = Timestamp(1_795_253_400_123_000);
        assert_eq!(Timestamp::parse(&moment.rfc3339()).unwrap(), moment);
        assert_eq!(
            Timestamp::parse("1970-01-02").unwrap(),
            Timestamp::from_seconds(86_400)
        );
        assert_eq!(
            Timestamp::parse("1970-01-01T01:00:00+01:00").unwrap(),
            Timestamp::from_seconds(0)
        );
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(
            Timestamp(i64::MAX).plus(Duration::from_secs(1)),
            Timestamp(i64::MAX)
        );
        assert_eq!(Timestamp(0).since(Timestamp(5)), Duration::ZERO);
        assert_eq!(Timestamp(5).since(Timestamp(0)), Duration::from_micros(5));
    }

    #[test]
    fn the_calendar_is_utc() {
        assert_eq!(Timestamp::from_seconds(0).civil(), (1970, 1, 1, 0, 0));
        assert_eq!(
            Timestamp::parse("2026-11-21T09:30:00Z").unwrap().civil(),
            (2026, 11, 21, 9, 30)
        );
    }
}
