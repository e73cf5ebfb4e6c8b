//! The tokens of the stylesheet against WCAG 2.2, 1.4.3 and 1.4.11, in both themes.

use std::collections::BTreeMap;

const CSS: &str = include_str!("../assets/latchkey.css");

type Tokens = BTreeMap<String, [f64; 3]>;

fn tokens(css: &str) -> Tokens {
    css.lines()
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
            let value = u32::from_str_radix(value.trim_end_matches(';'), 16).unwrap();
            let channel = |shift: u32| f64::from((value >> shift) & 0xff) / 255.0;
            Some((name.to_owned(), [channel(16), channel(8), channel(0)]))
        })
        .collect()
}

/// The light theme, and the dark one over it.
fn themes() -> [(&'static str, Tokens); 2] {
    let (light, rest) = CSS
        .split_once("@media screen and (prefers-color-scheme: dark)")
        .unwrap();
    let dark = rest.split_once("\n}\n").unwrap().0;
    let mut both = tokens(light);
    let light = both.clone();
    both.extend(tokens(dark));
    [("light", light), ("dark", both)]
}

fn luminance(colour: [f64; 3]) -> f64 {
    let [r, g, b] = colour.map(|c| {
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_and_control_can_be_seen_in_both_themes() {
    const TEXT: f64 = 4.5;
    const CONTROL: f64 = 3.0;
    for (theme, tokens) in themes() {
        assert!(tokens.len() >= 14, "{theme}: {}", tokens.len());
        for (front, grounds, least) in [
            (
                "text",
                &["surface", "ground", "accent-soft", "danger-soft"][..],
                TEXT,
            ),
            ("muted", &["surface", "ground", "accent-soft"], TEXT),
            ("accent", &["surface", "ground", "accent-soft"], TEXT),
            ("accent-strong", &["surface", "ground", "accent-soft"], TEXT),
            (
                "on-accent",
                &["accent", "accent-strong", "danger", "danger-strong"],
                TEXT,
            ),
            ("danger", &["surface", "ground", "danger-soft"], TEXT),
            ("danger-strong", &["danger-soft"], TEXT),
            ("success", &["surface", "ground", "success-soft"], TEXT),
            ("control", &["surface", "ground", "accent-soft"], CONTROL),
            (
                "focus",
                &["surface", "ground", "accent-soft", "danger-soft"],
                CONTROL,
            ),
        ] {
            for ground in grounds {
                let found = contrast(tokens[front], tokens[*ground]);
                assert!(found >= least, "{theme}: {front} on {ground} is {found:.2}");
            }
        }
    }
}

#[test]
fn contrast_is_counted_as_wcag_does() {
    assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 0.001);
    assert!((contrast([1.0; 3], [1.0; 3]) - 1.0).abs() < 0.001);
}

#[test]
fn the_stylesheet_names_no_side_and_loads_nothing() {
    // Forced-colour marks are drawn by two borders of a box; that is the only shorthand of sides.
    for word in [
        "-left",
        "-right",
        "left:",
        "right:",
        "float",
        "url(",
        "@import",
        "@font-face",
    ] {
        assert!(!CSS.contains(word), "{word}");
    }
}
