//! load: being laid.
