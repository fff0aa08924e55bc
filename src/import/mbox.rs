//! mbox files (RFC 4155, and the mboxrd quoting that Dovecot, Thunderbird and Gmail's Takeout write).
//!
//! A message begins at a line `From ` at the front of the file or behind an empty line. `>From `, `>>From `
//! and so on lose one `>`. `Status` and `X-Status` become flags and stay in the message.

use super::{Bad, Content, PIECE_BYTES_MAX, Piece, Source, with_crlf};
use crate::admin::Place;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Opens a file; its messages go to one mailbox.
///
/// # Errors
/// Of the system.
pub(crate) fn open(path: &Path, mailbox: &str) -> io::Result<Source> {
    let file = File::open(path)?;
    let total = file.metadata()?.len();
    let reader = Mbox::new(BufReader::with_capacity(1 << 20, file), mailbox.to_owned());
    Ok(Source { pieces: Box::new(reader), total, in_bytes: true })
}

pub(super) struct Mbox<R> {
    reader: R,
    mailbox: String,
    /// The separator line of the message that is next.
    separator: Option<Vec<u8>>,
    read_bytes: u64,
    count: u64,
    started: bool,
    done: bool,
}

impl<R: BufRead> Mbox<R> {
    pub(super) fn new(reader: R, mailbox: String) -> Self {
        Self { reader, mailbox, separator: None, read_bytes: 0, count: 0, started: false, done: false }
    }

    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.reader.read_until(b'\n', &mut line)?;
        self.read_bytes += read as u64;
        Ok((read > 0).then_some(line))
    }

    /// Reads up to the next separator; whether the message was within the limit.
    fn body(&mut self) -> io::Result<(Vec<u8>, bool)> {
        let mut body = Vec::new();
        let mut fits = true;
        let mut after_empty = false;
        while let Some(line) = self.line()? {
            if after_empty && is_separator(&line) {
                self.separator = Some(line);
                break;
            }
            after_empty = matches!(line.as_slice(), b"\n" | b"\r\n");
            fits = fits && body.len() + line.len() <= PIECE_BYTES_MAX;
            if fits {
                body.extend_from_slice(unquoted(&line));
            }
        }
        // The empty line behind a message is the format's, also at the end of the file: a message must be
        // the same when others have been appended behind it.
        if let Some(end) = [b"\r\n\r\n".as_slice(), b"\n\n"].iter().find(|end| body.ends_with(end)) {
            body.truncate(body.len() - end.len() / 2);
        }
        self.done = self.separator.is_none();
        Ok((body, fits))
    }

    fn message(&mut self) -> Result<Option<Piece>, Bad> {
        let failed = |cause: io::Error| Bad::new("mbox", cause);
        if !self.started {
            self.started = true;
            match self.line().map_err(failed)? {
                Some(line) if is_separator(&line) => self.separator = Some(line),
                Some(_) => {
                    self.done = true;
                    return Err(Bad::new("mbox", "does not begin with a line \"From \""));
                }
                None => self.done = true,
            }
        }
        let Some(separator) = self.separator.take() else { return Ok(None) };
        self.count += 1;
        let label = format!("message {}", self.count);
        let (body, fits) = self.body().map_err(|cause| {
            self.done = true;
            Bad::new(&label, cause)
        })?;
        if !fits {
            return Err(Bad::new(label, format!("larger than {PIECE_BYTES_MAX} bytes")));
        }
        if body.is_empty() {
            return Err(Bad::new(label, "empty"));
        }
        let place = Place::Message {
            mailbox: self.mailbox.clone(),
            flags: status_flags(&body),
            received: separator_date(&separator),
            copies: 1,
        };
        Ok(Some(Piece { label, place, content: Content::Bytes(with_crlf(&body)), progress: self.read_bytes }))
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = Result<Piece, Bad>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done && self.separator.is_none() {
            return None;
        }
        self.message().transpose()
    }
}

fn is_separator(line: &[u8]) -> bool {
    line.starts_with(b"From ")
}

/// Without the `>` that keeps a line from being a separator.
fn unquoted(line: &[u8]) -> &[u8] {
    match line.strip_prefix(b">") {
        Some(rest) if rest.trim_ascii_start_of(b'>').starts_with(b"From ") => rest,
        _ => line,
    }
}

trait TrimStart {
    fn trim_ascii_start_of(&self, octet: u8) -> &Self;
}

impl TrimStart for [u8] {
    fn trim_ascii_start_of(&self, octet: u8) -> &Self {
        let at = self.iter().position(|one| *one != octet).unwrap_or(self.len());
        self.get(at..).unwrap_or_default()
    }
}

/// The date of `From sender Thu Nov 23 11:00:00 2026`, with or without a zone; taken as UTC without.
pub(super) fn separator_date(line: &[u8]) -> Option<(i64, i16)> {
    let line = std::str::from_utf8(line).ok()?.trim_end();
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // The sender may hold spaces, so the date is looked for from its month.
    let month_at = words.iter().rposition(|word| month(word).is_some())?;
    let month = month(words.get(month_at)?)?;
    let day: i8 = words.get(month_at + 1)?.parse().ok()?;
    let mut clock = words.get(month_at + 2)?.split(':');
    let hour: i8 = clock.next()?.parse().ok()?;
    let minute: i8 = clock.next()?.parse().ok()?;
    let second: i8 = clock.next().map_or(Some(0), |second| second.parse().ok())?;
    let rest = words.get(month_at + 3..).unwrap_or_default();
    let year: i16 =
        rest.iter().find(|word| word.len() == 4 && !word.starts_with(['+', '-']))?.parse().ok()?;
    let offset = rest.iter().find_map(|word| zone(word)).unwrap_or(0);
    let local = jiff::civil::DateTime::new(year, month, day, hour, minute, second.min(59), 0).ok()?;
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some((utc - i64::from(offset) * 60, offset))
}

fn month(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = MONTHS.iter().position(|month| *month == word)?;
    i8::try_from(at + 1).ok()
}

/// `+0130` in minutes east of UTC.
fn zone(word: &str) -> Option<i16> {
    let (sign, digits) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (_, Some(digits)) => (-1, digits),
        _ => return None,
    };
    let number: i16 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (number / 100 * 60 + number % 100))
}

/// Flags of `Status` and `X-Status` in the header section.
fn status_flags(message: &[u8]) -> Vec<String> {
    let mut flags = Vec::new();
    for line in message.split(|octet| *octet == b'\n') {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let Some((name, value)) = line.split_once(':') else { continue };
        let letters: &[(char, &str)] = if name.eq_ignore_ascii_case("Status") {
            &[('R', "\\Seen")]
        } else if name.eq_ignore_ascii_case("X-Status") {
            &[('A', "\\Answered"), ('F', "\\Flagged"), ('D', "\\Deleted"), ('T', "\\Draft")]
        } else {
            continue;
        };
        flags.extend(
            letters.iter().filter(|(letter, _)| value.contains(*letter)).map(|(_, flag)| (*flag).to_owned()),
        );
    }
    flags
}
