//! METADATA (RFC 5464): annotations of mailboxes and of the server, shared or private.
//!
//! What is kept are small values under names; some have a meaning here: `/private/specialuse` is the mailbox's
//! special use (RFC 6154 5.4), `/shared/vendor/cmu/cyrus-imapd/sharedseen` says whether \Seen is one flag for all who see
//! the mailbox, as with Cyrus; `/shared/comment` and `/shared/admin` of the server come from its configuration.

use super::notify::Entries;
use super::{Extension, When, filters};
use crate::command::list::attribute;
use crate::command::{Sequences, States, Verb};
use crate::limits::METADATA_NAME_COUNT_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::encoder::Output;
use model::{Error, Rights, SpecialUse};
use std::hash::{DefaultHasher, Hash, Hasher};
use store::{
    Annotated, Audience, Collection, METADATA_ENTRY_COUNT_MAX, METADATA_VALUE_BYTES_MAX, Mailbox, Reader,
    Writer,
};

pub(super) const EXTENSION: Extension = Extension {
    name: "METADATA",
    rfc: "RFC 5464",
    capability: Some("METADATA"),
    when: When::LoggedIn,
    commands: &[
        verb("GETMETADATA", |session, cursor| Box::pin(get(session, cursor))),
        verb("SETMETADATA", |session, cursor| Box::pin(set(session, cursor))),
    ],
    codes: &["METADATA LONGENTRIES", "METADATA MAXSIZE", "METADATA TOOMANY"],
    ..Extension::PLAIN
};

type Run = for<'a> fn(&'a mut Session, Cursor<'a>) -> futures_util::future::BoxFuture<'a, Outcome>;

const fn verb(name: &'static str, run: Run) -> Verb {
    Verb { name, uid: false, states: States::LOGGED_IN, sequences: Sequences::Free, run }
}

/// The mailbox's special use, as an annotation.
const SPECIAL_USE: &str = "/specialuse";
/// Whether \Seen is one flag for all, as an annotation: the name that Cyrus has given it.
const SHARED_SEEN: &str = "/vendor/cmu/cyrus-imapd/sharedseen";

/// How far below an entry is looked (RFC 5464 4.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Depth {
    #[default]
    Itself,
    Children,
    All,
}

/// Options of GETMETADATA.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    size_max: Option<u64>,
    depth: Depth,
}

/// An entry's name: whose it is, and what stands behind `/shared` or `/private`, in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    audience: Audience,
    name: String,
}

impl Entry {
    /// RFC 5464 4.1: components behind slashes, in any case, nothing that LIST would take for a pattern.
    fn parse(text: &str) -> Parsed<Self> {
        let bad = Failure::Bad("Not the name of an entry");
        let text = text.to_ascii_lowercase();
        let clean = |c: char| c.is_ascii() && !c.is_ascii_control() && c != '*' && c != '%';
        if !text.chars().all(clean) || text.contains("//") || text.ends_with('/') {
            return Err(bad);
        }
        let (audience, name) = match (text.strip_prefix("/shared"), text.strip_prefix("/private")) {
            (Some(name), _) => (Audience::Shared, name),
            (_, Some(name)) => (Audience::Private, name),
            _ => return Err(bad),
        };
        if !name.is_empty() && !name.starts_with('/') {
            return Err(bad);
        }
        Ok(Self { audience, name: name.to_owned() })
    }

    /// RFC 5464 3.2: names have two components at least, those of vendors four.
    fn can_be_set(&self) -> bool {
        let below = self.name.strip_prefix("/vendor").filter(|rest| rest.is_empty() || rest.starts_with('/'));
        !self.name.is_empty() && below.is_none_or(|below| below.matches('/').count() >= 2)
    }

    fn whole(&self, name: &str) -> String {
        let stem = match self.audience {
            Audience::Shared => "/shared",
            Audience::Private => "/private",
        };
        format!("{stem}{name}")
    }

    /// Whether a stored name is this one or lies below it, as deep as asked for.
    fn covers(&self, name: &str, depth: Depth) -> bool {
        let Some(rest) = name.strip_prefix(&self.name) else { return false };
        match rest.strip_prefix('/') {
            None => rest.is_empty(),
            Some(below) => depth == Depth::All || depth == Depth::Children && !below.contains('/'),
        }
    }
}

