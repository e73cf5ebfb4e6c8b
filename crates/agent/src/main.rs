//! `latchkey-agent`: runs beside a directory and connects outwards only.

fn main() {}
