//! What a client that asked for events was told of mailboxes, and telling it what has become of that since
//! (RFC 5465 5.2-5.7). Whatever happened in between, it is told once, as it is now.

use super::request::{Events, Request};
use crate::command::list::{self, Home, Listing, Name};
use crate::command::status::{self, Figures};
use crate::extension::metadata;
use crate::limits::{NOTIFY_ENTRY_COUNT_MAX, NOTIFY_MAILBOX_COUNT_MAX};
use crate::reply::Failure;
use crate::session::Session;
use crate::session::enabled::Enabled;
use crate::session::place::is_elsewhere;
use crate::wire::decoder::mailboxes::Facts;
use crate::wire::decoder::status::StatusItem;
use crate::wire::encoder::Output;
use crate::words::MailboxPlace;
use model::{AccountId, CollectionId, Modseq, Rights, Uid};
use std::collections::{BTreeMap, BTreeSet};
use store::{CollectionRow, DELIMITER, Mailbox};

/// Names of annotations with what stands for their values.
pub(in crate::extension) type Entries = BTreeMap<String, u64>;

/// More is asked for than is kept (RFC 5465 3.1, 5.8).
pub(super) const OVERFLOW: Failure =
    Failure::No(Some("NOTIFICATIONOVERFLOW"), "That is more than can be watched");

/// What the client knows.
#[derive(Default)]
pub(super) struct Known {
    mailboxes: BTreeMap<MailboxPlace, State>,
    /// Names subscribed to without a mailbox.
    gone: BTreeSet<String>,
    /// Annotations of the server.
    server: Entries,
}

/// A mailbox as it was last looked at.
struct State {
    path: String,
    /// Its own level of the path, and what it lies in: a path changes with those above it as well.
    level: (CollectionId, String),
    events: Events,
    count: u64,
    unseen: u64,
    uid_next: Uid,
    modseq: Modseq,
    subscribed: bool,
    readable: bool,
    entries: Entries,
}

/// What is told of what was found.
pub(super) enum Tell {
    /// The figures, where they were asked for: it is the first look.
    First,
    /// What is new, but not in this account, if it is in this state: then the client itself has done it.
    Changes(Option<(AccountId, Modseq)>),
}

/// A look at all mailboxes.
struct Look<'a> {
    request: &'a Request,
    known: &'a mut Known,
    tell: Tell,
    /// The open mailbox: of its messages nothing is told here.
    open: Option<MailboxPlace>,
    /// Names that LIST told of.
    told: BTreeSet<String>,
    /// Names in which something came or went.
    touched: BTreeSet<String>,
}

/// Looks at all mailboxes; returns the states of the accounts that were looked at.
///
/// # Errors
/// [`OVERFLOW`]; `Unavailable`, `Corrupt`.
pub(super) async fn look(
    session: &mut Session,
    request: &Request,
    known: &mut Known,
    tell: Tell,
) -> Result<Vec<(AccountId, Modseq)>, Failure> {
    let listing = list::names(session, true).await?;
    let open = session.selected.as_ref().map(|selected| (selected.mailbox.account(), selected.mailbox.id()));
    // Only what is looked at now can say that nobody else has done anything.
    let is_quiet = |quiet: &(AccountId, Modseq)| {
        listing.homes.iter().any(|home| (home.reader.account(), home.reader.modseq()) == *quiet)
    };
    let tell = match tell {
        Tell::First => Tell::First,
        Tell::Changes(quiet) => Tell::Changes(quiet.filter(is_quiet)),
    };
    let (told, touched) = (BTreeSet::new(), BTreeSet::new());
    let mut look = Look { request, known, tell, open, told, touched };
    let before = std::mem::take(&mut look.known.mailboxes);
    let gone = look.mailboxes(session, &listing, before).await?;
    look.removed(session, &listing, &gone);
    look.parents(session, &listing);
    look.subscriptions(session, &listing, &gone);
    look.server(session).await?;
    session.connection.flush_if_large().await?;
    Ok(listing.homes.iter().map(|home| (home.reader.account(), home.reader.modseq())).collect())
}

