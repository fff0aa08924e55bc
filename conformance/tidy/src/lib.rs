//! The house rules as checks, so that the house stays as it was drawn.
//!
//! Each module holds one family of rules and returns complaints, one line each: `storeys` (who may depend on
//! whom), `shape` (lengths, parameters, documentation), `proof` (a conformance file for every extension,
//! command, method and report), `hygiene` (licences, words and names that must not be in the tree).
//! `tests/house.rs` fails when any of them complains. Rules are changed here first, code second.

pub mod hygiene;
pub mod proof;
pub mod shape;
pub mod storeys;
pub mod tree;
