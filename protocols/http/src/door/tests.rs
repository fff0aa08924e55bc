//! Connections over an in-memory stream.
