//! Paths of MAIL and RCPT: `<[@route:]local@domain>` (RFC 5321 4.1.2, with RFC 6531's octets).
//!
//! Strict: what is not in the grammar is refused, and nothing of it ever reaches a shell or a log unescaped.

use model::Address;

/// The longest local part, in octets (RFC 5321 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// What stood between the brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// `<>`, the null reverse path.
    Null,
    /// `<Postmaster>` without a domain (RFC 5321 4.5.1).
    Postmaster,
    /// A mailbox: the canonical address, and as it was spelled.
    Mailbox(Address, String),
}

/// The path at the beginning of `text`, and what stands behind it (parameters, with their space).
///
/// `None` when there is no path by the grammar.
pub(crate) fn parse_path(text: &str) -> Option<(Path, &str)> {
    // A space in front of the bracket is against the grammar and sent by too many to refuse.
    let inner = text.trim_start_matches(' ').strip_prefix('<')?;
    let end = closing(inner)?;
    let (inside, behind) = (inner.get(..end)?, inner.get(end + 1..)?);
    if !(behind.is_empty() || behind.starts_with(' ')) {
        return None;
    }
    if inside.is_empty() {
        return Some((Path::Null, behind));
    }
    if inside.eq_ignore_ascii_case("postmaster") {
        return Some((Path::Postmaster, behind));
    }
    let mailbox = skip_route(inside)?;
    let (local, domain) = mailbox.rsplit_once('@')?;
    if !(is_local(local) && is_domain(domain)) {
        return None;
    }
    // RFC 5321 4.1.2: quotes that are not needed change nothing.
    let mailbox = match unquoted(local) {
        Some(local) => format!("{local}@{domain}"),
        None => mailbox.to_owned(),
    };
    let address = Address::parse(&mailbox).ok()?;
    Some((Path::Mailbox(address, mailbox), behind))
}

/// What a quoted local part says, where it can be said without quotes.
fn unquoted(local: &str) -> Option<String> {
    let inside = local.strip_prefix('"')?.strip_suffix('"')?;
    let mut said = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        said.push(if c == '\\' { chars.next()? } else { c });
    }
    is_dotted(&said).then_some(said)
}

/// Where the `>` is that no quoted string holds.
fn closing(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (index, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(index),
            _ => {}
        }
    }
    None
}

/// RFC 5321 C: a source route is taken and ignored.
fn skip_route(text: &str) -> Option<&str> {
    if !text.starts_with('@') {
        return Some(text);
    }
    let (route, mailbox) = text.split_once(':')?;
    let hop = |hop: &str| hop.strip_prefix('@').is_some_and(is_domain);
    route.split(',').all(hop).then_some(mailbox)
}

fn is_local(local: &str) -> bool {
    if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
        return false;
    }
    match local.strip_prefix('"').map(|rest| rest.strip_suffix('"')) {
        None => is_dotted(local),
        Some(None) => false,
        Some(Some(inside)) => is_quoted_content(inside),
    }
}

/// RFC 5321 4.1.2 Dot-string.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// RFC 5321 4.1.2 QcontentSMTP: printable, quotes and backslashes escaped.
fn is_quoted_content(text: &str) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        if c.is_control() {
            return false;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return false,
            _ => {}
        }
    }
    !escaped && !text.is_empty()
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
}

/// RFC 6531 3.3: any UTF-8 character beyond US-ASCII, but none that controls or separates.
fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let text = literal.strip_prefix("IPv6:").unwrap_or(literal);
        return text.parse::<std::net::IpAddr>().is_ok();
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || is_beyond_ascii(c))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 255 && domain.split('.').all(label)
}

#[cfg(test)]
mod tests;
