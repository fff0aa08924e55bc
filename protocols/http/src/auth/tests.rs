//! Credentials as clients send them.
