//! Paths, percent-decoded exactly once into names (RFC 3986 2.1), and the `Destination` header.
//!
//! *Invariant:* no name of a [`Path`] is empty, `.` or `..`, or holds `/`, NUL or another control character
//! except LF: what comes later looks names up in tables and never decodes again.

use crate::limits::TARGET_BYTES_MAX;
use model::{Error, Result};
use std::fmt;

/// The names of a path, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path {
    names: Vec<String>,
    slash: bool,
}

/// Where COPY and MOVE shall go (RFC 4918 10.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A path of this server.
    Here(Path),
    /// Somewhere else: answered with 502 (RFC 4918 9.8.5).
    Elsewhere,
}

impl Path {
    /// From decoded names, which must be clean: for paths that the server itself makes.
    #[must_use]
    pub fn from_names(names: Vec<String>, slash: bool) -> Self {
        Self { names, slash }
    }

    /// Reads the path of a request target, an href or a Destination, without scheme and authority.
    ///
    /// Empty names (`//`) are left out, since clients join paths carelessly; nothing can hide there.
    ///
    /// # Errors
    /// `Invalid` for a path that does not begin with a slash, a bad escape, what is no UTF-8, `.` and `..`, an
    /// escaped slash, control characters except LF; `TooLarge` past [`TARGET_BYTES_MAX`].
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > TARGET_BYTES_MAX {
            return Err(Error::TooLarge(TARGET_BYTES_MAX as u64));
        }
        let text = text.split(['?', '#']).next().unwrap_or_default();
        let Some(rest) = text.strip_prefix('/') else { return Err(Error::Invalid("not an absolute path")) };
        let mut names = Vec::new();
        for raw in rest.split('/').filter(|raw| !raw.is_empty()) {
            names.push(decode(raw)?);
        }
        Ok(Self { names, slash: rest.is_empty() || rest.ends_with('/') })
    }

    /// Reads an href: an absolute path, or an absolute URI of this server.
    ///
    /// # Errors
    /// As [`Path::parse`]; `NotFound` for a URI of another server.
    pub fn parse_href(href: &str, authority: Option<&str>) -> Result<Self> {
        match Destination::parse(href.trim(), authority)? {
            Destination::Here(path) => Ok(path),
            Destination::Elsewhere => Err(Error::NotFound),
        }
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the path ended with a slash.
    #[must_use]
    pub fn slash(&self) -> bool {
        self.slash
    }

    /// The last name; `None` for the root.
    #[must_use]
    pub fn last(&self) -> Option<&str> {
        self.names.last().map(String::as_str)
    }

    /// The path one up, with a slash.
    #[must_use]
    pub fn parent(&self) -> Self {
        let names = self.names.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
        Self { names, slash: true }
    }

    /// The path of something inside.
    #[must_use]
    pub fn join(&self, name: &str, slash: bool) -> Self {
        let mut names = self.names.clone();
        names.push(name.to_owned());
        Self { names, slash }
    }

    /// Whether `other` is this path or lies below it, slashes aside.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.names.starts_with(&self.names)
    }

    /// The same path with or without its slash.
    #[must_use]
    pub fn with_slash(mut self, slash: bool) -> Self {
        self.slash = slash;
        self
    }

    /// As an href: absolute path, canonical percent-encoding.
    #[must_use]
    pub fn href(&self) -> String {
        let mut out = String::with_capacity(64);
        for name in &self.names {
            out.push('/');
            encode_segment(name, &mut out);
        }
        if self.slash || out.is_empty() {
            out.push('/');
        }
        out
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.href())
    }
}

impl Destination {
    /// Reads the header's value: an absolute URI or an absolute path, encoded in whatever way.
    ///
    /// Hosts are compared without port and case, since a proxy in front may change the port.
    ///
    /// # Errors
    /// As [`Path::parse`].
    pub fn parse(value: &str, authority: Option<&str>) -> Result<Self> {
        if value.starts_with('/') && !value.starts_with("//") {
            return Path::parse(value).map(Self::Here);
        }
        let Some((_, rest)) = value.split_once("//") else { return Err(Error::Invalid("not a URI")) };
        let at = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(at);
        if !authority.is_some_and(|authority| bare_host(authority).eq_ignore_ascii_case(bare_host(host))) {
            return Ok(Self::Elsewhere);
        }
        Path::parse(if path.is_empty() { "/" } else { path }).map(Self::Here)
    }
}

fn bare_host(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn decode(raw: &str) -> Result<String> {
    const BAD: Error = Error::Invalid("bad path");
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        let octet = if byte == b'%' {
            let high = bytes.next().and_then(hex).ok_or(BAD)?;
            let low = bytes.next().and_then(hex).ok_or(BAD)?;
            high << 4 | low
        } else {
            byte
        };
        // A separator that was escaped is part of no name that a tree of ours can hold. LF is: clients name objects
        // by UIDs of others that say `%0A`, without escaping them.
        if octet == b'/' || octet < b' ' && octet != b'\n' || octet == 0x7f {
            return Err(BAD);
        }
        out.push(octet);
    }
    let name = String::from_utf8(out).map_err(|_| BAD)?;
    if name == "." || name == ".." { Err(BAD) } else { Ok(name) }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Appends a name, percent-encoded where RFC 3986 3.3 does not allow it as it is.
pub fn encode_segment(name: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in name.bytes() {
        // Parentheses and `'` stay: old GNOME clients compare hrefs octet by octet.
        if byte.is_ascii_alphanumeric() || b"-._~!$'()*+,=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |nibble: u8| char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0'));
            out.push('%');
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        }
    }
}

#[cfg(test)]
mod tests;
