//! Untagged replies as a client that keeps a view reads them (RFC 9051 7, RFC 7162, RFC 9586).

use std::collections::BTreeSet;

/// What one untagged reply says, as far as a view depends on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Untagged {
    /// `* n EXISTS`
    Exists(usize),
    /// `* n EXPUNGE`
    Expunge(usize),
    /// `* VANISHED (EARLIER) set`
    Vanished { earlier: bool, uids: Vec<u32> },
    /// `* n FETCH (...)` or `* uid UIDFETCH (...)`
    Fetch(Fetched),
    /// `* SEARCH ...`, `* ESEARCH (...) UID ALL set`
    Found(Vec<u32>),
    /// `* OK [NAME value] ...`
    Code(String, String),
    /// `* STATUS mailbox (NAME value ...)`
    Status(Vec<(String, u64)>),
    /// Anything else.
    Other,
}

/// One FETCH.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// A sequence number, or the UID of a UIDFETCH.
    pub(crate) number: u32,
    pub(crate) by_uid: bool,
    pub(crate) uid: Option<u32>,
    pub(crate) flags: Option<BTreeSet<String>>,
    pub(crate) modseq: Option<u64>,
    pub(crate) size: Option<u64>,
    /// Octets of the body or header that came along.
    pub(crate) body: Option<Vec<u8>>,
}

/// Reads one reply without its `* ` and its last CRLF; `None` where it cannot be understood.
pub(crate) fn parse(line: &[u8]) -> Option<Untagged> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (first, rest) = word(line);
    if let Ok(number) = text(first).parse::<u32>() {
        let (kind, rest) = word(rest);
        return match kind.to_ascii_uppercase().as_slice() {
            b"EXISTS" => Some(Untagged::Exists(usize::try_from(number).ok()?)),
            b"EXPUNGE" => Some(Untagged::Expunge(usize::try_from(number).ok()?)),
            b"FETCH" => fetch(number, false, rest).map(Untagged::Fetch),
            b"UIDFETCH" => fetch(number, true, rest).map(Untagged::Fetch),
            _ => Some(Untagged::Other),
        };
    }
    let rest = text(rest);
    match text(first).to_ascii_uppercase().as_str() {
        "VANISHED" => {
            let (earlier, uids) = match rest.strip_prefix("(EARLIER) ") {
                Some(uids) => (true, uids),
                None => (false, rest.as_str()),
            };
            Some(Untagged::Vanished { earlier, uids: expand(uids)? })
        }
        "SEARCH" => {
            let numbers = rest.split(" (MODSEQ").next().unwrap_or_default();
            numbers
                .split_ascii_whitespace()
                .map(|number| number.parse().ok())
                .collect::<Option<_>>()
                .map(Untagged::Found)
        }
        "ESEARCH" => {
            let all = rest.split_once(" ALL ").map(|(_, set)| set.split(' ').next().unwrap_or_default());
            all.map_or(Some(Vec::new()), expand).map(Untagged::Found)
        }
        "OK" => {
            let inside = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let Some((code, _)) = inside else { return Some(Untagged::Other) };
            let (name, value) = code.split_once(' ').unwrap_or((code, ""));
            Some(Untagged::Code(name.to_ascii_uppercase(), value.to_owned()))
        }
        "STATUS" => status(&rest),
        _ => Some(Untagged::Other),
    }
}

fn status(rest: &str) -> Option<Untagged> {
    let (_, inside) = rest.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let words: Vec<&str> = inside.split(' ').collect();
    let pairs = words.chunks(2).map(|pair| match pair {
        [name, value] => Some(((*name).to_owned(), value.parse().ok()?)),
        _ => None,
    });
    pairs.collect::<Option<_>>().map(Untagged::Status)
}

/// `1:3,7` as numbers; `None` for what is no set.
pub(crate) fn expand(set: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in set.split(',') {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        numbers.extend(first.min(last)..=first.max(last));
    }
    Some(numbers)
}

/// Numbers, ascending, as a set.
pub(crate) fn set(numbers: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match parts.last_mut() {
            Some((_, last)) if last.saturating_add(1) == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let shown = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}:{last}") }
    };
    parts.iter().map(shown).collect::<Vec<_>>().join(",")
}

fn fetch(number: u32, by_uid: bool, rest: &[u8]) -> Option<Fetched> {
    let mut fetched = Fetched { number, by_uid, uid: by_uid.then_some(number), ..Fetched::default() };
    let mut rest = rest.strip_prefix(b"(")?;
    loop {
        let (name, behind) = item_name(rest)?;
        let (value, behind) = value(behind)?;
        let text = || String::from_utf8_lossy(value).into_owned();
        match name.as_slice() {
            b"UID" => fetched.uid = Some(text().parse().ok()?),
            b"FLAGS" => {
                let text = text();
                let inside = text.strip_prefix('(')?.strip_suffix(')')?;
                let flags = inside.split(' ').filter(|flag| !flag.is_empty() && *flag != "\\Recent");
                fetched.flags = Some(flags.map(str::to_owned).collect());
            }
            b"MODSEQ" => fetched.modseq = Some(text().trim_matches(['(', ')']).parse().ok()?),
            b"RFC822.SIZE" => fetched.size = Some(text().parse().ok()?),
            _ if name.starts_with(b"BODY[") => fetched.body = Some(content(value)),
            _ => {}
        }
        rest = match behind.split_first()? {
            (b' ', more) => more,
            (b')', []) => return Some(fetched),
            _ => return None,
        };
    }
}

/// The name of an item: `BODY[HEADER.FIELDS (X)]<0>` has a blank in it.
fn item_name(rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut open = false;
    let end = rest.iter().position(|&byte| {
        match byte {
            b'[' => open = true,
            b']' => open = false,
            _ => {}
        }
        byte == b' ' && !open
    })?;
    Some((rest.get(..end)?.to_ascii_uppercase(), rest.get(end + 1..)?))
}

/// The octets of a value - a list, a string in quotes, a literal with its header, or an atom - and the rest.
fn value(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = match rest.first()? {
        b'{' | b'~' => {
            let line = rest.iter().position(|&byte| byte == b'\n')? + 1;
            let digits: String = rest
                .get(..line)?
                .iter()
                .filter(|byte| byte.is_ascii_digit())
                .map(|&byte| char::from(byte))
                .collect();
            line + digits.parse::<usize>().ok()?
        }
        b'"' => {
            let mut escaped = true;
            rest.iter().position(|&byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            })? + 1
        }
        b'(' => {
            let mut depth = 0;
            rest.iter().position(|&byte| {
                depth += i32::from(byte == b'(') - i32::from(byte == b')');
                depth == 0
            })? + 1
        }
        _ => rest.iter().position(|byte| b" )".contains(byte))?,
    };
    rest.split_at_checked(end)
}

/// What a literal or a string in quotes holds.
fn content(value: &[u8]) -> Vec<u8> {
    match value.first() {
        Some(b'{' | b'~') => {
            let line = value.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            value.get(line..).unwrap_or_default().to_vec()
        }
        Some(b'"') => value.get(1..value.len().saturating_sub(1)).unwrap_or_default().to_vec(),
        _ => Vec::new(),
    }
}

fn word(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|&byte| byte == b' ') {
        Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
        None => (line, &[]),
    }
}

#[cfg(test)]
mod tests;
