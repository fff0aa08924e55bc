//! smtp: being laid.