impl Look<'_> {
    /// Whether changes in an account are told.
    fn tells(&self, account: AccountId) -> bool {
        match self.tell {
            Tell::First => false,
            Tell::Changes(quiet) => quiet.is_none_or(|(quiet, _)| quiet != account),
        }
    }

    /// Compares those that are there; returns those that are there no more.
    async fn mailboxes(
        &mut self,
        session: &mut Session,
        listing: &Listing,
        mut before: BTreeMap<MailboxPlace, State>,
    ) -> Result<BTreeMap<MailboxPlace, State>, Failure> {
        let is_there: &(dyn Fn(&str) -> bool + Sync) = &|path| is_mailbox(listing, path);
        let mut entries = 0;
        for (place, name) in &listing.names {
            let (Some(row), Some(home)) = (&name.row, listing.homes.get(name.home)) else { continue };
            let id = (home.reader.account(), name.id);
            let facts =
                Facts { path: &place.path, is_own: name.home == 0, subscribed: name.subscribed, is_there };
            let events = self.request.events(facts);
            let was = before.remove(&id);
            if events.is_empty() && was.is_none() {
                continue;
            }
            if !events.is_empty() && self.known.mailboxes.len() >= NOTIFY_MAILBOX_COUNT_MAX {
                return Err(OVERFLOW);
            }
            let flags = events.contains(Events::FLAGS) && is_readable(listing, name);
            let row = &*status::as_seen(session, &home.reader, name.id, row, flags).await?;
            let state = state(session, home, &place.path, (name, row), events).await?;
            entries += state.entries.len();
            if entries > NOTIFY_ENTRY_COUNT_MAX {
                return Err(OVERFLOW);
            }
            self.compare(session, (id, name, row), was.as_ref(), &state);
            session.connection.flush_if_large().await?;
            if !events.is_empty() {
                self.known.mailboxes.insert(id, state);
            }
        }
        Ok(before)
    }

    /// Tells what became of one mailbox.
    fn compare(
        &mut self,
        session: &mut Session,
        (id, name, row): (MailboxPlace, &Name, &CollectionRow),
        was: Option<&State>,
        now: &State,
    ) {
        let condstore = session.has(Enabled::CONDSTORE);
        let out = &mut session.connection.out;
        let is_open = self.open == Some(id);
        let of_messages = now.events.intersects(Events::MESSAGES) && now.readable && !is_open;
        if matches!(self.tell, Tell::First) {
            if !now.readable {
                self.list(out, &now.path, (name, false), None);
            }
            if of_messages && self.request.status {
                figures(out, id, row, &now.path, &all_items(now.events, true));
            }
            return;
        }
        if !self.tells(id.0) {
            return;
        }
        let Some(was) = was else {
            if now.events.contains(Events::NAME) {
                self.list(out, &now.path, (name, now.readable), None);
                self.touch(&now.path);
            }
            if of_messages {
                figures(out, id, row, &now.path, &all_items(now.events, condstore));
            }
            return;
        };
        let events = was.events | now.events;
        // What lies in a mailbox that was renamed is renamed with it, without a word.
        if events.contains(Events::NAME) && was.level != now.level {
            self.list(out, &now.path, (name, now.readable), Some(&was.path));
            self.touch(&was.path);
            self.touch(&now.path);
        } else if events.contains(Events::SUBSCRIPTION) && was.subscribed != now.subscribed
            || was.readable != now.readable
        {
            self.list(out, &now.path, (name, now.readable), None);
        }
        let items = changed_items(was, now, condstore);
        if of_messages && !items.is_empty() {
            figures(out, id, row, &now.path, &items);
        }
        if now.events.contains(Events::METADATA) && was.readable {
            annotations(out, &now.path, &was.entries, &now.entries);
        }
    }

    /// Tells of mailboxes that are there no more, or that may not be known of any more: nobody can tell which.
    fn removed(&mut self, session: &mut Session, listing: &Listing, gone: &BTreeMap<MailboxPlace, State>) {
        for ((account, _), state) in gone {
            let taken = find(listing, &state.path).is_some_and(|name| name.row.is_some());
            if !self.tells(*account) || !state.events.contains(Events::NAME) || taken {
                continue;
            }
            let subscribed = find(listing, &state.path).is_some_and(|name| name.subscribed);
            let name = Name { subscribed, ..Name::default() };
            self.list(&mut session.connection.out, &state.path, (&name, true), None);
            self.touch(&state.path);
        }
    }

    /// Tells of the mailboxes in which something came or went (RFC 5465 5.4).
    fn parents(&mut self, session: &mut Session, listing: &Listing) {
        let is_there: &(dyn Fn(&str) -> bool + Sync) = &|path| is_mailbox(listing, path);
        for path in std::mem::take(&mut self.touched) {
            let Some(name) = find(listing, &path).filter(|name| name.row.is_some()) else { continue };
            let facts = Facts { path: &path, is_own: name.home == 0, subscribed: name.subscribed, is_there };
            if self.request.events(facts).contains(Events::NAME) && !self.told.contains(&path) {
                self.list(&mut session.connection.out, &path, (name, is_readable(listing, name)), None);
            }
        }
    }

    /// Tells of subscriptions without a mailbox.
    fn subscriptions(
        &mut self,
        session: &mut Session,
        listing: &Listing,
        gone: &BTreeMap<MailboxPlace, State>,
    ) {
        let request = self.request;
        let is_there: &(dyn Fn(&str) -> bool + Sync) = &|path| is_mailbox(listing, path);
        let covered = |path: &str, subscribed| {
            let facts = Facts { path, is_own: !is_elsewhere(path), subscribed, is_there };
            request.events(facts).contains(Events::SUBSCRIPTION)
        };
        let names = listing.names.iter().filter(|(_, name)| name.row.is_none() && name.subscribed);
        let now: BTreeSet<String> =
            names.map(|(place, _)| place.path.clone()).filter(|path| covered(path, true)).collect();
        let own = listing.homes.first().map(|home| home.reader.account());
        let tells = own.is_some_and(|own| self.tells(own));
        let was = std::mem::replace(&mut self.known.gone, now.clone());
        for path in now.symmetric_difference(&was).filter(|_| tells) {
            let subscribed = now.contains(path);
            // A mailbox that went or came keeps its subscription.
            let went = gone.values().any(|state| state.path == *path && state.subscribed);
            let came = find(listing, path).is_some_and(|name| name.row.is_some() && name.subscribed);
            if !went && !came {
                let name = Name { subscribed, ..Name::default() };
                self.list(&mut session.connection.out, path, (&name, true), None);
            }
        }
    }

    /// Tells which annotations of the server changed (RFC 5465 5.7).
    async fn server(&mut self, session: &mut Session) -> Result<(), Failure> {
        if !self.request.all_events().contains(Events::SERVER) {
            return Ok(());
        }
        let reader = session.reader().await?;
        let now = metadata::stamps(session, &reader, None).await?;
        let was = std::mem::replace(&mut self.known.server, now);
        if self.tells(reader.account()) {
            annotations(&mut session.connection.out, "", &was, &self.known.server);
        }
        Ok(())
    }

    /// `* LIST (...) "/" name ("OLDNAME" ("old"))`
    fn list(&mut self, out: &mut Output, path: &str, (name, readable): (&Name, bool), old: Option<&str>) {
        let mut attributes = list::attributes(name, name.subscribed);
        if !readable {
            attributes.push("\\NoAccess");
        }
        out.raw(b"* LIST (").raw(attributes.join(" ")).raw(b") \"/\" ").mailbox(path);
        if let Some(old) = old {
            out.raw(b" (\"OLDNAME\" (").mailbox(old).raw(b"))");
        }
        out.crlf();
        self.told.insert(path.to_owned());
    }

    fn touch(&mut self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once(DELIMITER) {
            self.touched.insert(parent.to_owned());
        }
    }
}

