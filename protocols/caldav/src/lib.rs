//! caldav: being laid.
