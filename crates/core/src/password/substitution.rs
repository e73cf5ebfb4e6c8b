// One table, no dependencies: `cargo xtask banned-list` includes this file too, so that the list in
// `data/banned.txt` is folded by the very table that folds passwords.

/// The symbol of a term that stands for a character with two readings, `l` and `i`.
pub(crate) const L_OR_I: char = '1';

/// Folds one lower-case character: `0` to `o`, `@` to `a` and so on (password specification,
/// *Banned passwords*, 1). Characters that may be read as `l` or as `i` become [`L_OR_I`].
pub(crate) const fn substitute(lower_case: char) -> char {
    match lower_case {
        '0' => 'o',
        '1' | '!' | '|' => L_OR_I,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' | '§' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        '(' | '¢' => 'c',
        other => other,
    }
}
