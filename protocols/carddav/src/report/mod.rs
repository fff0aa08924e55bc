//! The reports that CardDAV adds: one file each, one line each in [`all`].

mod addressbook_query;

use crate::data;
use model::CollectionKind;
use std::sync::Arc;
use webdav::Report;
use webdav::report::Multiget;
use webdav::xml::{CARDDAV, Name};

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Report>> {
    vec![
        Arc::new(addressbook_query::AddressbookQuery),
        // RFC 6352 8.7
        Arc::new(Multiget {
            name: Name::new(CARDDAV, "addressbook-multiget"),
            kind: CollectionKind::AddressBook,
            check: data::check,
        }),
    ]
}
