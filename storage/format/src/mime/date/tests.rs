//! Tests of `date`.
