//! What LIST asks for (RFC 9051 6.3.9, RFC 5258); extensions bring more options.

use super::cursor::{Cursor, Parsed, utf8_of};
use super::status::{self, StatusItem};
use crate::extension;
use crate::limits::{LIST_PATTERN_BYTES_MAX, LIST_PATTERN_COUNT_MAX};
use crate::reply::Failure;
use crate::wire::utf7;
use crate::words::{self, ListWord};
use std::borrow::Cow;

/// A whole LIST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    /// What stands before every pattern.
    pub reference: String,
    /// Patterns with `*` and `%`.
    pub patterns: Vec<String>,
    /// Which mailboxes.
    pub select: Selection,
    /// What is told of them.
    pub returns: Returns,
    /// Whether any of the extended syntax was used (RFC 5258 3: an empty pattern means another thing then).
    pub extended: bool,
}

/// Selection options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Only names subscribed to, there or not.
    pub subscribed: bool,
    /// Foreign mailboxes too; there are none.
    pub remote: bool,
    /// Parents of matches as well.
    pub recursive: bool,
    /// Only those with a special use.
    pub special_use: bool,
}

/// Return options.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returns {
    /// `\Subscribed`
    pub subscribed: bool,
    /// `\HasChildren`, `\HasNoChildren`
    pub children: bool,
    /// Special uses; told always.
    pub special_use: bool,
    /// A STATUS of each.
    pub status: Vec<StatusItem>,
    /// Those of extensions, with what stood behind them.
    pub extended: Vec<(&'static ListWord, Vec<String>)>,
}

/// Reads everything behind `LIST`.
pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Parsed<List> {
    let mut list = List::default();
    cursor.space()?;
    if cursor.eat(b'(') {
        list.extended = true;
        selection(cursor, &mut list.select)?;
        cursor.space()?;
    }
    let reference = name(cursor, false)?;
    cursor.space()?;
    patterns(cursor, &mut list)?;
    if !cursor.at_end() {
        cursor.space()?;
        if !cursor.word("RETURN") {
            return Err(Failure::Bad("Expected RETURN"));
        }
        list.extended = true;
        cursor.space()?;
        returns(cursor, &mut list.returns)?;
    }
    if list.extended {
        // RFC 9051 6.3.9: empty ones are passed over there.
        list.patterns.retain(|pattern| !pattern.is_empty());
    }
    Ok(list.below(reference))
}

/// Reads everything behind `LSUB` (RFC 3501 6.3.9).
pub(crate) fn parse_lsub(cursor: &mut Cursor<'_>) -> Parsed<List> {
    cursor.space()?;
    let reference = name(cursor, false)?;
    cursor.space()?;
    let patterns = name(cursor, true)?.into_iter().collect();
    Ok(List { patterns, ..List::default() }.below(reference))
}

impl List {
    /// With its reference; nothing lies below one that is no name.
    fn below(mut self, reference: Option<String>) -> Self {
        match reference {
            Some(reference) => self.reference = reference,
            None => self.patterns.clear(),
        }
        self
    }

    /// Whether it asks for the delimiter and the root of the reference (RFC 9051 6.3.9).
    pub(crate) fn asks_delimiter(&self) -> bool {
        !self.extended && matches!(self.patterns.as_slice(), [pattern] if pattern.is_empty())
    }
}

fn patterns(cursor: &mut Cursor<'_>, list: &mut List) -> Parsed<()> {
    if !cursor.eat(b'(') {
        list.patterns.extend(name(cursor, true)?);
        return Ok(());
    }
    list.extended = true;
    let mut count = 0;
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        list.patterns.extend(name(cursor, true)?);
        count += 1;
        if count > LIST_PATTERN_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many patterns"));
        }
        while cursor.eat(b' ') {}
    }
    if count == 0 { Err(Failure::Bad("Expected a pattern")) } else { Ok(()) }
}