/// One entry, or several in parentheses; without them, as RFC 5464's examples in 4.4.1 have it, where nothing else may
/// follow.
fn entries(cursor: &mut Cursor<'_>, is_last: bool) -> Parsed<Vec<String>> {
    let is_list = cursor.eat(b'(');
    let mut found = vec![cursor.text()?.into_owned()];
    let is_over = |cursor: &mut Cursor<'_>| match is_list {
        true => cursor.eat(b')'),
        false => !is_last || cursor.at_end(),
    };
    while !is_over(cursor) {
        if found.len() >= METADATA_NAME_COUNT_MAX {
            return Err(Failure::Bad("Too many entries"));
        }
        cursor.space()?;
        found.push(cursor.text()?.into_owned());
    }
    Ok(found)
}

/// `METADATA (entries)` of LIST (RFC 9590), its space included.
pub(super) fn listed_entries(cursor: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    cursor.space()?;
    let found = entries(cursor, false)?;
    found.iter().try_for_each(|name| Entry::parse(name).map(drop))?;
    Ok(found)
}

fn options(cursor: &mut Cursor<'_>) -> Parsed<Options> {
    let mut options = Options::default();
    cursor.expect(b'(', "Expected options")?;
    loop {
        match cursor.atom()?.to_ascii_uppercase().as_str() {
            "MAXSIZE" => {
                cursor.space()?;
                options.size_max = Some(cursor.number64()?);
            }
            "DEPTH" => {
                cursor.space()?;
                options.depth = match cursor.atom()?.to_ascii_lowercase().as_str() {
                    "0" => Depth::Itself,
                    "1" => Depth::Children,
                    "infinity" => Depth::All,
                    _ => return Err(Failure::Bad("Unknown depth")),
                };
            }
            _ => return Err(Failure::Bad("Unknown option")),
        }
        if cursor.eat(b')') {
            return Ok(options);
        }
        cursor.space()?;
    }
}

/// Whether options, not entries, stand here: entries begin with a slash.
fn are_options(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.eat(b'(') && ahead.peek().is_some_and(|byte| byte.is_ascii_alphabetic())
}

type Values = Vec<(String, Option<Vec<u8>>)>;

/// The values of entries; an entry that was asked for by itself and has none is told as NIL.
async fn values(
    session: &Session,
    reader: &Reader,
    mailbox: Option<&Collection<Mailbox>>,
    names: &[String],
    depth: Depth,
) -> Result<Values, Failure> {
    let mut found: Values = Vec::new();
    // Two names may cover the same entry, which is told, and held, once.
    let mut told = std::collections::HashSet::new();
    for name in names {
        let entry = Entry::parse(name)?;
        let mut kept = kept(session, reader, mailbox, entry.audience).await?;
        kept.retain(|(name, _)| entry.covers(name, depth));
        if kept.is_empty() && depth == Depth::Itself && told.insert(entry.whole(&entry.name)) {
            found.push((entry.whole(&entry.name), None));
        }
        kept.retain(|(name, _)| told.insert(entry.whole(name)));
        found.extend(kept.into_iter().map(|(name, value)| (entry.whole(&name), Some(value))));
    }
    Ok(found)
}

/// All annotations of an audience.
async fn kept(
    session: &Session,
    reader: &Reader,
    mailbox: Option<&Collection<Mailbox>>,
    audience: Audience,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut kept: Vec<(String, Vec<u8>)> = match (mailbox, audience) {
        (None, Audience::Shared) => of_server(session),
        _ => {
            let what = mailbox.map_or(Annotated::Account, Annotated::Mailbox);
            let all = reader.annotations(what, audience).await?;
            all.into_iter().map(|(name, value)| (name, value.to_vec())).collect()
        }
    };
    let is_own = reader.account() == session.account()?.1;
    if let (Some(mailbox), Audience::Private, true) = (mailbox, audience, is_own)
        && let Some(special_use) = attribute(mailbox.row())
    {
        kept.push((SPECIAL_USE.to_owned(), special_use.as_bytes().to_vec()));
    }
    if let (Some(mailbox), Audience::Shared) = (mailbox, audience)
        && let Some(own) = mailbox.row().seen_choice()
    {
        let value: &[u8] = if own { b"false" } else { b"true" };
        kept.retain(|(name, _)| name != SHARED_SEEN);
        kept.push((SHARED_SEEN.to_owned(), value.to_vec()));
    }
    Ok(kept)
}

/// The names of all annotations, each with a number that stands for its value as long as the process lives.
pub(super) async fn stamps(
    session: &Session,
    reader: &Reader,
    mailbox: Option<&Collection<Mailbox>>,
) -> Result<Entries, Failure> {
    let mut found = Entries::new();
    for audience in [Audience::Shared, Audience::Private] {
        let whose = Entry { audience, name: String::new() };
        for (name, value) in kept(session, reader, mailbox, audience).await? {
            let mut hasher = DefaultHasher::new();
            value.hash(&mut hasher);
            found.insert(whose.whole(&name), hasher.finish());
        }
    }
    Ok(found)
}

