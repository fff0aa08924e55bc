//! The drives.

/// Files.
#[derive(Debug, Default)]
pub struct Files;
