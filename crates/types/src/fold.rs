/// The key under which a name is looked up: trimmed and in lower case.
///
/// Names are compared through this column on both databases, so that neither collations nor
/// `LIKE` decide what counts as the same name.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
