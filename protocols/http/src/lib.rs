//! http: being laid.
