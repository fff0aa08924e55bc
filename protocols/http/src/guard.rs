//! A stream that watches over its peer.

