//! The address books: `/dav/addressbooks/<account>/<book>/`, one card per UID, kept octet for octet.

use crate::accept::other_version;
use crate::refusal::{forbidden, of_judgement};
use async_trait::async_trait;
use format::vcard::card::Card;
use format::vcard::limits::CARD_BYTES_MAX;
use format::vcard::validate::{Refusal as Judgement, check};
use format::vcard::version::{Version, convert};
use http::StatusCode;
use model::{CollectionId, CollectionKind, Error, Rights, Timestamp};
use std::collections::BTreeMap;
use store::{AddressBook, Body, Collection, CollectionRow, NewCollection, NewObject, ObjectRow, Writer};
use webdav::xml::{CARDDAV, Name};
use webdav::{Form, Forms, Gather, Incoming, Prepared, Refusal, Reply, Tree, uid_held_by};

/// The tree of address books.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Books;

/// A card on its way in.
struct Arriving {
    uid: Option<String>,
    content_type: &'static str,
    modified: Option<Timestamp>,
}

#[async_trait]
impl Prepared for Arriving {
    async fn put(
        self: Box<Self>,
        writer: &mut Writer,
        collection: CollectionId,
        name: &str,
        body: Body,
    ) -> Reply<ObjectRow> {
        let book = writer.open::<AddressBook>(collection, Rights::LOOKUP).await?;
        if let Some(uid) = &self.uid {
            uid_is_free(writer, &book, name, uid).await?;
        }
        let content_type = self.content_type.to_owned();
        let new = NewObject { body, content_type, modified: self.modified, mark: 0 };
        Ok(writer.put_card(&book, name, new, self.uid.as_deref()).await?)
    }
}

/// The version goes along, so that a client knows before it reads.
fn content_type(version: Option<Version>) -> &'static str {
    match version {
        Some(Version::V4) => "text/vcard; charset=utf-8; version=4.0",
        Some(Version::V3) => "text/vcard; charset=utf-8; version=3.0",
        None => "text/vcard; charset=utf-8",
    }
}

impl Forms for Books {
    fn other(&self, stored: &str, accept: &str) -> Option<Form> {
        let stored =
            [Version::V3, Version::V4].into_iter().find(|known| content_type(Some(*known)) == stored)?;
        let version = other_version(accept, stored)?;
        let make: fn(&[u8]) -> Option<Vec<u8>> = match version {
            Version::V3 => |octets| convert(&Card::parse(octets).ok()?, Version::V3),
            Version::V4 => |octets| convert(&Card::parse(octets).ok()?, Version::V4),
        };
        Some(Form { content_type: content_type(Some(version)), make })
    }

    fn refused(&self) -> Refusal {
        forbidden("supported-address-data-conversion")
    }
}

/// A book as one file: card behind card (RFC 6350 3.1).
struct Book {
    /// The one version that the client takes.
    only: Option<Version>,
}

impl Gather for Book {
    fn content_type(&self) -> &'static str {
        content_type(self.only)
    }

    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn add(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let turned = self.only.and_then(|only| convert(&Card::parse(octets).ok()?, only));
        let card = turned.as_deref().unwrap_or(octets);
        out.extend_from_slice(card.strip_prefix(b"\xef\xbb\xbf").unwrap_or(card).trim_ascii());
        out.extend_from_slice(b"\r\n");
    }

    fn end(&mut self, _out: &mut Vec<u8>) {}
}

fn uid_conflict() -> Refusal {
    Refusal::condition(StatusCode::CONFLICT, Name::new(CARDDAV, "no-uid-conflict"))
}

/// `no-uid-conflict`: no other card of the book has the UID, and a card that has a UID keeps it.
async fn uid_is_free(writer: &Writer, book: &Collection<AddressBook>, name: &str, uid: &str) -> Reply<()> {
    let holder = match writer.name_of_uid(book, uid).await? {
        Some(holder) if holder == name => return Ok(()),
        Some(holder) => holder,
        None => {
            let Some(row) = writer.entry(book, &name.to_owned()).await? else { return Ok(()) };
            if writer.uid_of(book, row.item).await?.is_none() {
                return Ok(());
            }
            name.to_owned()
        }
    };
    Err(uid_held_by(&holder, book.row(), &Books, writer))
}

#[async_trait]
impl Tree for Books {
    fn segment(&self) -> &'static str {
        "addressbooks"
    }

    fn kind(&self) -> CollectionKind {
        CollectionKind::AddressBook
    }

    fn resource_type(&self) -> &'static [Name] {
        const TYPE: &[Name] = &[Name::dav("collection"), Name::new(CARDDAV, "addressbook")];
        TYPE
    }

    fn well_known(&self) -> Option<&'static str> {
        Some("carddav")
    }

    fn body_bytes_max(&self) -> u64 {
        CARD_BYTES_MAX as u64
    }

    fn too_large(&self) -> Refusal {
        of_judgement(Judgement::Size(self.body_bytes_max()))
    }

    fn uid_conflict(&self) -> Refusal {
        uid_conflict()
    }

    fn prepare(&self, incoming: &Incoming<'_>) -> Reply<Box<dyn Prepared>> {
        // Its own (RFC 6350), and the older ones.
        if !incoming.may_be(&["text/vcard", "text/x-vcard", "text/directory"]) {
            return Err(forbidden("supported-address-data"));
        }
        let card = check(incoming.octets).map_err(of_judgement)?;
        let content_type = content_type(card.version().and_then(Version::of));
        Ok(Box::new(Arriving { uid: card.uid(), content_type, modified: incoming.modified }))
    }

    fn gather(&self, _collection: &CollectionRow, accept: &str) -> Option<Box<dyn Gather>> {
        let only = other_version(accept, Version::V3).or_else(|| other_version(accept, Version::V4));
        Some(Box::new(Book { only }))
    }

    fn forms(&self) -> Option<&dyn Forms> {
        Some(self)
    }

    async fn remove(&self, writer: &mut Writer, collection: CollectionId, name: &str) -> Reply<()> {
        let book = writer.open::<AddressBook>(collection, Rights::DELETE).await?;
        Ok(writer.remove_card(&book, name).await?)
    }

    async fn rename(
        &self,
        writer: &mut Writer,
        from: (CollectionId, &str),
        to: (CollectionId, &str),
    ) -> Reply<()> {
        let source = writer.open::<AddressBook>(from.0, Rights::DELETE).await?;
        let target = writer.open::<AddressBook>(to.0, Rights::INSERT).await?;
        let row = writer.entry(&source, &from.1.to_owned()).await?.ok_or(Error::NotFound)?;
        if let Some(uid) = writer.uid_of(&source, row.item).await?.filter(|_| from.0 != to.0) {
            uid_is_free(writer, &target, to.1, &uid).await?;
        }
        match writer.move_card((&source, from.1), (&target, to.1)).await {
            Ok(_) => Ok(()),
            Err(Error::Conflict) => Err(uid_conflict()),
            Err(error) => Err(error.into()),
        }
    }

    async fn create(
        &self,
        writer: &mut Writer,
        parent: CollectionId,
        name: &str,
        properties: BTreeMap<String, String>,
    ) -> Reply<CollectionId> {
        // RFC 6352 5.2: no address book inside an address book.
        if parent != CollectionId::ROOT {
            return Err(forbidden("addressbook-collection-location-ok"));
        }
        let new = NewCollection { properties, ..NewCollection::default() };
        Ok(writer.create::<AddressBook>(parent, name, new).await?.id())
    }
}
