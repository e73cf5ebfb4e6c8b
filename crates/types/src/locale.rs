use crate::Malformed;

/// A language that the portals and messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Locale {
    /// English, the source language.
    #[default]
    En,
    /// Swedish.
    Sv,
    /// Dutch.
    Nl,
    /// A made-up language for tests: English, longer and from right to left.
    Pseudo,
}

/// The way a line of text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

impl Locale {
    /// Every language, the pseudo-language last.
    pub const ALL: [Self; 4] = [Self::En, Self::Sv, Self::Nl, Self::Pseudo];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Sv => "sv",
            Self::Nl => "nl",
            Self::Pseudo => "ar-XB",
        }
    }

    /// Reads one of the tags of [`Self::tag`]; matching of ranges is i18n's work.
    pub fn parse(tag: &str) -> Result<Self, Malformed> {
        Self::ALL
            .into_iter()
            .find(|locale| locale.tag().eq_ignore_ascii_case(tag.trim()))
            .ok_or(Malformed("a language is one of en, sv, nl"))
    }

    /// The language's name in itself.
    pub const fn native_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Sv => "Svenska",
            Self::Nl => "Nederlands",
            Self::Pseudo => "[!! Pseudo !!]",
        }
    }

    /// The way its lines run.
    pub const fn direction(self) -> Direction {
        match self {
            Self::En | Self::Sv | Self::Nl => Direction::Ltr,
            Self::Pseudo => Direction::Rtl,
        }
    }
}

impl Direction {
    /// The value of the `dir` attribute.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_back() {
        for locale in Locale::ALL {
            assert_eq!(Locale::parse(locale.tag()), Ok(locale));
        }
        assert!(Locale::parse("de").is_err());
    }
}