/// The name of that path.
fn find<'l>(listing: &'l Listing, path: &str) -> Option<&'l Name> {
    listing.names.get(&list::Place::new(path))
}

fn is_mailbox(listing: &Listing, path: &str) -> bool {
    find(listing, path).is_some_and(|name| name.row.is_some())
}

fn is_readable(listing: &Listing, name: &Name) -> bool {
    let home = listing.homes.get(name.home);
    home.zip(name.row.as_ref()).is_some_and(|(home, row)| home.reader.rights_on(row).contains(Rights::READ))
}

/// A mailbox as it is now.
async fn state(
    session: &Session,
    home: &Home,
    path: &str,
    (name, row): (&Name, &CollectionRow),
    events: Events,
) -> Result<State, Failure> {
    let readable = home.reader.rights_on(row).contains(Rights::READ);
    let mut entries = Entries::new();
    if readable && events.contains(Events::METADATA) {
        let mailbox = home.reader.open::<Mailbox>(name.id, Rights::READ).await?;
        entries = metadata::stamps(session, &home.reader, Some(&mailbox)).await?;
    }
    Ok(State {
        path: path.to_owned(),
        level: (row.parent, row.name.clone()),
        events,
        count: row.count,
        unseen: row.unseen,
        uid_next: row.uid_next,
        modseq: row.modseq,
        subscribed: name.subscribed,
        readable,
        entries,
    })
}

