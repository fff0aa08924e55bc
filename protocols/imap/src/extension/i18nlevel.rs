//! I18NLEVEL=2 (RFC 5255 4): COMPARATOR chooses how SEARCH, SORT and THREAD compare texts in this session. By default
//! they do as `i;unicode-casemap` (RFC 5051), which is all that I18NLEVEL=1 promises.
//!
//! The search index and the keys that messages are sorted and threaded by are made for the default. Another comparator
//! finds less than it, so that the index still leaves out what cannot match; what is left is read and compared, and
//! sorting by texts reads headers. `i;ascii-numeric` is no choice here: SEARCH needs a comparator that finds parts of
//! texts (RFC 5255 4.4, RFC 4790 9.1.1).

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::limits::{COMPARATOR_BYTES_MAX, COMPARATOR_COUNT_MAX};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed, utf8_of};
use format::collation::Collation;

pub(super) const EXTENSION: Extension = Extension {
    name: "I18NLEVEL=2",
    rfc: "RFC 5255",
    capability: Some("I18NLEVEL=2"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "COMPARATOR",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    codes: &["BADCOMPARATOR"],
    ..Extension::PLAIN
};

/// Told where level 2 is hidden: only one of them may be (RFC 5255 4.3).
pub(super) const LEVEL_1: Extension = Extension {
    name: "I18NLEVEL=1",
    rfc: "RFC 5255",
    capability: Some("I18NLEVEL=1"),
    when: When::InPlaceOf(&EXTENSION),
    ..Extension::PLAIN
};

/// The comparators of this server; where several match the first one is taken.
const INSTALLED: [Collation; 3] = [Collation::UnicodeCasemap, Collation::AsciiCasemap, Collation::Octet];

/// How a session compares texts: the active comparator (RFC 5255 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comparator {
    /// What is equal.
    pub collation: Collation,
    /// Whether texts are sorted the other way round (RFC 4790 3.3).
    pub descending: bool,
}

impl Default for Comparator {
    fn default() -> Self {
        Self { collation: Collation::UnicodeCasemap, descending: false }
    }
}

impl Comparator {
    /// As RFC 4790 3.3 spells one that is in use.
    fn name(self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.collation.name())
    }
}

/// What an argument of COMPARATOR asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    /// Matching comparators, the best first.
    matching: Vec<Collation>,
    descending: bool,
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let mut wishes = Vec::new();
    while !cursor.at_end() {
        cursor.space()?;
        wishes.push(wish(&utf8_of(cursor.astring()?)?)?);
        if wishes.len() > COMPARATOR_COUNT_MAX {
            return Err(Failure::Bad("Too many comparators"));
        }
    }
    cursor.end()?;
    // The first argument that matches wins.
    let chosen = wishes.iter().find_map(|wish| {
        let collation = *wish.matching.first()?;
        Some(Comparator { collation, descending: wish.descending })
    });
    match chosen {
        Some(comparator) => session.comparator = comparator,
        None if wishes.is_empty() => {}
        None => return Err(Failure::No(Some("BADCOMPARATOR"), "No such comparator here")),
    }
    let matches = |collation: &Collation| wishes.iter().any(|wish| wish.matching.contains(collation));
    let matching: Vec<&str> = INSTALLED.iter().filter(|it| matches(it)).map(|it| it.name()).collect();
    let out = &mut session.connection.out;
    out.raw(b"* COMPARATOR ").raw(session.comparator.name());
    if matching.len() > 1 {
        out.raw(b" (").raw(matching.join(" ")).raw(b")");
    }
    out.crlf();
    Ok(Done::told("COMPARATOR completed"))
}

/// `default`, or a collation as RFC 4790 3.2 and 3.3 let one ask for it: `i;*-casemap`, `-i;octet`.
fn wish(text: &str) -> Parsed<Wish> {
    if text.eq_ignore_ascii_case("default") {
        return Ok(Wish { matching: vec![Comparator::default().collation], descending: false });
    }
    let pattern = text.strip_prefix(['+', '-']).unwrap_or(text);
    let may_stand = |char: char| char.is_ascii_alphanumeric() || "-;=.*".contains(char);
    let begins = pattern.starts_with(|char: char| char.is_ascii_alphabetic() || char == '*');
    if !begins
        || text.len() > COMPARATOR_BYTES_MAX
        || !pattern.chars().all(may_stand)
        || pattern.contains("**")
    {
        return Err(Failure::Bad("Not a comparator"));
    }
    let matching = match pattern {
        // RFC 4790 3.2: as if nothing had been asked for.
        "*" => vec![Comparator::default().collation],
        pattern => INSTALLED.into_iter().filter(|collation| matches(pattern, collation.name())).collect(),
    };
    Ok(Wish { matching, descending: text.starts_with('-') })
}

/// Whether a name matches a pattern, in which `*` stands for any characters; each piece is taken where it comes first.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = name.strip_prefix(start).and_then(|left| left.strip_suffix(end)) else {
        return false;
    };
    for piece in middle.split('*') {
        let Some((_, behind)) = left.split_once(piece) else { return false };
        left = behind;
    }
    true
}

#[cfg(test)]
mod tests;
