//! addressbook-description (RFC 6352 6.2.1): for people to read, in their language.

use model::{CollectionKind, Result};
use webdav::xml::{Name, Writer};
use webdav::{Property, Set, SetTarget, View};

#[derive(Debug)]
pub(super) struct AddressbookDescription;

impl Property for AddressbookDescription {
    fn name(&self) -> Name {
        super::name("addressbook-description")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(xml) = view.stored(&self.name()) {
            out.raw(xml);
        }
        Ok(())
    }

    fn set(&self, target: &SetTarget<'_>) -> Set {
        let book = target.tree.is_some_and(|tree| tree.kind() == CollectionKind::AddressBook);
        if book && target.is_collection { Set::Keep } else { Set::Protected }
    }
}
