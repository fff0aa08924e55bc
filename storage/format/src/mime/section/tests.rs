//! Tests of `section`.
