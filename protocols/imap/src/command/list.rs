//! LIST (RFC 9051 6.3.9), basic and extended; LSUB shares its matching.

use super::status::{self, Figures};
use super::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::place::composed;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::list::{self as grammar, List, matches};
use crate::wire::decoder::status::StatusItem;
use crate::wire::encoder::Output;
use crate::words::Listed;
use model::{CollectionId, Rights, SpecialUse};
use std::borrow::Cow;
use std::collections::BTreeMap;
use store::{CollectionRow, DELIMITER, INBOX, MailboxEntry, Reader};

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "LIST",
    uid: false,
    states: States::LOGGED_IN,
    sequences: Sequences::Free,
    run: |session, cursor| Box::pin(run(session, cursor)),
}];

/// A name that may be listed.
#[derive(Default)]
pub(crate) struct Name {
    /// The mailbox; `None` for a name without one (`\NonExistent`).
    pub row: Option<CollectionRow>,
    /// Its number.
    pub id: CollectionId,
    pub has_children: bool,
    pub subscribed: bool,
    /// No mailbox, but others' mailboxes lie below.
    pub is_stem: bool,
    /// It may be known of, and not opened.
    pub closed: bool,
    /// Whose it is: a place in [`Listing::homes`]; the first is one's own.
    pub home: usize,
}

/// An account whose names are listed.
pub(crate) struct Home {
    /// The snapshot.
    pub reader: Reader,
    /// Octets of what stands before its own paths.
    prefix_bytes: usize,
}

/// Every name there is.
pub(crate) struct Listing {
    pub names: Names,
    /// The accounts.
    pub homes: Vec<Home>,
}

/// Names in the order they are told: INBOX first, then by name.
pub(crate) type Names = BTreeMap<Place, Name>;

/// A name that sorts INBOX and what is in it before everything else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    elsewhere: bool,
    pub path: String,
}

impl Place {
    pub(crate) fn new(path: &str) -> Self {
        let root = path.split(DELIMITER).next().unwrap_or_default();
        Self { elsewhere: root != INBOX, path: path.to_owned() }
    }
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let list = grammar::parse(&mut cursor)?;
    cursor.end()?;
    status::asked(session, &list.returns.status);
    let out = &mut session.connection.out;
    if list.asks_delimiter() {
        out.raw(b"* LIST (\\Noselect) \"/\" \"\"").crlf();
        return Ok(Done::told("LIST completed"));
    }
    let Listing { names, homes } = names(session, list.select.subscribed).await?;
    let patterns = patterns(&list);
    for (place, name) in &names {
        if !patterns.iter().any(|pattern| pattern.matches(&place.path)) {
            continue;
        }
        let own = is_selected(&list, name);
        let below = list.select.recursive && has_selected_below(&list, &names, (&place.path, own), &patterns);
        // A name without a mailbox is told only where it is asked for.
        let is_there = name.row.is_some() || name.is_stem;
        if !(own && (is_there || name.subscribed && list.select.subscribed) || below) {
            continue;
        }
        tell(&mut session.connection.out, &list, &place.path, name, below);
        session.connection.flush_if_large().await?;
        // RFC 9051 6.3.9.8, example 11: nothing more is told of what is there for those below it alone.
        let Some(Home { reader, prefix_bytes }) = homes.get(name.home).filter(|_| own) else { continue };
        if let (Some(row), false) = (&name.row, list.returns.status.is_empty())
            && reader.rights_on(row).contains(Rights::READ)
        {
            let items = &list.returns.status;
            let inner = place.path.get(*prefix_bytes..).unwrap_or_default();
            let recent = status::recent(session, reader, inner, items).await?;
            let unseen = items.contains(&StatusItem::Unseen);
            let row = &*status::as_seen(session, reader, name.id, row, unseen).await?;
            let figures = Figures { id: (reader.account(), name.id), row, recent };
            status::tell(&mut session.connection.out, &place.path, &figures, items);
        }
        if let Some(row) = &name.row {
            for (word, argument) in &list.returns.extended {
                let listed = Listed { reader, path: &place.path, id: name.id, row, argument };
                (word.tell)(session, &listed).await?;
            }
        }
    }
    Ok(Done::told("LIST completed"))
}

/// Every name there is; with `gone`, those subscribed to without a mailbox and the stems above them.
pub(crate) async fn names(session: &Session, gone: bool) -> Result<Listing, Failure> {
    let reader = session.reader().await?;
    let mut names = Names::new();
    for entry in reader.mailboxes().await? {
        let MailboxEntry { id, path, row, has_children } = entry;
        let subscribed = row.subscribed;
        let name = Name { row: Some(row), id, has_children, subscribed, ..Name::default() };
        names.insert(Place::new(&path), name);
    }
    let subscribed = reader.gone_subscriptions().await?;
    let mut homes = vec![Home { reader, prefix_bytes: 0 }];
    for (prefix, account) in session.others().await? {
        let Some(reader) = session.context.store.read_if_there(session.account()?.0, account).await? else {
            continue;
        };
        let home = homes.len();
        for MailboxEntry { id, path, mut row, has_children } in reader.mailboxes().await? {
            let path = format!("{prefix}{path}");
            // What it is for, it is for its owner.
            row.special_use = None;
            stems(&mut names, &path);
            let known = names.entry(Place::new(&path)).or_default();
            let closed = !reader.rights_on(&row).contains(Rights::READ);
            *known = Name { row: Some(row), id, has_children, closed, home, ..Name::default() };
            known.subscribed = subscribed.contains(&path);
        }
        homes.push(Home { reader, prefix_bytes: prefix.len() });
    }
    if !gone {
        return Ok(Listing { names, homes });
    }
    for path in subscribed {
        for (end, _) in path.match_indices(DELIMITER) {
            let stem = path.get(..end).unwrap_or_default();
            names.entry(Place::new(stem)).or_default();
        }
        names.entry(Place::new(&path)).or_default().subscribed = true;
    }
    Ok(Listing { names, homes })
}

