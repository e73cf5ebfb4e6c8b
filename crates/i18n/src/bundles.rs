use std::sync::{Arc, OnceLock};

use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use latchkey_types::Locale;
use unic_langid::LanguageIdentifier;

use crate::{format, pseudo};

/// One file of texts in each language that is written by hand.
pub struct File {
    /// The name without the ending, such as `reset`.
    pub name: &'static str,
    /// English, the source.
    pub en: &'static str,
    /// Swedish.
    pub sv: &'static str,
    /// Dutch.
    pub nl: &'static str,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Every file of texts. A file that is not in this table does not exist.
        pub const FILES: &[File] = &[$(File {
            name: $name,
            en: include_str!(concat!("../../../locales/en/", $name, ".ftl")),
            sv: include_str!(concat!("../../../locales/sv/", $name, ".ftl")),
            nl: include_str!(concat!("../../../locales/nl/", $name, ".ftl")),
        }),*];
    };
}

files![
    "common",
    "messages",
    "reset",
    "demo",
    "account",
    "sign_in",
    "security_info",
    "change",
    "directory"
];

/// The text of a file in a language; the pseudo-language is made from English.
pub const fn source(file: &File, locale: Locale) -> &'static str {
    match locale {
        Locale::En | Locale::Pseudo => file.en,
        Locale::Sv => file.sv,
        Locale::Nl => file.nl,
    }
}

pub(crate) type Bundle = FluentBundle<Arc<FluentResource>>;

/// The texts of one language, twice: what is put around a variable is a property of a bundle.
pub(crate) struct Bundles {
    /// For HTML: variables are wrapped in U+2068 and U+2069, so that a name in another script does
    /// not turn the sentence around.
    pub(crate) isolating: Bundle,
    /// For plain text: text messages, subjects, the plain part of mails.
    pub(crate) plain: Bundle,
}

/// The texts of a language, parsed when they are first asked for.
pub(crate) fn bundles(locale: Locale) -> &'static Bundles {
    static EN: OnceLock<Bundles> = OnceLock::new();
    static SV: OnceLock<Bundles> = OnceLock::new();
    static NL: OnceLock<Bundles> = OnceLock::new();
    static PSEUDO: OnceLock<Bundles> = OnceLock::new();
    let slot = match locale {
        Locale::En => &EN,
        Locale::Sv => &SV,
        Locale::Nl => &NL,
        Locale::Pseudo => &PSEUDO,
    };
    slot.get_or_init(|| parse(locale))
}

fn parse(locale: Locale) -> Bundles {
    let resources: Vec<Arc<FluentResource>> = FILES
        .iter()
        .map(
            |file| match FluentResource::try_new(source(file, locale).to_owned()) {
                Ok(resource) => Arc::new(resource),
                // What could be parsed is used; the tests refuse a file with a fault.
                Err((resource, faults)) => {
                    debug_assert!(faults.is_empty(), "{}: {faults:?}", file.name);
                    Arc::new(resource)
                }
            },
        )
        .collect();
    Bundles {
        isolating: bundle(locale, &resources, true),
        plain: bundle(locale, &resources, false),
    }
}

fn bundle(locale: Locale, resources: &[Arc<FluentResource>], isolating: bool) -> Bundle {
    // The pseudo-language has the grammar of English.
    let grammar = if locale == Locale::Pseudo {
        Locale::En
    } else {
        locale
    };
    let language: LanguageIdentifier = grammar.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(isolating);
    bundle.set_formatter(Some(format::formatter(locale)));
    if locale == Locale::Pseudo {
        bundle.set_transform(Some(pseudo::transform));
    }
    for resource in resources {
        if let Err(faults) = bundle.add_resource(Arc::clone(resource)) {
            debug_assert!(faults.is_empty(), "{faults:?}");
        }
    }
    bundle
}
