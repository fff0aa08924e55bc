//! What NOTIFY SET asks for (RFC 5465 8).

use crate::limits::NOTIFY_GROUP_COUNT_MAX;
use crate::reply::Failure;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::fetch::{self, FetchItem};
use crate::wire::decoder::mailboxes::{self, Facts, Filter};
use std::sync::Arc;

bitflags::bitflags! {
    /// What can happen (RFC 5465 5).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Events: u8 {
        /// Messages come.
        const NEW = 1;
        /// Messages go.
        const EXPUNGE = 2;
        /// Flags change.
        const FLAGS = 4;
        /// Mailboxes come, go and are renamed.
        const NAME = 8;
        /// Subscriptions come and go.
        const SUBSCRIPTION = 16;
        /// Annotations of mailboxes change.
        const METADATA = 32;
        /// Annotations of the server change.
        const SERVER = 64;
        /// What is of messages.
        const MESSAGES = Self::NEW.bits() | Self::EXPUNGE.bits() | Self::FLAGS.bits();
    }
}

const NAMES: [(&str, Events); 7] = [
    ("MessageNew", Events::NEW),
    ("MessageExpunge", Events::EXPUNGE),
    ("FlagChange", Events::FLAGS),
    ("MailboxName", Events::NAME),
    ("SubscriptionChange", Events::SUBSCRIPTION),
    ("MailboxMetadataChange", Events::METADATA),
    ("ServerMetadataChange", Events::SERVER),
];

/// RFC 5465 3.1: NO, with the names of those that are known.
const UNSUPPORTED: Failure = Failure::No(
    Some(
        "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange \
         MailboxMetadataChange ServerMetadataChange)",
    ),
    "No such event here",
);

/// What is asked for of the open mailbox.
#[derive(Clone, Debug, Default)]
pub(super) struct OfSelected {
    pub(super) events: Events,
    /// Removals wait for a command that allows them.
    pub(super) delayed: bool,
    /// What is told of new messages.
    pub(super) items: Arc<[FetchItem]>,
}

/// What is asked for of other mailboxes.
#[derive(Clone, Debug)]
pub(super) struct Group {
    filter: Filter,
    events: Events,
}

/// All of it. Nothing at all is NOTIFY NONE.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// `None`: nothing of the open mailbox.
    pub(super) selected: Option<OfSelected>,
    pub(super) groups: Box<[Group]>,
    /// Whether the present figures are to be told.
    pub(super) status: bool,
}

impl Request {
    /// The events of a mailbox.
    pub(super) fn events(&self, facts: Facts<'_>) -> Events {
        let covering = self.groups.iter().filter(|group| group.filter.covers(facts));
        covering.fold(Events::empty(), |sum, group| sum | group.events)
    }

    /// The events of any mailbox.
    pub(super) fn all_events(&self) -> Events {
        self.groups.iter().fold(Events::empty(), |sum, group| sum | group.events)
    }

    /// Whether others' mailboxes can be among those asked for.
    pub(super) fn looks_elsewhere(&self) -> bool {
        self.groups.iter().any(|group| group.filter.looks_elsewhere())
    }
}

/// Reads everything behind `NOTIFY`.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Parsed<Request> {
    cursor.space()?;
    if cursor.word("NONE") {
        cursor.end()?;
        return Ok(Request::default());
    }
    if !cursor.word("SET") {
        return Err(Failure::Bad("Expected SET or NONE"));
    }
    cursor.space()?;
    let mut request = Request { status: cursor.word("STATUS"), ..Request::default() };
    if request.status {
        cursor.space()?;
    }
    let (mut groups, mut names) = (Vec::new(), 0);
    let mut of_selected = false;
    loop {
        cursor.expect(b'(', "Expected a group of events")?;
        let filter = mailboxes::filter(cursor, &mut names)?;
        cursor.space()?;
        let (events, items) = events(cursor)?;
        cursor.expect(b')', "Expected the end of a group of events")?;
        match filter {
            Filter::Selected | Filter::SelectedDelayed => {
                if std::mem::replace(&mut of_selected, true) {
                    return Err(Failure::Bad("The open mailbox is named twice"));
                }
                if !Events::MESSAGES.contains(events) {
                    return Err(Failure::Bad("Only events of messages for the open mailbox"));
                }
                let delayed = filter == Filter::SelectedDelayed;
                let some = !events.is_empty();
                request.selected = some.then(|| OfSelected { events, delayed, items: items.into() });
            }
            _ if !items.is_empty() => {
                return Err(Failure::Bad("Items are told of messages in the open mailbox only"));
            }
            filter => groups.push(Group { filter, events }),
        }
        if groups.len() > NOTIFY_GROUP_COUNT_MAX {
            return Err(Failure::No(Some("LIMIT"), "Too many groups of events"));
        }
        if cursor.at_end() {
            break;
        }
        cursor.space()?;
    }
    cursor.end()?;
    request.groups = groups.into();
    Ok(request)
}

/// `NONE` or `(MessageNew (UID FLAGS) MessageExpunge)`
fn events(cursor: &mut Cursor<'_>) -> Parsed<(Events, Vec<FetchItem>)> {
    let (mut found, mut items) = (Events::empty(), Vec::new());
    if cursor.word("NONE") {
        return Ok((found, items));
    }
    cursor.expect(b'(', "Expected a list of events")?;
    loop {
        let name = cursor.atom()?;
        let known = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, event) = *known.ok_or(UNSUPPORTED)?;
        found |= event;
        if cursor.eat(b')') {
            break;
        }
        cursor.space()?;
        if event == Events::NEW && cursor.peek() == Some(b'(') {
            items = fetch::parse_kept(cursor)?;
            if cursor.eat(b')') {
                break;
            }
            cursor.space()?;
        }
    }
    // RFC 5465 5: these come together.
    let both = found.contains(Events::NEW | Events::EXPUNGE);
    if !both && found.intersects(Events::MESSAGES) {
        return Err(Failure::Bad("MessageNew and MessageExpunge come together, FlagChange with them"));
    }
    Ok((found, items))
}

#[cfg(test)]
mod tests;
