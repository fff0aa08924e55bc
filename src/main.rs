//! Collegium.
fn main() {}
