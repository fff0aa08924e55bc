//! directory: being laid.
