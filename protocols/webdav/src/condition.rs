//! Conditions of a request.

/// Stands in until conditions are written.
#[derive(Debug, Default)]
pub struct Conditions;
