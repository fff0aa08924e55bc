//! A cursor over the value of a structured header field (RFC 5322 3.2): comments, quoted strings, atoms.
//!
//! Works on the raw value; folding (CR and LF) counts as white space. Nesting is counted, never recursed.

/// A position in a field value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// An unclosed quote was met: no later one is worth looking for its end, which keeps this linear.
    lone_quote: bool,
    /// The same for an unclosed parenthesis.
    lone_parenthesis: bool,
}

/// White space inside a field value: folding included, and NUL, which means nothing anywhere.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0)
}

impl<'a> Cursor<'a> {
    /// At the start of `value`.
    pub(crate) fn new(value: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: value, lone_quote: false, lone_parenthesis: false }
    }

    /// The next octet, not taken.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes one octet.
    pub(crate) fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// Takes the next octet when it is `byte`.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.next();
        }
        found
    }

    /// Octets as long as `want` holds.
    pub(crate) fn take_while(&mut self, want: impl Fn(u8) -> bool) -> &'a [u8] {
        let length = self.rest.iter().position(|&byte| !want(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Skips white space; whether there was any.
    pub(crate) fn spaces(&mut self) -> bool {
        !self.take_while(is_space).is_empty()
    }

    /// Skips white space and comments; the content of the last comment, if there was one.
    pub(crate) fn comments(&mut self) -> Option<Vec<u8>> {
        let mut last = None;
        loop {
            self.spaces();
            if self.peek() != Some(b'(') {
                return last;
            }
            last = Some(self.comment().0);
        }
    }

    /// Whether a comment that ends starts here. Where one does not, none behind it can either, as far as
    /// this tells: it looks for an end once only, which keeps it linear.
    pub(crate) fn at_comment(&mut self) -> bool {
        if self.peek() != Some(b'(') || self.lone_parenthesis {
            return false;
        }
        let mut end = *self;
        self.lone_parenthesis = !end.comment().1;
        !self.lone_parenthesis
    }

    /// Takes a comment (the cursor is at its parenthesis) and says whether it is closed; an unclosed one
    /// goes to the end of the value.
    fn comment(&mut self) -> (Vec<u8>, bool) {
        let mut content = Vec::new();
        let mut depth = 0_usize;
        while let Some(byte) = self.next() {
            match byte {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        content.push(byte);
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return (content, true);
                    }
                    content.push(byte);
                }
                b'\\' => content.extend(self.next()),
                b'\r' | b'\n' => {}
                _ => content.push(byte),
            }
        }
        (content, false)
    }

    /// Takes an encoded word `=?charset?encoding?text?=` (RFC 2047 2) of at most `max` octets as it is; what
    /// it holds may be illegal there, a quote for instance, but never white space.
    pub(crate) fn encoded_word(&mut self, max: usize) -> Option<&'a [u8]> {
        let window = self.rest.get(..max).unwrap_or(self.rest);
        if !window.starts_with(b"=?") {
            return None;
        }
        let mut marks = 0;
        let mut before = 0;
        for (at, &byte) in window.iter().enumerate() {
            if is_space(byte) {
                return None;
            }
            if byte == b'=' && before == b'?' && marks >= 4 {
                let (word, rest) = self.rest.split_at_checked(at + 1)?;
                self.rest = rest;
                return Some(word);
            }
            marks += usize::from(byte == b'?');
            before = byte;
        }
        None
    }

    /// Takes a quoted string (the cursor is at its quote) without quotes, escapes and folding. A quote that
    /// is never closed quotes nothing: `None`, and the cursor stays; the same for those behind it.
    pub(crate) fn quoted(&mut self) -> Option<Vec<u8>> {
        let inside = self.rest.strip_prefix(b"\"")?;
        if self.lone_quote || !is_closed(inside) {
            self.lone_quote = true;
            return None;
        }
        self.rest = inside;
        let mut content = Vec::new();
        while let Some(byte) = self.next() {
            match byte {
                b'"' => break,
                b'\\' => content.extend(self.next()),
                b'\r' | b'\n' => {}
                _ => content.push(byte),
            }
        }
        Some(content)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Whether a quoted string that starts here ends.
fn is_closed(rest: &[u8]) -> bool {
    let mut escaped = false;
    for &byte in rest {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return true,
            _ => {}
        }
    }
    false
}