/// A reference or a pattern, in its stored spelling; `None` for one that no name can match, which is no error
/// (RFC 9051 6.3.9).
fn name(cursor: &mut Cursor<'_>, wildcards: bool) -> Parsed<Option<String>> {
    let bytes: Cow<'_, [u8]> = match cursor.peek() {
        Some(b'"' | b'{' | b'~') => cursor.string()?,
        _ if wildcards => {
            let plain = |byte: u8| byte > b' ' && byte < 0x7f && !b"(){\"\\".contains(&byte);
            match cursor.take_while(plain) {
                "" => return Err(Failure::Bad("Expected a pattern")),
                atom => Cow::Borrowed(atom.as_bytes()),
            }
        }
        _ => cursor.astring()?,
    };
    if bytes.len() > LIST_PATTERN_BYTES_MAX {
        return Err(Failure::No(Some("LIMIT"), "Pattern too long"));
    }
    if cursor.utf8() || !bytes.is_ascii() {
        return Ok(Some(utf8_of(bytes)?.into_owned()));
    }
    // A pattern cannot cut a shifted run in two, since `*` and `%` are not in the alphabet of one.
    Ok(utf7::decode(&bytes))
}

fn selection(cursor: &mut Cursor<'_>, select: &mut Selection) -> Parsed<()> {
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        let name = cursor.atom()?;
        match name.to_ascii_uppercase().as_str() {
            "SUBSCRIBED" => select.subscribed = true,
            "REMOTE" => select.remote = true,
            "RECURSIVEMATCH" => select.recursive = true,
            name => {
                let selections = extension::ALL.iter().map(|it| it.list_selections);
                let word = words::find(selections, name).ok_or(Failure::Bad("Unknown selection option"))?;
                (word.parse)(cursor, select)?;
            }
        }
        while cursor.eat(b' ') {}
    }
    // RFC 5258 3.1: RECURSIVEMATCH needs another option that narrows the choice.
    if select.recursive && !select.subscribed && !select.special_use {
        return Err(Failure::Bad("RECURSIVEMATCH needs another selection option"));
    }
    Ok(())
}

fn returns(cursor: &mut Cursor<'_>, returns: &mut Returns) -> Parsed<()> {
    cursor.expect(b'(', "Expected a list of return options")?;
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        let name = cursor.atom()?;
        match name.to_ascii_uppercase().as_str() {
            "SUBSCRIBED" => returns.subscribed = true,
            "CHILDREN" => returns.children = true,
            "SPECIAL-USE" => returns.special_use = true,
            "STATUS" => {
                cursor.space()?;
                returns.status = status::parse(cursor)?;
            }
            name => {
                let known = extension::ALL.iter().map(|it| it.list_returns);
                let word = words::find(known, name).ok_or(Failure::Bad("Unknown return option"))?;
                let argument = (word.parse)(cursor)?;
                // RFC 5258 3: one that is given twice is told once.
                returns.extended.retain(|(other, _)| !std::ptr::eq(*other, word));
                returns.extended.push((word, argument));
            }
        }
        while cursor.eat(b' ') {}
    }
    Ok(())
}

/// Whether the name matches the pattern: `*` is anything, `%` anything but the delimiter.
///
/// Linear in time for every star: a mismatch goes back to the last wildcard only, and behind a `*` no earlier
/// wildcard needs to be looked at again.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut percent: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                star = Some((p + 1, n));
                percent = None;
                p += 1;
                continue;
            }
            (Some(b'%'), _) => {
                percent = Some((p + 1, n));
                p += 1;
                continue;
            }
            (None, None) => return true,
            (Some(a), Some(b)) if a == b => {
                p += 1;
                n += 1;
                continue;
            }
            _ => {}
        }
        let stretched = percent.and_then(|(after, from)| {
            let next = name.get(from)?;
            (*next != b'/').then_some((after, from + 1))
        });
        if let Some((after, from)) = stretched {
            percent = Some((after, from));
            (p, n) = (after, from);
        } else if let Some((after, from)) = star
            && from < name.len()
        {
            star = Some((after, from + 1));
            percent = None;
            (p, n) = (after, from + 1);
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests;
