/// A destination with nearly all of it hidden, as it may be shown: `a•••@c•••.com`.
///
/// The number of dots is always the same, so that a mask does not tell the length of what it hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked(pub(crate) String);

impl Masked {
    /// The text to show. Put it into a left-to-right isolated span.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
