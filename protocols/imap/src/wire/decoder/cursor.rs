//! A place in a gathered command, and the small words of the grammar (RFC 9051 9).
//!
//! Nothing is copied but quoted strings with escapes. Every method either moves past what it names or fails
//! with the BAD that the client gets; texts never hold the client's octets.

use crate::limits::{MAILBOX_NAME_BYTES_MAX, TAG_BYTES_MAX};
use crate::reply::Failure;
use crate::wire::utf7;
use model::{Error, Flags, Keyword, SystemFlags};
use std::borrow::Cow;

/// Outcome of every step of the grammar.
pub(crate) type Parsed<T> = Result<T, Failure>;

/// A place in a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Whether mailbox names are UTF-8 as they are (RFC 9051 5.1, after ENABLE IMAP4rev2).
    utf8: bool,
}

/// Octets of an atom (RFC 9051 9, ATOM-CHAR).
pub(crate) fn is_atom(byte: u8) -> bool {
    byte > b' ' && byte < 0x7f && !b"(){%*\"\\]".contains(&byte)
}

/// Octets of an atom as an astring may have it.
fn is_astring(byte: u8) -> bool {
    is_atom(byte) || byte == b']'
}

impl<'a> Cursor<'a> {
    /// At the start of a command.
    pub(crate) fn new(rest: &'a [u8], utf8: bool) -> Self {
        Self { rest, utf8 }
    }

    /// Whether names are UTF-8 in this session.
    pub(crate) fn utf8(&self) -> bool {
        self.utf8
    }

    /// Everything from here on.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next octet, not moved past.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Moves past the octet if it is next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The octet must be next.
    pub(crate) fn expect(&mut self, byte: u8, problem: &'static str) -> Parsed<()> {
        if self.eat(byte) { Ok(()) } else { Err(Failure::Bad(problem)) }
    }