/// What the configuration says of the server (RFC 5464 6.2.1).
fn of_server(session: &Session) -> Vec<(String, Vec<u8>)> {
    let config = &session.context.config;
    let facts = [("/comment", &config.comment), ("/admin", &config.admin)];
    let told = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?)));
    let filters = config
        .filters
        .iter()
        .map(|(name, value)| (format!("{}{}", filters::VALUES, name.to_ascii_lowercase()), value));
    told.chain(filters).map(|(name, value)| (name, value.clone().into_bytes())).collect()
}

/// `* METADATA name (entry value ...)`
fn tell(out: &mut Output, name: &str, values: &Values) {
    if values.is_empty() {
        return;
    }
    out.raw(b"* METADATA ").mailbox(name).raw(b" (");
    let mut separator = "";
    for (entry, value) in values {
        out.raw(separator).astring(entry.as_bytes()).raw(b" ");
        separator = " ";
        match value {
            None => {
                out.raw(b"NIL");
            }
            Some(value) if value.contains(&0) => {
                out.raw(b"~").literal_header(value.len() as u64).raw(value);
            }
            Some(value) => {
                out.string(value);
            }
        }
    }
    out.raw(b")").crlf();
}

/// Tells of one mailbox of a LIST (RFC 9590 3).
pub(super) async fn tell_listed(
    session: &mut Session,
    listed: &crate::words::Listed<'_>,
) -> Result<(), Failure> {
    let mailbox = listed.reader.open::<Mailbox>(listed.id, Rights::LOOKUP).await?;
    if !mailbox.rights().intersects(Rights::ANNOTATING) {
        return Ok(());
    }
    let values = values(session, listed.reader, Some(&mailbox), listed.argument, Depth::Itself).await?;
    tell(&mut session.connection.out, listed.path, &values);
    Ok(())
}

async fn get(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let mut given = Options::default();
    if are_options(&cursor) {
        given = options(&mut cursor)?;
        cursor.space()?;
    }
    let name = cursor.mailbox()?;
    cursor.space()?;
    // RFC 5464's grammar has the options first, its examples have them here.
    if are_options(&cursor) {
        given = options(&mut cursor)?;
        cursor.space()?;
    }
    let names = entries(&mut cursor, true)?;
    cursor.end()?;
    let (reader, mailbox) = match name.as_str() {
        "" => (session.reader().await?, None),
        _ => {
            let place = session.place(&name).await?;
            let reader = session.reader_of(place.account).await?;
            let mailbox = reader.open_mailbox(&place.path, Rights::LOOKUP).await?;
            (reader, Some(mailbox))
        }
    };
    let mut found = values(session, &reader, mailbox.as_ref(), &names, given.depth).await?;
    let mut longest = 0;
    if let Some(most) = given.size_max {
        found.retain(|(_, value)| {
            let size = value.as_ref().map_or(0, |value| value.len() as u64);
            longest = longest.max(if size > most { size } else { 0 });
            size <= most
        });
    }
    tell(&mut session.connection.out, &name, &found);
    let done = Done::told("GETMETADATA completed");
    Ok(if longest > 0 { done.with_code(format!("METADATA LONGENTRIES {longest}")) } else { done })
}

