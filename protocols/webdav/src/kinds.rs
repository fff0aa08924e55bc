//! The three kinds of collection that DAV serves, behind one face.

use model::{CollectionId, CollectionKind, Error, ItemId, Modseq, Result, Rights};
use store::{
    AddressBook, Calendar, ChangeSet, Collection, CollectionRow, Folder, ObjectRow, Properties, Reader,
    Writer,
};

/// An open collection of objects, whichever its kind.
#[derive(Clone, Debug)]
pub enum Members {
    /// Calendar objects.
    Calendar(Collection<Calendar>),
    /// Cards.
    AddressBook(Collection<AddressBook>),
    /// Files.
    Folder(Collection<Folder>),
}

macro_rules! each {
    ($members:expr, $open:ident => $body:expr) => {
        match $members {
            Members::Calendar($open) => $body,
            Members::AddressBook($open) => $body,
            Members::Folder($open) => $body,
        }
    };
}

impl Members {
    /// Opens a collection, checking rights.
    ///
    /// # Errors
    /// As [`Reader::open`]; `NotFound` for a mailbox.
    pub async fn open(reader: &Reader, kind: CollectionKind, id: CollectionId, need: Rights) -> Result<Self> {
        match kind {
            CollectionKind::Calendar => reader.open(id, need).await.map(Self::Calendar),
            CollectionKind::AddressBook => reader.open(id, need).await.map(Self::AddressBook),
            CollectionKind::Folder => reader.open(id, need).await.map(Self::Folder),
            CollectionKind::Mailbox => Err(Error::NotFound),
        }
    }

    /// Its record when it was opened.
    #[must_use]
    pub fn row(&self) -> &CollectionRow {
        each!(self, open => open.row())
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> CollectionId {
        each!(self, open => open.id())
    }

    /// What the principal may do with it.
    #[must_use]
    pub fn rights(&self) -> Rights {
        each!(self, open => open.rights())
    }

    /// Demands more rights than it was opened with.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn need(&self, need: Rights) -> Result<()> {
        each!(self, open => open.need(need))
    }

    /// One object.
    ///
    /// # Errors
    /// As [`Reader::entry`].
    pub async fn entry(&self, reader: &Reader, name: &str) -> Result<Option<ObjectRow>> {
        each!(self, open => reader.entry(open, &name.to_owned()).await)
    }

    /// Many objects, in the order of the names.
    ///
    /// # Errors
    /// As [`Reader::entries_of`].
    pub async fn entries_of(&self, reader: &Reader, names: &[String]) -> Result<Vec<Option<ObjectRow>>> {
        each!(self, open => reader.entries_of(open, names).await)
    }

    /// At most `limit` objects behind a name, in order.
    ///
    /// # Errors
    /// As [`Reader::entries`].
    pub async fn page(
        &self,
        reader: &Reader,
        after: Option<&String>,
        limit: usize,
    ) -> Result<Vec<(String, ObjectRow)>> {
        each!(self, open => reader.entries(open, after, limit).await)
    }

    /// What changed since a Modseq.
    ///
    /// # Errors
    /// As [`Reader::changes`].
    pub async fn changes(&self, reader: &Reader, since: Modseq, limit: usize) -> Result<ChangeSet<String>> {
        each!(self, open => reader.changes(open, since, limit).await)
    }

    /// The UID of an object that has one.
    ///
    /// # Errors
    /// As [`Reader::uid_of`].
    pub async fn uid_of(&self, reader: &Reader, item: ItemId) -> Result<Option<String>> {
        match self {
            Self::Calendar(open) => reader.uid_of(open, item).await,
            Self::AddressBook(open) => reader.uid_of(open, item).await,
            Self::Folder(_) => Ok(None),
        }
    }

    /// The dead properties of many objects.
    ///
    /// # Errors
    /// As [`Reader::item_properties`].
    pub async fn properties(&self, reader: &Reader, items: &[ItemId]) -> Result<Vec<Properties>> {
        each!(self, open => reader.item_properties(open, items).await)
    }

    /// Sets all dead properties of an object.
    ///
    /// # Errors
    /// As [`Writer::set_item_properties`].
    pub async fn set_properties(
        &self,
        writer: &mut Writer,
        name: &str,
        properties: &Properties,
    ) -> Result<ObjectRow> {
        each!(self, open => writer.set_item_properties(open, name, properties).await)
    }

    /// Changes the collection's own record.
    ///
    /// # Errors
    /// As [`Writer::change_collection`].
    pub async fn change(&self, writer: &mut Writer, change: impl FnOnce(&mut CollectionRow)) -> Result<()> {
        each!(self, open => writer.change_collection(open, change).await)
    }

    /// Removes the collection with its objects; folders with everything below.
    ///
    /// # Errors
    /// As [`Writer::remove_collection`].
    pub async fn remove(&self, writer: &mut Writer) -> Result<()> {
        match self {
            Self::Calendar(open) => writer.remove_collection(open).await,
            Self::AddressBook(open) => writer.remove_collection(open).await,
            Self::Folder(open) => writer.remove_tree(open).await,
        }
    }

    /// Gives the collection another parent or name.
    ///
    /// # Errors
    /// As [`Writer::rename`].
    pub async fn rename(&self, writer: &mut Writer, parent: CollectionId, name: &str) -> Result<()> {
        match self {
            Self::Calendar(open) => writer.rename(open, parent, name).await,
            Self::AddressBook(open) => writer.rename(open, parent, name).await,
            Self::Folder(open) => writer.move_tree(open, parent, name).await,
        }
    }
}
