//! carddav: being laid.
