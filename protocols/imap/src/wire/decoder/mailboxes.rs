//! Which mailboxes a command is about (RFC 5465 6, RFC 7377 2.2).

use super::cursor::{Cursor, Parsed};
use crate::limits::MAILBOX_NAME_COUNT_MAX;
use crate::reply::Failure;
use crate::session::place::{composed, may_be_elsewhere};
use std::borrow::Cow;
use store::{DELIMITER, INBOX};

/// A choice of mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// The one that is open.
    Selected,
    /// The same, where removals wait for a command that allows them.
    SelectedDelayed,
    /// Those of one's own that mail is delivered to.
    Inboxes,
    /// One's own.
    Personal,
    /// Those subscribed to.
    Subscribed,
    /// These and all below them.
    Subtree(Vec<Named>),
    /// These and those directly below them.
    SubtreeOne(Vec<Named>),
    /// These.
    Mailboxes(Vec<Named>),
}

/// A name that a choice is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// As it was sent.
    sent: String,
    /// In Unicode's form C, where it is not that already. It is meant where no mailbox is spelled as sent.
    composed: Option<String>,
}

impl Named {
    fn new(sent: String) -> Self {
        let composed = match composed(&sent) {
            Cow::Borrowed(_) => None,
            Cow::Owned(composed) => Some(composed),
        };
        Self { sent, composed }
    }

    /// What is left of a path below the name: nothing of the mailbox itself; `None` for what lies elsewhere.
    fn below<'p>(&self, facts: Facts<'p>) -> Option<&'p str> {
        let below = |name: &str| {
            let rest = facts.path.strip_prefix(name)?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix(DELIMITER) }
        };
        let composed = || below(self.composed.as_ref()?).filter(|_| !(facts.is_there)(&self.sent));
        below(&self.sent).or_else(composed)
    }
}

/// What a choice is made by.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// Its name.
    pub path: &'a str,
    /// Whether it is one's own.
    pub is_own: bool,
    /// Whether it is subscribed to.
    pub subscribed: bool,
    /// Whether a mailbox is at a name.
    pub is_there: &'a (dyn Fn(&str) -> bool + Sync),
}

impl Filter {
    /// Whether a mailbox is among them; the open one is chosen by itself.
    pub(crate) fn covers(&self, facts: Facts<'_>) -> bool {
        match self {
            Self::Selected | Self::SelectedDelayed => false,
            // Nothing but INBOX is delivered to.
            Self::Inboxes => facts.is_own && facts.path == INBOX,
            Self::Personal => facts.is_own,
            Self::Subscribed => facts.subscribed,
            Self::Mailboxes(names) => names.iter().any(|name| name.below(facts).is_some_and(str::is_empty)),
            Self::Subtree(names) => names.iter().any(|name| name.below(facts).is_some()),
            Self::SubtreeOne(names) => {
                names.iter().any(|name| name.below(facts).is_some_and(|rest| !rest.contains(DELIMITER)))
            }
        }
    }
}

impl Filter {
    /// Whether others' mailboxes can be among them.
    pub(crate) fn looks_elsewhere(&self) -> bool {
        match self {
            Self::Subscribed => true,
            Self::Subtree(names) | Self::SubtreeOne(names) | Self::Mailboxes(names) => {
                names.iter().any(|name| may_be_elsewhere(&name.sent))
            }
            _ => false,
        }
    }
}

/// Reads one choice; `names` counts the names of all.
pub(crate) fn filter(cursor: &mut Cursor<'_>, names: &mut usize) -> Parsed<Filter> {
    let word = cursor.atom()?.to_ascii_lowercase();
    Ok(match word.as_str() {
        "selected" => Filter::Selected,
        "selected-delayed" => Filter::SelectedDelayed,
        "inboxes" => Filter::Inboxes,
        "personal" => Filter::Personal,
        "subscribed" => Filter::Subscribed,
        "subtree" => Filter::Subtree(list(cursor, names)?),
        "subtree-one" => Filter::SubtreeOne(list(cursor, names)?),
        "mailboxes" => Filter::Mailboxes(list(cursor, names)?),
        _ => return Err(Failure::Bad("Unknown choice of mailboxes")),
    })
}

/// ` name` or ` (name name)`
fn list(cursor: &mut Cursor<'_>, names: &mut usize) -> Parsed<Vec<Named>> {
    cursor.space()?;
    let mut found = Vec::new();
    let many = cursor.eat(b'(');
    loop {
        *names += 1;
        if *names > MAILBOX_NAME_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many mailbox names"));
        }
        found.push(Named::new(cursor.mailbox()?));
        if !many || cursor.eat(b')') {
            return Ok(found);
        }
        cursor.space()?;
    }
}

#[cfg(test)]
mod tests;