/// Enters the levels above somebody else's mailbox, so that it can be come to from the top.
fn stems(names: &mut Names, path: &str) {
    for (end, _) in path.match_indices(DELIMITER) {
        let stem = names.entry(Place::new(path.get(..end).unwrap_or_default())).or_default();
        stem.is_stem = stem.row.is_none();
        stem.has_children = true;
    }
}

/// A pattern with its reference before it.
pub(crate) struct Pattern {
    plain: String,
    /// With its first level in capitals: INBOX has no case.
    upper: String,
    /// In Unicode's form C, where it is not that already.
    composed: Option<Box<Pattern>>,
}

impl Pattern {
    fn new(plain: String) -> Self {
        let (root, rest) = plain.split_at(plain.find(DELIMITER).unwrap_or(plain.len()));
        let upper = format!("{}{rest}", root.to_ascii_uppercase());
        let composed = match composed(&plain) {
            Cow::Borrowed(_) => None,
            Cow::Owned(composed) => Some(Box::new(Self::new(composed))),
        };
        Self { plain, upper, composed }
    }

    /// Whether a path matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let root = path.split(DELIMITER).next().unwrap_or_default();
        matches(self.plain.as_bytes(), path.as_bytes())
            || root == INBOX && matches(self.upper.as_bytes(), path.as_bytes())
            || self.composed.as_ref().is_some_and(|composed| composed.matches(path))
    }

    /// Whether it stops at a delimiter somewhere.
    pub(super) fn has_percent(&self) -> bool {
        self.plain.contains('%')
    }
}

/// The patterns of a LIST.
pub(crate) fn patterns(list: &List) -> Vec<Pattern> {
    list.patterns.iter().map(|pattern| Pattern::new(format!("{}{pattern}", list.reference))).collect()
}

fn is_selected(list: &List, name: &Name) -> bool {
    let special = || name.row.as_ref().is_some_and(|row| attribute(row).is_some());
    (!list.select.subscribed || name.subscribed) && (!list.select.special_use || special())
}

/// Whether CHILDINFO is due. A name that was not chosen itself is told only where something chosen below it
/// is not told by itself (RFC 5258 5, example 9: `foo2` is, `baz2` is not).
fn has_selected_below(list: &List, names: &Names, (path, own): (&str, bool), patterns: &[Pattern]) -> bool {
    let stem = format!("{path}{DELIMITER}");
    let told = |path: &str| patterns.iter().any(|pattern| pattern.matches(path));
    names.iter().any(|(place, name)| {
        place.path.starts_with(&stem) && is_selected(list, name) && (own || !told(&place.path))
    })
}

fn tell(out: &mut Output, list: &List, path: &str, name: &Name, below: bool) {
    out.raw(b"* LIST (");
    let subscribed = name.subscribed && (list.select.subscribed || list.returns.subscribed);
    let mut told = attributes(name, subscribed);
    if list.returns.children && name.row.is_none() && !name.is_stem {
        // RFC 5258 4: asked for, it is told of every name.
        told.push("\\HasNoChildren");
    }
    out.raw(told.join(" ")).raw(b") \"/\" ").mailbox(path);
    if below {
        out.raw(b" (\"CHILDINFO\" (");
        let mut separator = "";
        for (asked, word) in
            [(list.select.subscribed, "\"SUBSCRIBED\""), (list.select.special_use, "\"SPECIAL-USE\"")]
        {
            if asked {
                out.raw(separator).raw(word);
                separator = " ";
            }
        }
        out.raw(b"))");
    }
    out.crlf();
}

/// The attributes of a name.
pub(crate) fn attributes(name: &Name, subscribed: bool) -> Vec<&'static str> {
    let mut attributes = Vec::new();
    if subscribed {
        attributes.push("\\Subscribed");
    }
    match &name.row {
        Some(row) => {
            if name.closed {
                attributes.push("\\Noselect");
            }
            attributes.push(if name.has_children { "\\HasChildren" } else { "\\HasNoChildren" });
            attributes.extend(attribute(row));
        }
        None if name.is_stem => attributes.extend(["\\NonExistent", "\\Noselect", "\\HasChildren"]),
        None => attributes.push("\\NonExistent"),
    }
    attributes
}

/// The special use as an attribute (RFC 6154 2).
pub(crate) fn attribute(row: &CollectionRow) -> Option<&'static str> {
    match row.special_use? {
        SpecialUse::Inbox => None,
        SpecialUse::All => Some("\\All"),
        SpecialUse::Archive => Some("\\Archive"),
        SpecialUse::Drafts => Some("\\Drafts"),
        SpecialUse::Flagged => Some("\\Flagged"),
        SpecialUse::Junk => Some("\\Junk"),
        SpecialUse::Sent => Some("\\Sent"),
        SpecialUse::Trash => Some("\\Trash"),
    }
}