    /// One space; a second one is forgiven, as some clients send it.
    pub(crate) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ', "Expected a space")?;
        while self.eat(b' ') {}
        Ok(())
    }

    /// The end of the command; spaces before it are forgiven.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        while self.eat(b' ') {}
        if self.rest == b"\r\n" || self.rest.is_empty() {
            Ok(())
        } else {
            Err(Failure::Bad("Unexpected text behind the command"))
        }
    }

    /// Whether the command ends here.
    pub(crate) fn at_end(&self) -> bool {
        self.rest.iter().all(|&byte| matches!(byte, b' ' | b'\r' | b'\n'))
    }

    /// Takes while the octets are such; never fails.
    pub(crate) fn take_while(&mut self, such: impl Fn(u8) -> bool) -> &'a str {
        let count = self.rest.iter().position(|&byte| !such(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or_default();
        match std::str::from_utf8(taken) {
            Ok(text) => {
                self.rest = rest;
                text
            }
            Err(_) => "",
        }
    }

    /// Takes exactly so many octets.
    fn take(&mut self, count: usize) -> Parsed<&'a [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or(Failure::Bad("The command ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Moves past the word if it is next, whatever its case, and no longer word is there.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        let Some((head, rest)) = self.rest.split_at_checked(word.len()) else { return false };
        let longer = rest.first().is_some_and(|&byte| byte.is_ascii_alphanumeric());
        if head.eq_ignore_ascii_case(word.as_bytes()) && !longer {
            self.rest = rest;
            return true;
        }
        false
    }

    /// An atom.
    pub(crate) fn atom(&mut self) -> Parsed<&'a str> {
        match self.take_while(is_atom) {
            "" => Err(Failure::Bad("Expected an atom")),
            atom => Ok(atom),
        }
    }

    /// A command's tag.
    pub(crate) fn tag(&mut self) -> Parsed<&'a str> {
        match self.take_while(|byte| is_astring(byte) && byte != b'+') {
            tag if tag.is_empty() || tag.len() > TAG_BYTES_MAX => Err(Failure::Bad("Expected a tag")),
            // What goes on behind it, as `a+b` does, is none: half of it must not be said back.
            tag if matches!(self.peek(), None | Some(b' ' | b'\r' | b'\n')) => Ok(tag),
            _ => Err(Failure::Bad("Expected a tag")),
        }
    }

    /// A number of 32 bits.
    pub(crate) fn number(&mut self) -> Parsed<u32> {
        u32::try_from(self.number64()?).map_err(|_| Failure::Bad("Number too large"))
    }

    /// A number of 63 bits (RFC 9051 9, number64).
    pub(crate) fn number64(&mut self) -> Parsed<u64> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        match digits.parse::<u64>() {
            Ok(number) if i64::try_from(number).is_ok() => Ok(number),
            _ => Err(Failure::Bad("Expected a number")),
        }
    }

    /// A number that does not begin with 0.
    pub(crate) fn nz_number(&mut self) -> Parsed<u32> {
        if self.peek() == Some(b'0') {
            return Err(Failure::Bad("Expected a number other than 0"));
        }
        match self.number()? {
            0 => Err(Failure::Bad("Expected a number other than 0")),
            number => Ok(number),
        }
    }

    /// A quoted string or a literal, as octets.
    pub(crate) fn string(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{' | b'~') => self.literal().map(Cow::Borrowed),
            _ => Err(Failure::Bad("Expected a string")),
        }
    }

    /// An atom, quoted string or literal, as octets.
    pub(crate) fn astring(&mut self) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{' | b'~') => self.string(),
            _ => match self.take_while(is_astring) {
                "" => Err(Failure::Bad("Expected a string")),
                atom => Ok(Cow::Borrowed(atom.as_bytes())),
            },
        }
    }

    /// An astring that must be UTF-8.
    pub(crate) fn text(&mut self) -> Parsed<Cow<'a, str>> {
        utf8_of(self.astring()?)
    }

    /// `NIL` or a string.
    pub(crate) fn nstring(&mut self) -> Parsed<Option<Cow<'a, [u8]>>> {
        if self.word("NIL") { Ok(None) } else { self.string().map(Some) }
    }

    fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        self.expect(b'"', "Expected a quoted string")?;
        let mut copy: Option<Vec<u8>> = None;
        let start = self.rest;
        let mut length = 0;
        loop {
            let Some((&byte, rest)) = self.rest.split_first() else {
                return Err(Failure::Bad("A quoted string does not end"));
            };
            self.rest = rest;
            match byte {
                b'"' => break,
                b'\r' | b'\n' | 0 => return Err(Failure::Bad("A quoted string does not end")),
                b'\\' => {
                    let seen = start.get(..length).unwrap_or_default();
                    let copy = copy.get_or_insert_with(|| seen.to_vec());
                    match self.rest.split_first() {
                        Some((&escaped @ (b'"' | b'\\'), rest)) => {
                            copy.push(escaped);
                            self.rest = rest;
                        }
                        _ => return Err(Failure::Bad("Only quotes and backslashes are escaped")),
                    }
                }
                _ => {
                    if let Some(copy) = &mut copy {
                        copy.push(byte);
                    }
                    length += 1;
                }
            }
        }
        let whole = copy.map_or_else(|| Cow::Borrowed(start.get(..length).unwrap_or_default()), Cow::Owned);
        if std::str::from_utf8(&whole).is_err() {
            return Err(Failure::Bad("A quoted string is not UTF-8"));
        }
        Ok(whole)
    }

    fn literal(&mut self) -> Parsed<&'a [u8]> {
        let binary = self.eat(b'~');
        self.expect(b'{', "Expected a literal")?;
        let size = self.number64()?;
        let _ = self.eat(b'+');
        self.expect(b'}', "Expected a literal")?;
        if self.take(2)? != b"\r\n" {
            return Err(Failure::Bad("Expected a literal"));
        }
        let size = usize::try_from(size).map_err(|_| Failure::Bad("Literal too large"))?;
        let bytes = self.take(size)?;
        // RFC 9051 4.3: only a literal8 may hold NUL.
        if !binary && bytes.contains(&0) {
            return Err(Failure::Bad("A literal holds NUL"));
        }
        Ok(bytes)
    }

    /// A mailbox name in its stored form: UTF-8, INBOX in capitals.
    pub(crate) fn mailbox(&mut self) -> Parsed<String> {
        let bytes = self.astring()?;
        mailbox_name(&bytes, self.utf8)
    }

    /// A flag as a client may set it.
    pub(crate) fn flag(&mut self, into: &mut Flags) -> Parsed<()> {
        if self.eat(b'\\') {
            let name = self.atom()?;
            match system_flag(name) {
                Some(flag) => into.system |= flag,
                // RFC 9051 2.3.2: \Recent cannot be set; clients that copy flags send it back all the same.
                None if name.eq_ignore_ascii_case("Recent") => {}
                None => return Err(Failure::Bad("Unknown system flag")),
            }
            return Ok(());
        }
        let keyword = Keyword::parse(self.take_while(is_astring)).map_err(|error| match error {
            Error::TooLarge(_) => Failure::No(None, "Flag too long"),
            _ => Failure::Bad("Expected a flag"),
        })?;
        into.add(&Flags { keywords: vec![keyword], ..Flags::default() })
            .map_err(|_| Failure::No(Some("LIMIT"), "Too many keywords"))
    }

    /// `(flag flag ...)`
    pub(crate) fn flag_list(&mut self) -> Parsed<Flags> {
        let mut flags = Flags::default();
        self.expect(b'(', "Expected a list of flags")?;
        while self.eat(b' ') {}
        while !self.eat(b')') {
            self.flag(&mut flags)?;
            while self.eat(b' ') {}
        }
        Ok(flags)
    }
}

