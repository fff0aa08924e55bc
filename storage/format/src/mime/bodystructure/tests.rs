//! Tests of `bodystructure`.
