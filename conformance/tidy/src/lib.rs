//! tidy: being laid.
