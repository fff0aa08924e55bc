//! Octets and lines: what crosses the wire before it means anything.

mod data;
mod path;

pub(crate) use data::Dots;
#[cfg(test)]
pub(crate) use data::tests::FALSE_ENDS;
pub(crate) use path::{Path, parse_path};
pub(crate) use sasl::line::End;