/// The bit of a system flag, its backslash taken off.
pub(crate) fn system_flag(name: &str) -> Option<SystemFlags> {
    const NAMES: [(&str, SystemFlags); 5] = [
        ("Seen", SystemFlags::SEEN),
        ("Answered", SystemFlags::ANSWERED),
        ("Flagged", SystemFlags::FLAGGED),
        ("Deleted", SystemFlags::DELETED),
        ("Draft", SystemFlags::DRAFT),
    ];
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, flag)| *flag)
}

/// Octets as text, or BAD.
pub(crate) fn utf8_of(bytes: Cow<'_, [u8]>) -> Parsed<Cow<'_, str>> {
    let bad = Failure::Bad("Not UTF-8");
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| bad),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| bad),
    }
}

/// A mailbox name as stored, from its octets on the wire.
///
/// Modified UTF-7 unless the session speaks IMAP4rev2; plain UTF-8 beyond ASCII is understood in any session,
/// since it can mean nothing else.
pub(crate) fn mailbox_name(bytes: &[u8], utf8: bool) -> Parsed<String> {
    let bad = Failure::Bad("Mailbox name is not valid");
    if bytes.len() > MAILBOX_NAME_BYTES_MAX {
        return Err(Failure::No(Some("CANNOT"), "Mailbox name too long"));
    }
    let name = if utf8 || !bytes.is_ascii() {
        std::str::from_utf8(bytes).map_err(|_| bad)?.to_owned()
    } else {
        utf7::decode(bytes).ok_or(bad)?
    };
    // RFC 9755 3: separators of lines and paragraphs neither.
    if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(Failure::No(Some("CANNOT"), "Mailbox name holds control characters"));
    }
    Ok(canonical(name))
}

/// INBOX has no case, neither alone nor as the root of a hierarchy (RFC 9051 5.1).
fn canonical(name: String) -> String {
    match name.split_once('/') {
        None if name.eq_ignore_ascii_case("INBOX") => "INBOX".to_owned(),
        Some((root, rest)) if root.eq_ignore_ascii_case("INBOX") => format!("INBOX/{rest}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests;
