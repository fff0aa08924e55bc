//! Replies of the relay (RFC 5321 4.2, enhanced codes of RFC 3463), made safe to keep and to show.

use crate::limits::REPLY_KEPT_CHARS_MAX;

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The three digits.
    pub(crate) code: u16,
    /// The texts behind code and separator, one per line.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// An answer that no server gave: what happened to the connection, as a temporary failure.
    pub(crate) fn broken(text: &str) -> Self {
        Self { code: 451, lines: vec![format!("4.4.2 {text}")] }
    }

    /// A permanent failure that this side sees.
    pub(crate) fn refused(text: &str) -> Self {
        Self { code: 554, lines: vec![text.to_owned()] }
    }

    pub(crate) fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 5yz: trying again would not help.
    pub(crate) fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }

    /// The enhanced status, or the one that the code itself stands for.
    pub(crate) fn status(&self) -> String {
        let word = self.lines.first().and_then(|line| line.split(' ').next()).unwrap_or_default();
        let mut parts = word.split('.');
        let class = parts.next() == Some(&(self.code / 100).to_string());
        let number = |part: Option<&str>| {
            part.is_some_and(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
        };
        if class && number(parts.next()) && number(parts.next()) && parts.next().is_none() {
            return word.to_owned();
        }
        format!("{}.0.0", if self.is_permanent() { 5 } else { 4 })
    }

    /// One printable US-ASCII line of bounded length: nothing that a server says can break a bounce's fields
    /// or a terminal.
    pub(crate) fn shown(&self) -> String {
        let text = format!("{} {}", self.code, self.lines.join(" "));
        let safe = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
        safe.take(REPLY_KEPT_CHARS_MAX).collect()
    }

    /// Reads one line: the code, whether more lines follow, the text. `None` when it is no reply.
    pub(crate) fn parse_line(line: &[u8]) -> Option<(u16, bool, String)> {
        let (digits, rest) = line.split_at_checked(3)?;
        let code: u16 = str::from_utf8(digits).ok()?.parse().ok()?;
        if !(200..600).contains(&code) || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let (more, text) = match rest.split_first() {
            None => (false, rest),
            Some((b' ', text)) => (false, text),
            Some((b'-', text)) => (true, text),
            Some(_) => return None,
        };
        Some((code, more, String::from_utf8_lossy(text).into_owned()))
    }
}

#[cfg(test)]
mod tests;
