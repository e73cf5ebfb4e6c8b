use std::time::Duration;

use fluent_bundle::FluentValue;
use latchkey_types::{Locale, Timestamp};

use crate::Texts;

/// What stands between groups of three digits (CLDR 48, `numbers/symbols/group`).
const fn group_separator(locale: Locale) -> char {
    match locale {
        Locale::En | Locale::Pseudo => ',',
        Locale::Sv => '\u{a0}',
        Locale::Nl => '.',
    }
}

fn grouped(number: i64, locale: Locale) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(group_separator(locale));
        }
        text.push(digit);
    }
    text
}

/// How Fluent writes the numbers that it is given; text is left as it is.
type Formatter<M> = fn(&FluentValue<'_>, &M) -> Option<String>;

pub(crate) fn formatter<M>(locale: Locale) -> Formatter<M> {
    fn write(value: &FluentValue<'_>, locale: Locale) -> Option<String> {
        match value {
            // Only whole numbers are ever handed in (`Arg::Number`).
            FluentValue::Number(number) => Some(grouped(number.value as i64, locale)),
            _ => None,
        }
    }
    match locale {
        Locale::En | Locale::Pseudo => |value, _| write(value, Locale::En),
        Locale::Sv => |value, _| write(value, Locale::Sv),
        Locale::Nl => |value, _| write(value, Locale::Nl),
    }
}

impl Texts {
    /// A whole number with the language's separators: `1,204`, `1 204`, `1.204`.
    pub fn number(self, number: i64) -> String {
        grouped(number, self.locale())
    }

    /// A moment in words, in UTC: `21 November 2026 at 09:30 UTC`.
    pub fn date_time(self, moment: Timestamp) -> String {
        let (year, month, day, hour, minute) = moment.civil();
        let month = self.get(match month {
            1 => "month-1",
            2 => "month-2",
            3 => "month-3",
            4 => "month-4",
            5 => "month-5",
            6 => "month-6",
            7 => "month-7",
            8 => "month-8",
            9 => "month-9",
            10 => "month-10",
            11 => "month-11",
            _ => "month-12",
        });
        self.plain(
            "date-time",
            &[
                ("day", day.to_string().as_str().into()),
                ("month", month.as_str().into()),
                // Text, not a number: years are not grouped.
                ("year", year.to_string().as_str().into()),
                ("time", format!("{hour:02}:{minute:02}").as_str().into()),
            ],
        )
    }

    /// A length of time in words: whole hours from two hours up (`24 hours`), else minutes
    /// (`105 minutes`), a part of a minute counting as one.
    pub fn duration(self, length: Duration) -> String {
        let minutes = i64::try_from(length.as_secs().div_ceil(60)).unwrap_or(i64::MAX);
        if minutes >= 120 && minutes % 60 == 0 {
            return self.plain("duration-hours", &[("hours", (minutes / 60).into())]);
        }
        self.plain("duration-minutes", &[("minutes", minutes.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_the_language_does() {
        let write = |number| Locale::ALL.map(|locale| Texts::new(locale).number(number));
        assert_eq!(write(0), ["0", "0", "0", "0"]);
        assert_eq!(write(999), ["999", "999", "999", "999"]);
        assert_eq!(write(1_204), ["1,204", "1\u{a0}204", "1.204", "1,204"]);
        assert_eq!(
            write(-1_234_567),
            [
                "-1,234,567",
                "-1\u{a0}234\u{a0}567",
                "-1.234.567",
                "-1,234,567"
            ]
        );
        assert_eq!(
            Texts::new(Locale::En).number(i64::MIN),
            "-9,223,372,036,854,775,808"
        );
    }

    #[test]
    fn a_moment_is_written_in_the_language_with_its_zone() {
        let moment = Timestamp::parse("2026-11-21T09:30:59Z").unwrap();
        let write = |locale| Texts::new(locale).date_time(moment);
        assert_eq!(write(Locale::En), "21 November 2026 at 09:30 UTC");
        assert_eq!(write(Locale::Sv), "21 november 2026 kl. 09:30 UTC");
        assert_eq!(write(Locale::Nl), "21 november 2026 om 09:30 UTC");
        assert!(write(Locale::Pseudo).contains("09:30"));
    }

    #[test]
    fn every_month_has_its_name() {
        let names: std::collections::BTreeSet<String> = (1..=12)
            .map(|month| {
                let first = Timestamp::parse(&format!("2026-{month:02}-01")).unwrap();
                Texts::new(Locale::Nl).date_time(first)
            })
            .collect();
        assert_eq!(names.len(), 12);
        assert!(names.contains("1 maart 2026 om 00:00 UTC"));
    }

    #[test]
    fn lengths_of_time_agree_in_number() {
        let write = |locale, seconds| Texts::new(locale).duration(Duration::from_secs(seconds));
        assert_eq!(write(Locale::En, 60), "1 minute");
        assert_eq!(write(Locale::En, 61), "2 minutes");
        assert_eq!(write(Locale::En, 105 * 60), "105 minutes");
        assert_eq!(write(Locale::En, 24 * 3600), "24 hours");
        assert_eq!(write(Locale::Sv, 60), "1 minut");
        assert_eq!(write(Locale::Sv, 600), "10 minuter");
        assert_eq!(write(Locale::Sv, 72 * 3600), "72 timmar");
        assert_eq!(write(Locale::Nl, 60), "1 minuut");
        assert_eq!(write(Locale::Nl, 600), "10 minuten");
        assert_eq!(write(Locale::Nl, 24 * 3600), "24 uur");
    }
}
