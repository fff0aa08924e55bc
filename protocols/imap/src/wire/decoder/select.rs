//! Parameters of SELECT and EXAMINE (RFC 4466 2.1); all are brought by extensions.

use super::cursor::{Cursor, Parsed};
use super::sequence::SequenceSet;
use crate::extension;
use crate::reply::Failure;
use crate::words::{self, OptionWord};
use model::{Modseq, UidValidity};

/// What the parameters ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelectParameters {
    /// CONDSTORE (RFC 7162 3.1.8).
    pub condstore: bool,
    /// QRESYNC (RFC 7162 3.2.5).
    pub resync: Option<Box<Resync>>,
}

/// What a client knows of a mailbox from before (RFC 7162 3.2.5).
#[derive(Clone, Debug)]
pub(crate) struct Resync {
    /// The mailbox it knew.
    pub uid_validity: UidValidity,
    /// The last state it knew.
    pub modseq: Modseq,
    /// The UIDs it knew; all, where it does not say.
    pub known: Option<SequenceSet>,
    /// Some sequence numbers and their UIDs.
    pub matched: Option<(SequenceSet, SequenceSet)>,
}

/// Reads ` (CONDSTORE ...)`, if it is there.
pub(crate) fn parameters(cursor: &mut Cursor<'_>) -> Parsed<SelectParameters> {
    let mut parameters = SelectParameters::default();
    options(cursor, || extension::ALL.iter().map(|it| it.select), &mut parameters)?;
    Ok(parameters)
}

/// Reads ` (WORD argument WORD ...)` at the end of a command, if it is there.
pub(crate) fn options<T: 'static, I>(
    cursor: &mut Cursor<'_>,
    words: impl Fn() -> I,
    into: &mut T,
) -> Parsed<()>
where
    I: Iterator<Item = &'static [OptionWord<T>]>,
{
    if cursor.at_end() {
        return Ok(());
    }
    cursor.space()?;
    list(cursor, words, into)
}

/// Reads `(WORD argument WORD ...)`, each word once (RFC 4466 4).
pub(crate) fn list<T: 'static, I>(cursor: &mut Cursor<'_>, words: impl Fn() -> I, into: &mut T) -> Parsed<()>
where
    I: Iterator<Item = &'static [OptionWord<T>]>,
{
    cursor.expect(b'(', "Expected a list of parameters")?;
    while cursor.eat(b' ') {}
    let mut seen = Vec::new();
    loop {
        let word = words::find(words(), cursor.atom()?).ok_or(Failure::Bad("Unknown parameter"))?;
        if seen.contains(&word.name) {
            return Err(Failure::Bad("A parameter is there twice"));
        }
        seen.push(word.name);
        (word.parse)(cursor, into)?;
        while cursor.eat(b' ') {}
        if cursor.eat(b')') {
            return Ok(());
        }
    }
}
