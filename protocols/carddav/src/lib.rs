//! CardDAV (RFC 6352): what address books add to WebDAV.
//!
//! Storey L5, a plug-in of `webdav`: [`CardDav`] hands over the reports and properties, one file each, and the
//! [`Tree`](webdav::Tree) of address books. What vCard means is `format::vcard`'s to say. Cards of version 3.0
//! and 4.0 are kept and given back as they were sent, never converted.

mod accept;
mod books;
mod data;
mod filter;
pub mod limits;
mod property;
mod refusal;
mod report;
#[cfg(test)]
#[path = "../../caldav/src/testing.rs"]
mod testing;
#[cfg(test)]
mod tests;

use books::Books;
use std::sync::Arc;
use webdav::{Plugin, Property, Report, Tree};

/// The plug-in that serves address books.
#[derive(Clone, Copy, Debug, Default)]
pub struct CardDav;

impl Plugin for CardDav {
    fn name(&self) -> &'static str {
        "carddav"
    }

    fn classes(&self) -> &'static [&'static str] {
        &["addressbook"]
    }

    fn tree(&self) -> Option<Arc<dyn Tree>> {
        Some(Arc::new(Books))
    }

    fn properties(&self) -> Vec<Arc<dyn Property>> {
        property::all()
    }

    fn reports(&self) -> Vec<Arc<dyn Report>> {
        report::all()
    }
}
