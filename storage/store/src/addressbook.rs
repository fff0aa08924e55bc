//! Address books: cards, one per UID.

use crate::{
    collection::Collection, kind::AddressBook, object::NewObject, record::ObjectRow, writer::Writer,
};
use model::Result;

impl Writer {
    /// Stores a card, new or over an earlier one.
    ///
    /// # Errors
    /// `Forbidden`, `OverQuota`, `Invalid` or `TooLarge` for the name; `Conflict` when another card has the UID
    /// ([`crate::Reader::name_of_uid`] tells which).
    pub async fn put_card(
        &mut self,
        book: &Collection<AddressBook>,
        name: &str,
        new: NewObject,
        uid: Option<&str>,
    ) -> Result<ObjectRow> {
        self.put_with_uid(book, name, new, uid).await
    }

    /// Removes a card.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn remove_card(&mut self, book: &Collection<AddressBook>, name: &str) -> Result<()> {
        self.remove_with_uid(book, name).await.map(drop)
    }

    /// Gives a card another name or book of the same account. The target name must be free.
    ///
    /// # Errors
    /// `NotFound`, `Exists`, `Forbidden`; `Conflict` when a card there has the UID.
    pub async fn move_card(
        &mut self,
        from: (&Collection<AddressBook>, &str),
        to: (&Collection<AddressBook>, &str),
    ) -> Result<ObjectRow> {
        self.move_with_uid(from, to).await
    }
}
