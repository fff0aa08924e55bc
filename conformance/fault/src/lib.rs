//! fault: being laid.
