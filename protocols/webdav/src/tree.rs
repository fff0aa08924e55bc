//! A part of the path space with one kind of collection: `/dav/<segment>/<account>/...`.

use crate::Refusal;
use crate::xml::Name;
use async_trait::async_trait;
use bytes::Bytes;
use model::{CollectionId, CollectionKind, Timestamp};
use std::collections::BTreeMap;
use store::{Body, CollectionRow, ObjectRow, Writer};

/// Octets that a client wants to be stored, before the write turn.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The name it shall have.
    pub name: &'a str,
    /// The `Content-Type` as it came; the source's for COPY.
    pub content_type: Option<&'a str>,
    /// The octets; empty for a [`Tree::streamed`] one.
    pub octets: &'a Bytes,
    /// The modification time that the client tells (`X-OC-Mtime`, or the source's for COPY).
    pub modified: Option<Timestamp>,
}

impl Incoming<'_> {
    /// Whether it says to be of one of these media types, or says what simple uploaders say of any file, or nothing.
    #[must_use]
    pub fn may_be(&self, types: &[&str]) -> bool {
        const OF_ANY_FILE: &[&str] =
            &["text/plain", "application/octet-stream", "application/x-www-form-urlencoded", ""];
        let Some(content_type) = self.content_type else { return true };
        let essence = content_type.split(';').next().unwrap_or("").trim();
        types.iter().chain(OF_ANY_FILE).any(|known| essence.eq_ignore_ascii_case(known))
    }
}

/// What a tree's objects can be turned into for clients that do not take them as they were sent (RFC 9110 12.1).
pub trait Forms: Send + Sync {
    /// The form for a client that says `accept` of an object whose `Content-Type` is `stored`; `None` when it gets the
    /// object as it is.
    fn other(&self, stored: &str, accept: &str) -> Option<Form>;

    /// What is answered where an object cannot be turned into the form.
    fn refused(&self) -> Refusal;
}

/// Another form of an object.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Makes it of the stored octets; `None` when it cannot be.
    pub make: fn(&[u8]) -> Option<Vec<u8>>,
}

/// Puts the objects of a collection together into one file, for GET of the collection.
pub trait Gather: Send {
    /// Its `Content-Type`.
    fn content_type(&self) -> &'static str;

    /// Writes what stands before the objects.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes an object; what cannot be read is passed over.
    fn add(&mut self, octets: &[u8], out: &mut Vec<u8>);

    /// Writes what stands behind the objects.
    fn end(&mut self, out: &mut Vec<u8>);
}

/// Octets that were found to be what their tree holds.
#[async_trait]
pub trait Prepared: Send {
    /// Stores them inside the write turn: opens the collection of its kind with the rights that are needed
    /// and checks what only the turn can tell (such as a UID that another object has).
    ///
    /// # Errors
    /// The refusal that goes to the client; the writer is dropped then.
    async fn put(
        self: Box<Self>,
        writer: &mut Writer,
        collection: CollectionId,
        name: &str,
        body: Body,
    ) -> Result<ObjectRow, Refusal>;
}

/// What a part of the path space holds, and how it is changed.
#[async_trait]
pub trait Tree: Send + Sync + 'static {
    /// The name under `/dav/`: `files`, `calendars`, `addressbooks`.
    fn segment(&self) -> &'static str;

    /// The kind of its collections.
    fn kind(&self) -> CollectionKind;

    /// The `DAV:resourcetype` of its collections; extended MKCOL (RFC 5689) makes one when it asks for them.
    fn resource_type(&self) -> &'static [Name];

    /// The name under `/.well-known/` that leads here (RFC 6764), if there is one.
    fn well_known(&self) -> Option<&'static str> {
        None
    }

    /// Whether collections lie in collections and the home itself is one (files); otherwise the home holds
    /// collections and they hold objects.
    fn nested(&self) -> bool {
        false
    }

    /// Whether bodies are streamed into the store and not shown to [`Tree::prepare`].
    fn streamed(&self) -> bool {
        false
    }

    /// The most octets of an object.
    fn body_bytes_max(&self) -> u64;

    /// What an object past [`Tree::body_bytes_max`] is answered with.
    fn too_large(&self) -> Refusal {
        model::Error::TooLarge(self.body_bytes_max()).into()
    }

    /// What is answered when an object would take the UID of another, or the place of one with another UID.
    fn uid_conflict(&self) -> Refusal {
        model::Error::Conflict.into()
    }

    /// Checks octets before the write turn: form, media type, nesting.
    ///
    /// # Errors
    /// The precondition that failed, as the protocol names it.
    fn prepare(&self, incoming: &Incoming<'_>) -> Result<Box<dyn Prepared>, Refusal>;

    /// How a collection is one file for GET, if it is, for a client that says `accept`.
    fn gather(&self, _collection: &CollectionRow, _accept: &str) -> Option<Box<dyn Gather>> {
        None
    }

    /// Which other forms its objects have for GET, if any.
    fn forms(&self) -> Option<&dyn Forms> {
        None
    }

    /// Removes an object inside the write turn, with what the noun keeps about it.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` as refusals.
    async fn remove(&self, writer: &mut Writer, collection: CollectionId, name: &str) -> Result<(), Refusal>;

    /// Gives an object another name or collection of the same account inside the write turn. The target name
    /// is free.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`, and what the target collection refuses.
    async fn rename(
        &self,
        writer: &mut Writer,
        from: (CollectionId, &str),
        to: (CollectionId, &str),
    ) -> Result<(), Refusal>;

    /// Makes a collection inside the write turn. `properties` are those of [`store::CollectionRow`]: text under
    /// a plain key (`displayname`) or XML under `{namespace}local`.
    ///
    /// # Errors
    /// `Exists`, `Forbidden`, and properties that cannot be.
    async fn create(
        &self,
        writer: &mut Writer,
        parent: CollectionId,
        name: &str,
        properties: BTreeMap<String, String>,
    ) -> Result<CollectionId, Refusal>;
}

/// A refusal for a UID that is in use, with the place of the object that has it (RFC 4791 5.3.2.1, RFC 6352 6.3.2.1) for
/// the owner; others are not told of what they may not see.
#[must_use]
pub fn uid_held_by(holder: &str, collection: &CollectionRow, tree: &dyn Tree, writer: &Writer) -> Refusal {
    let refusal = tree.uid_conflict();
    let owner = writer.principal();
    if owner.account != writer.account() {
        return refusal;
    }
    let names = ["dav", tree.segment(), owner.address.as_str(), &collection.name, holder];
    let path = http_door::Path::from_names(names.map(str::to_owned).to_vec(), false);
    refusal.about(path.href())
}
