//! Import of one item: a message, calendar object, card or file. The same item twice is there once.

mod exported;
mod object;

pub(crate) use exported::{Collection, Object};

use super::Refusal;
use super::account::find;
use crate::limits::IMPORT_ITEM_BYTES_MAX;
use crate::site::Site;
use directory::{AccountKind, Directory};
use model::{
    AccountId, BlobId, CollectionId, CollectionKind, Error, Flags, Keyword, Principal, Result, Rights,
    SystemFlags, Timestamp, ZonedTime,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use store::{Arrival, Body, Collection as Opened, Folder, Mailbox, NewCollection, NewObject, Writer};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How much of a body is read at once.
const READ_BYTES: usize = 64 * 1024;
/// Rows read at once.
const PAGE_COUNT: usize = 1000;

/// One item, followed by its octets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// Whose it becomes.
    pub(crate) account: String,
    /// What it is and where it goes.
    pub(crate) place: Place,
    /// Its octets.
    pub(crate) bytes: u64,
}

/// What an item is and where it goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Place {
    /// A message. Known again by its octets and mailbox.
    Message {
        /// Path of the mailbox, made when it is not there.
        mailbox: String,
        /// System flags and keywords by their IMAP names.
        flags: Vec<String>,
        /// Seconds since 1970 and minutes east of UTC; the Date field, then now, when not known.
        received: Option<(i64, i16)>,
        /// How many messages of these octets the mailbox must have.
        copies: u32,
    },
    /// A mailbox, made when it is not there.
    Mailbox { path: String },
    /// A file. Known again by its path and octets.
    File {
        /// Names from the files' root downwards.
        path: Vec<String>,
        /// Milliseconds since 1970.
        modified: i64,
    },
    /// Whether a file of this path, size and time is there already.
    FileProbe {
        /// As of [`Place::File`].
        path: Vec<String>,
        /// As of [`Place::File`].
        modified: i64,
        /// Its octets.
        size: u64,
    },
    /// A folder, made when it is not there.
    Folder { path: Vec<String> },
    /// A calendar object. Known again by its UID.
    Event {
        /// Name of the calendar; by the kind of the object when not said.
        calendar: Option<String>,
        uid: String,
    },
    /// A card. Known again by its UID.
    Card {
        /// Name of the address book; the account's first when not said.
        book: Option<String>,
        uid: String,
    },
    /// A collection as it was exported.
    Collection(Collection),
    /// An object as it was exported.
    Object(Object),
}

/// What a session of imports remembers: the messages of the mailboxes it adds to, by their hash.
#[derive(Default)]
pub(crate) struct ImportMemory {
    /// The export of this session.
    pub(super) export: Option<super::export::Export>,
    seen: HashMap<(AccountId, CollectionId), HashMap<BlobId, u32>>,
}

/// What came of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Added,
    Present,
    Absent,
}

impl Outcome {
    fn told(self) -> Value {
        json!({"outcome": match self {
            Self::Added => "added",
            Self::Present => "present",
            Self::Absent => "absent",
        }})
    }
}

/// The octets of the item, and how many there should be.
type Source<'a> = (&'a mut (dyn AsyncRead + Unpin + Send), u64);

pub(super) async fn perform(
    site: &Site,
    memory: &mut ImportMemory,
    item: Item,
    body: &mut (dyn AsyncRead + Unpin + Send),
) -> Result<Value, Refusal> {
    let account = find(site, &item.account, Some(AccountKind::Person)).await?;
    let of = |error| Refusal::of(error, &item.account);
    let principal = site.directory.principal(account.id).await.map_err(of)?;
    let source = (body, item.bytes);
    let done = match &item.place {
        Place::Message { mailbox, flags, received, copies } => {
            message(site, memory, &principal, (mailbox, flags, *received, *copies), source).await
        }
        Place::Mailbox { path } => make_mailbox(site, &principal, path).await,
        Place::File { path, modified } => file(site, &principal, path, *modified, source).await,
        Place::FileProbe { path, modified, size } => probe(site, &principal, path, *modified, *size).await,
        Place::Folder { path } => make_folder(site, &principal, path).await,
        Place::Event { calendar, .. } => {
            return object::event(site, &principal, calendar.as_deref(), source).await;
        }
        Place::Card { book, .. } => return object::card(site, &principal, book.as_deref(), source).await,
        Place::Collection(wanted) => exported::collection(site, &principal, wanted).await,
        Place::Object(wanted) => {
            return exported::object(site, &principal, wanted, source).await.map(Outcome::told);
        }
    };
    done.map(Outcome::told).map_err(|error| match (error, &item.place) {
        (Error::Exists | Error::Conflict, Place::File { .. } | Place::Folder { .. }) => {
            let message = "another file or folder of that name is there and stays".to_owned();
            Refusal { kind: "exists".to_owned(), message }
        }
        _ => Refusal::of(error, "item"),
    })
}

