//! The door itself.

/// The HTTP door.
#[derive(Debug)]
pub struct Door;
