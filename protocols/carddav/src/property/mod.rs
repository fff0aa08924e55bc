//! The properties that CardDAV adds: one file each, one line each in [`all`].

mod address_data;
mod addressbook_description;
mod addressbook_home_set;
mod max_resource_size;
mod supported_address_data;
mod supported_collation_set;

use model::CollectionKind;
use std::sync::Arc;
use webdav::xml::{CARDDAV, Name};
use webdav::{CollectionNode, Property, View};

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Property>> {
    vec![
        Arc::new(address_data::AddressData),
        Arc::new(addressbook_description::AddressbookDescription),
        Arc::new(addressbook_home_set::AddressbookHomeSet),
        Arc::new(max_resource_size::MaxResourceSize),
        Arc::new(supported_address_data::SupportedAddressData),
        Arc::new(supported_collation_set::SupportedCollationSet),
    ]
}

/// A name of ours.
const fn name(local: &'static str) -> Name {
    Name::new(CARDDAV, local)
}

/// The address book, when the resource is one.
fn book<'a>(view: &View<'a>) -> Option<&'a CollectionNode> {
    view.own_collection().filter(|node| node.row.kind == CollectionKind::AddressBook)
}