/// Flags by their IMAP names; what is no flag is refused.
fn flags_of(names: &[String]) -> Result<Flags> {
    let mut flags = Flags::default();
    for name in names {
        match name.to_ascii_lowercase().as_str() {
            "\\seen" => flags.system |= SystemFlags::SEEN,
            "\\answered" => flags.system |= SystemFlags::ANSWERED,
            "\\flagged" => flags.system |= SystemFlags::FLAGGED,
            "\\deleted" => flags.system |= SystemFlags::DELETED,
            "\\draft" => flags.system |= SystemFlags::DRAFT,
            _ => flags.add(&Flags { keywords: vec![Keyword::parse(name)?], ..Flags::default() })?,
        }
    }
    Ok(flags)
}

/// The mailbox of that path, made when it is not there.
async fn open_or_make(site: &Site, principal: &Principal, path: &str) -> Result<(Writer, Opened<Mailbox>)> {
    let mut writer = site.store.write(principal, principal.account).await?;
    let path = &*writer.spelled(path).await?;
    let mailbox = match writer.open_mailbox(path, Rights::INSERT).await {
        Err(Error::NotFound) => {
            let new = NewCollection { subscribed: true, ..NewCollection::default() };
            writer.create_mailbox(path, new).await?
        }
        other => other?,
    };
    Ok((writer, mailbox))
}

async fn make_mailbox(site: &Site, principal: &Principal, path: &str) -> Result<Outcome> {
    let reader = site.store.read(principal, principal.account).await?;
    if reader.mailbox_at(&reader.spelled(path).await?).await?.is_some() {
        return Ok(Outcome::Present);
    }
    let (writer, _) = open_or_make(site, principal, path).await?;
    let _durable = writer.commit(()).await?;
    Ok(Outcome::Added)
}

async fn message(
    site: &Site,
    memory: &mut ImportMemory,
    principal: &Principal,
    (path, flags, received, copies): (&str, &[String], Option<(i64, i16)>, u32),
    (body, bytes): Source<'_>,
) -> Result<Outcome> {
    if bytes > IMPORT_ITEM_BYTES_MAX {
        return Err(Error::TooLarge(IMPORT_ITEM_BYTES_MAX));
    }
    let flags = flags_of(flags)?;
    let mut arrival = Arrival::new(&site.store, IMPORT_ITEM_BYTES_MAX);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = body.read(&mut buffer).await.map_err(|_| Error::Unavailable)?;
        let Some(octets) = buffer.get(..read).filter(|octets| !octets.is_empty()) else { break };
        arrival.write(octets).await?;
    }
    if arrival.size() != bytes {
        return Err(Error::Invalid("the item ended too soon"));
    }
    let mut new = arrival.finish(flags, ZonedTime::default()).await?;
    new.received = received
        .map(|(seconds, offset_minutes)| ZonedTime { seconds, offset_minutes })
        .or(new.record.sent)
        .unwrap_or(ZonedTime { seconds: site.store.env().now().seconds(), offset_minutes: 0 });
    let hash = new.record.body.hash;
    let (mut writer, mailbox) = open_or_make(site, principal, path).await?;
    let key = (principal.account, mailbox.id());
    let seen = match memory.seen.entry(key) {
        std::collections::hash_map::Entry::Occupied(seen) => seen.into_mut(),
        std::collections::hash_map::Entry::Vacant(empty) => empty.insert(hashes(&writer, &mailbox).await?),
    };
    if seen.get(&hash).is_some_and(|there| *there >= copies) {
        return Ok(Outcome::Present);
    }
    writer.append(&mailbox, new).await?;
    let _durable = writer.commit(()).await?;
    *seen.entry(hash).or_default() += 1;
    Ok(Outcome::Added)
}

