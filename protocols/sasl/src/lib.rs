//! sasl: being laid.