async fn set(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    cursor.expect(b'(', "Expected entries")?;
    let mut changes = Vec::new();
    loop {
        let entry = Entry::parse(&cursor.text()?)?;
        if !entry.can_be_set() {
            return Err(Failure::Bad("Not the name of an entry"));
        }
        cursor.space()?;
        let value = cursor.nstring()?.map(|value| bytes::Bytes::copy_from_slice(&value));
        let is_filter = name.is_empty() && entry.name.starts_with(filters::VALUES);
        if is_filter && value.as_ref().is_some_and(|value| !filters::is_search(value)) {
            // RFC 5466 3.2
            return Err(Failure::No(Some("CANNOT"), "Not a search"));
        }
        if changes.len() >= METADATA_NAME_COUNT_MAX {
            return Err(Failure::Bad("Too many entries"));
        }
        changes.push((entry, value));
        if cursor.eat(b')') {
            break;
        }
        cursor.space()?;
    }
    cursor.end()?;
    let (mut writer, mailbox) = match name.as_str() {
        "" if changes.iter().any(|(entry, _)| entry.audience == Audience::Shared) => {
            return Err(Failure::No(Some("NOPERM"), "The server's own annotations are in its configuration"));
        }
        "" => (session.writer().await?, None),
        _ => {
            let place = session.place(&name).await?;
            let writer = session.writer_of(place.account).await?;
            let mailbox = writer.open_mailbox(&place.path, Rights::LOOKUP).await?;
            (writer, Some(mailbox))
        }
    };
    let is_own = writer.account() == session.account()?.1;
    for audience in [Audience::Shared, Audience::Private] {
        let of = |change: &(Entry, Option<bytes::Bytes>)| {
            (change.0.audience == audience).then(|| (change.0.name.clone(), change.1.clone()))
        };
        let mut mine: Vec<_> = changes.iter().filter_map(of).collect();
        if let (Some(mailbox), Audience::Private, true) = (&mailbox, audience, is_own) {
            for (_, value) in mine.extract_if(.., |(name, _)| name == SPECIAL_USE) {
                set_special_use(&mut writer, mailbox, value.as_deref()).await?;
            }
        }
        if let (Some(mailbox), Audience::Shared) = (&mailbox, audience) {
            for (_, value) in mine.extract_if(.., |(name, _)| name == SHARED_SEEN) {
                writer.choose_seen(mailbox, own_seen(value.as_deref())?).await?;
            }
        }
        if !mine.is_empty() {
            let what = mailbox.as_ref().map_or(Annotated::Account, Annotated::Mailbox);
            writer.annotate(what, audience, &mine).await.map_err(too_much)?;
        }
    }
    let proof = writer.commit(()).await?;
    Ok(Done::changed(&proof, "SETMETADATA completed"))
}

/// What a value of [`SHARED_SEEN`] chooses.
fn own_seen(value: Option<&[u8]>) -> Result<Option<bool>, Failure> {
    match value {
        None => Ok(None),
        Some(value) if value.eq_ignore_ascii_case(b"true") => Ok(Some(false)),
        Some(value) if value.eq_ignore_ascii_case(b"false") => Ok(Some(true)),
        Some(_) => Err(Failure::No(Some("CANNOT"), "Neither true nor false")),
    }
}

/// Limits in RFC 5464's words (4.3).
fn too_much(error: Error) -> Failure {
    const MAXSIZE: &str = "METADATA MAXSIZE 65536";
    const _: () = assert!(METADATA_VALUE_BYTES_MAX == 65_536);
    match error {
        Error::TooLarge(limit) if limit == METADATA_VALUE_BYTES_MAX as u64 => {
            Failure::No(Some(MAXSIZE), "That value is too long")
        }
        Error::TooLarge(limit) if limit == METADATA_ENTRY_COUNT_MAX as u64 => {
            Failure::No(Some("METADATA TOOMANY"), "Too many entries here already")
        }
        Error::TooLarge(_) => Failure::No(Some("METADATA TOOMANY"), "Too much here already"),
        other => Failure::Store(other),
    }
}

/// Gives a mailbox a special use (RFC 6154 5.4), or none.
async fn set_special_use(
    writer: &mut Writer,
    mailbox: &Collection<Mailbox>,
    value: Option<&[u8]>,
) -> Result<(), Failure> {
    let refused = Failure::No(Some("USEATTR"), "That use cannot be given to this mailbox");
    if mailbox.row().special_use == Some(SpecialUse::Inbox) {
        return Err(refused);
    }
    let special_use = match value {
        None | Some(b"") => None,
        Some(value) => Some(special_use(value).ok_or(refused)?),
    };
    let taken =
        |entry: &store::MailboxEntry| entry.id != mailbox.id() && entry.row.special_use == special_use;
    if special_use.is_some() && writer.mailboxes().await?.iter().any(taken) {
        return Err(refused);
    }
    writer.change_collection(mailbox, |row| row.special_use = special_use).await?;
    Ok(())
}

fn special_use(value: &[u8]) -> Option<SpecialUse> {
    let known = [
        ("\\All", SpecialUse::All),
        ("\\Archive", SpecialUse::Archive),
        ("\\Drafts", SpecialUse::Drafts),
        ("\\Flagged", SpecialUse::Flagged),
        ("\\Junk", SpecialUse::Junk),
        ("\\Sent", SpecialUse::Sent),
        ("\\Trash", SpecialUse::Trash),
    ];
    known.into_iter().find(|(name, _)| value.eq_ignore_ascii_case(name.as_bytes())).map(|(_, found)| found)
}

#[cfg(test)]
mod tests;
