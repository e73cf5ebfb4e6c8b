/// A file with every setting, its default and what it means.
pub(crate) const EXAMPLE: &str = include_str!("example.toml");
