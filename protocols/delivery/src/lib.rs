//! delivery: being laid.
