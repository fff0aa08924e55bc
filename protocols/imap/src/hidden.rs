//! Which capabilities can be hidden from clients that break on them: those that this server has. A name that is none is
//! refused where it is set, for whoever mistypes one would believe it hidden; one that is kept from before, when another
//! build had it, does no harm.

use crate::extension::ALL;
use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// Names that are told as near to one that is not known.
const NEAR_COUNT_MAX: usize = 3;

/// A name that no capability of this server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    name: String,
    near: Vec<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: no capability of this server; ", self.name)?;
        match self.near.as_slice() {
            [] => f.write_str("`collegium support` lists them"),
            near => write!(f, "did you mean {}?", near.join(" or ")),
        }
    }
}

impl std::error::Error for Unknown {}

/// Looks whether a name can be hidden: a whole one, what stands before its `=`, or with any figure behind it where the
/// installation sets one.
///
/// # Errors
/// Tells what comes near.
pub fn known(name: &str) -> Result<(), Unknown> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    if stems().any(|stem| stem.eq_ignore_ascii_case(name)) || names().any(|(whole, _)| is(&whole)) {
        return Ok(());
    }
    let figured = |whole: &str| {
        let behind = name.get(whole.len()..).filter(|behind| !behind.is_empty());
        name.get(..whole.len()).is_some_and(|before| before.eq_ignore_ascii_case(whole))
            && behind.is_some_and(|behind| behind.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if names().any(|(whole, has_figure)| has_figure && figured(whole)) {
        return Ok(());
    }
    Err(Unknown { name: name.to_owned(), near: near(name) })
}

/// Every capability, and whether a figure stands behind it.
fn names() -> impl Iterator<Item = (&'static str, bool)> {
    let told = ALL.iter().filter_map(|one| Some((one.capability?, one.figure.is_some())));
    told.flat_map(|(names, has_figure)| names.split(' ').map(move |name| (name, has_figure)))
}

/// What stands before their `=`.
fn stems() -> impl Iterator<Item = &'static str> {
    names().filter_map(|(name, _)| name.split('=').next())
}

/// The nearest names, the nearest first: those that differ in every third letter at the most.
fn near(name: &str) -> Vec<String> {
    let asked = name.to_ascii_uppercase();
    let mut found: Vec<(usize, String)> = Vec::new();
    for known in names().filter(|(_, has_figure)| !has_figure).map(|(name, _)| name).chain(stems()) {
        let steps = distance(asked.as_bytes(), known.to_ascii_uppercase().as_bytes());
        if steps <= asked.len().div_ceil(3) && found.iter().all(|(_, other)| other != known) {
            found.push((steps, known.to_owned()));
        }
    }
    found.sort();
    found.into_iter().take(NEAR_COUNT_MAX).map(|(_, name)| name).collect()
}

/// How many letters have to be put in, left out or exchanged to come from one to the other (Levenshtein).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.iter().enumerate() {
        let mut before = above + 1;
        let mut next = vec![before];
        for (other, pair) in to.iter().zip(row.windows(2)) {
            let [diagonal, up] = pair else { continue };
            before = (before + 1).min(up + 1).min(diagonal + usize::from(letter != other));
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// A list of names in a configuration.
///
/// # Errors
/// For a name that is not known.
pub(crate) fn configured<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    names.iter().try_for_each(|name| known(name)).map_err(de::Error::custom)?;
    Ok(names)
}

#[cfg(test)]
mod tests;
