//! What a mailbox is sorted and threaded by, read from a message's header once, at arrival (RFC 5256, RFC 5957).
//!
//! Texts are decoded and folded as a collation has it, `i;unicode-casemap` for what is kept, so that they compare octet
//! by octet.

use super::address::{Mailbox, addresses};
use super::header::{first, unfold};
use super::limits::{REFERENCES_MAX, SORT_TEXT_CHARS_MAX};
use super::words;
use crate::collation::Collation;

/// What SORT and THREAD look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The base subject (RFC 5256 2.1), folded.
    pub subject: String,
    /// Whether the subject says that it answers or forwards something.
    pub is_reply: bool,
    /// What stands before the `@` in the first address of From, folded; so for the next two.
    pub from: String,
    /// Of To.
    pub to: String,
    /// Of Cc.
    pub cc: String,
    /// The name that people see of the first address of From (RFC 5957 3), folded.
    pub display_from: String,
    /// Of To.
    pub display_to: String,
    /// Message-ID without its brackets; empty where there is none.
    pub message_id: String,
    /// The messages it answers, oldest first: References, or the first of In-Reply-To; at most
    /// [`REFERENCES_MAX`], the last ones.
    pub references: Vec<String>,
}

impl Summary {
    /// Reads a header block.
    pub fn of(header: &[u8]) -> Summary {
        Summary::collated(header, Collation::UnicodeCasemap)
    }

    /// The same with texts as another collation compares them.
    pub fn collated(header: &[u8], collation: Collation) -> Summary {
        let field = |name| first(header, name).map(unfold).unwrap_or_default();
        let (subject, is_reply) = base_subject(&words::decode(&field("Subject")));
        let mailbox = |name| addresses(&field(name)).into_iter().next();
        let (from, to, cc) = (mailbox("From"), mailbox("To"), mailbox("Cc"));
        let mut references = message_ids(&field("References"));
        if references.is_empty() {
            // RFC 5256, REFERENCES (1): where References says nothing, the first id of In-Reply-To.
            references = message_ids(&field("In-Reply-To"));
            references.truncate(1);
        }
        if references.len() > REFERENCES_MAX {
            references.drain(..references.len() - REFERENCES_MAX);
        }
        Summary {
            subject: cut(&collation.fold(&subject)),
            is_reply,
            from: local(from.as_ref(), collation),
            to: local(to.as_ref(), collation),
            cc: local(cc.as_ref(), collation),
            display_from: display(from.as_ref(), collation),
            display_to: display(to.as_ref(), collation),
            message_id: message_ids(&field("Message-ID")).into_iter().next().unwrap_or_default(),
            references,
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SORT_TEXT_CHARS_MAX).collect()
}

fn local(mailbox: Option<&Mailbox>, collation: Collation) -> String {
    mailbox.map(|mailbox| cut(&collation.fold(&mailbox.local))).unwrap_or_default()
}

/// RFC 5957 3: the display name, or the address where there is none.
fn display(mailbox: Option<&Mailbox>, collation: Collation) -> String {
    let Some(Mailbox { display, local, domain }) = mailbox else { return String::new() };
    let display = display.trim();
    let shown = match (display.is_empty(), domain.is_empty()) {
        (false, _) => display.to_owned(),
        (true, false) => format!("{local}@{domain}"),
        (true, true) => local.clone(),
    };
    cut(&collation.fold(&shown))
}

/// The message ids of a field value, in order; what is no id is passed over. Quotes around the left side are no
/// part of it (RFC 5256, REFERENCES (1)).
pub fn message_ids(value: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(value);
    let mut found = Vec::new();
    for piece in text.split('<').skip(1) {
        let Some((id, _)) = piece.split_once('>') else { continue };
        let id: String = id.chars().filter(|char| !char.is_whitespace() && *char != '"').collect();
        let sides = id.split_once('@');
        if sides.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty()) {
            found.push(cut(&id));
        }
    }
    found
}

/// The base subject (RFC 5256 2.1), and whether it was that of a reply or forward.
pub fn base_subject(subject: &str) -> (String, bool) {
    let words: Vec<&str> = subject.split_whitespace().collect();
    let whole: String = words.join(" ").chars().take(SORT_TEXT_CHARS_MAX).collect();
    let mut rest = whole.as_str();
    let mut is_reply = false;
    loop {
        rest = without_trailer(rest, &mut is_reply);
        loop {
            let before = rest.len();
            rest = without_leader(rest, &mut is_reply);
            if let Some(inner) = blob(rest)
                && !inner.is_empty()
            {
                rest = inner;
            }
            if rest.len() == before {
                break;
            }
        }
        // RFC 5256 2.1 (6): `[fwd: ...]`
        let inner = rest
            .split_at_checked(5)
            .filter(|(head, _)| head.eq_ignore_ascii_case("[fwd:"))
            .and_then(|(_, tail)| tail.strip_suffix(']'));
        match inner {
            Some(inner) => {
                is_reply = true;
                rest = inner.trim();
            }
            None => return (rest.to_owned(), is_reply),
        }
    }
}

/// `(fwd)` and white space at the end.
fn without_trailer<'a>(mut text: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        text = text.trim_end();
        let at = text.len().checked_sub(5);
        match at.and_then(|at| text.split_at_checked(at)) {
            Some((rest, tail)) if tail.eq_ignore_ascii_case("(fwd)") => {
                *is_reply = true;
                text = rest;
            }
            _ => return text,
        }
    }
}

/// `*blob ("re" / "fw" ["d"]) *WSP [blob] ":"` and white space at the beginning.
fn without_leader<'a>(text: &'a str, is_reply: &mut bool) -> &'a str {
    let text = text.trim_start();
    let mut rest = text;
    while let Some(inner) = blob(rest) {
        rest = inner;
    }
    let word = ["re", "fwd", "fw"].iter().find_map(|word| {
        let (head, tail) = rest.split_at_checked(word.len())?;
        head.eq_ignore_ascii_case(word).then_some(tail)
    });
    let Some(tail) = word else { return text };
    let tail = tail.trim_start();
    match blob(tail).unwrap_or(tail).strip_prefix(':') {
        Some(rest) => {
            *is_reply = true;
            rest.trim_start()
        }
        None => text,
    }
}

/// What follows `[...]` and white space.
fn blob(text: &str) -> Option<&str> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    if inside.contains('[') { None } else { Some(rest.trim_start()) }
}

#[cfg(test)]
mod tests;