/// What tells all of a mailbox that its events are about (RFC 5465 3.1).
fn all_items(events: Events, with_modseq: bool) -> Vec<&'static str> {
    let mut items = Vec::new();
    if events.intersects(Events::NEW | Events::EXPUNGE) {
        items.extend(["MESSAGES", "UIDNEXT", "UIDVALIDITY"]);
    }
    if events.contains(Events::FLAGS) && with_modseq {
        items.push("HIGHESTMODSEQ");
    }
    items
}

/// What has changed of a mailbox, as far as it is asked for (RFC 5465 5.1-5.3).
fn changed_items(was: &State, now: &State, condstore: bool) -> Vec<&'static str> {
    let mut items = Vec::new();
    let moved = (was.count, was.uid_next) != (now.count, now.uid_next);
    if moved && now.events.intersects(Events::NEW | Events::EXPUNGE) {
        items.extend(["MESSAGES", "UIDNEXT", "UIDVALIDITY"]);
    }
    if now.events.contains(Events::FLAGS) && was.unseen != now.unseen {
        items.push("UNSEEN");
    }
    let flagged = now.events.contains(Events::FLAGS) && was.modseq != now.modseq;
    if condstore && (flagged || !items.is_empty()) {
        items.push("HIGHESTMODSEQ");
    }
    if !items.is_empty() && !items.contains(&"UIDVALIDITY") {
        items.push("UIDVALIDITY");
    }
    items
}

/// `* STATUS name (...)`
fn figures(out: &mut Output, id: MailboxPlace, row: &CollectionRow, path: &str, items: &[&str]) {
    let items: Vec<StatusItem> = items.iter().filter_map(|name| StatusItem::find(name)).collect();
    if !items.is_empty() {
        status::tell(out, path, &Figures { id, row, recent: 0 }, &items);
    }
}

/// `* METADATA name entry entry` (RFC 5464 4.4.2): those that came, changed or went.
fn annotations(out: &mut Output, path: &str, was: &Entries, now: &Entries) {
    let changed = now.iter().filter(|(name, value)| was.get(*name) != Some(*value)).map(|(name, _)| name);
    let gone = was.keys().filter(|name| !now.contains_key(*name));
    let names: BTreeSet<&String> = changed.chain(gone).collect();
    if names.is_empty() {
        return;
    }
    out.raw(b"* METADATA ").mailbox(path);
    for name in names {
        out.raw(b" ").astring(name.as_bytes());
    }
    out.crlf();
}