/// Hashes of all messages of a mailbox, and how many have them.
async fn hashes(writer: &Writer, mailbox: &Opened<Mailbox>) -> Result<HashMap<BlobId, u32>> {
    let mut found = HashMap::new();
    let mut from = None;
    loop {
        let page = writer.entries(mailbox, from.as_ref(), PAGE_COUNT).await?;
        let ids: Vec<_> = page.iter().map(|(_, row)| row.message).collect();
        for record in writer.messages(&ids).await? {
            *found.entry(record.body.hash).or_default() += 1;
        }
        match page.last() {
            Some((uid, _)) if page.len() == PAGE_COUNT => from = Some(*uid),
            _ => return Ok(found),
        }
    }
}

/// The folder at a path below the files' root, where it is there; `Conflict` when a file is in the way.
async fn folder_at(writer: &mut Writer, path: &[String], make: bool) -> Result<Option<Opened<Folder>>> {
    let root = writer.child(CollectionId::ROOT, CollectionKind::Folder, store::FILES_ROOT).await?;
    let mut folder: Opened<Folder> = writer.open(root.ok_or(Error::NotFound)?, Rights::INSERT).await?;
    for name in path {
        folder = match writer.child(folder.id(), CollectionKind::Folder, name).await? {
            Some(id) => writer.open(id, Rights::INSERT).await?,
            None if writer.entry(&folder, name).await?.is_some() => return Err(Error::Conflict),
            None if make => writer.create_folder(folder.id(), name, store::Properties::default()).await?,
            None => return Ok(None),
        };
    }
    Ok(Some(folder))
}

async fn make_folder(site: &Site, principal: &Principal, path: &[String]) -> Result<Outcome> {
    let mut writer = site.store.write(principal, principal.account).await?;
    if folder_at(&mut writer, path, false).await?.is_some() {
        return Ok(Outcome::Present);
    }
    folder_at(&mut writer, path, true).await?;
    let _durable = writer.commit(()).await?;
    Ok(Outcome::Added)
}

async fn probe(
    site: &Site,
    principal: &Principal,
    path: &[String],
    modified: i64,
    size: u64,
) -> Result<Outcome> {
    let Some((name, parents)) = path.split_last() else { return Err(Error::Invalid("a file needs a name")) };
    let mut writer = site.store.write(principal, principal.account).await?;
    let Some(folder) = folder_at(&mut writer, parents, false).await? else { return Ok(Outcome::Absent) };
    let row = writer.entry(&folder, name).await?;
    let same = row.is_some_and(|row| row.size == size && row.modified == Timestamp(modified));
    Ok(if same { Outcome::Present } else { Outcome::Absent })
}

/// The octets of a file, on stable storage.
async fn stream(site: &Site, (body, bytes): Source<'_>) -> Result<Body> {
    let mut upload = site.store.upload(bytes);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = body.read(&mut buffer).await.map_err(|_| Error::Unavailable)?;
        let Some(octets) = buffer.get(..read).filter(|octets| !octets.is_empty()) else { break };
        upload.write(octets).await?;
    }
    if upload.size() != bytes {
        return Err(Error::Invalid("the file ended too soon"));
    }
    upload.finish().await
}

async fn file(
    site: &Site,
    principal: &Principal,
    path: &[String],
    modified: i64,
    source: Source<'_>,
) -> Result<Outcome> {
    let Some((name, parents)) = path.split_last() else { return Err(Error::Invalid("a file needs a name")) };
    let body = stream(site, source).await?;
    let mut writer = site.store.write(principal, principal.account).await?;
    let folder = folder_at(&mut writer, parents, true).await?.ok_or(Error::Conflict)?;
    if let Some(old) = writer.entry(&folder, name).await? {
        return if old.hash == body.hash { Ok(Outcome::Present) } else { Err(Error::Exists) };
    }
    let content_type = webdav::content_type(name, None);
    let new = NewObject { body, content_type, modified: Some(Timestamp(modified)), mark: 0 };
    writer.put_file(&folder, name, new).await?;
    let _durable = writer.commit(()).await?;
    Ok(Outcome::Added)
}
