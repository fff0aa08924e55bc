//! webdav: being laid.
