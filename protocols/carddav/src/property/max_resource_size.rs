//! max-resource-size (RFC 6352 6.2.3): the most octets of a card.

use format::vcard::limits::CARD_BYTES_MAX;
use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct MaxResourceSize;

impl Property for MaxResourceSize {
    fn name(&self) -> Name {
        super::name("max-resource-size")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::book(view).is_some() {
            out.leaf(&self.name(), &CARD_BYTES_MAX.to_string());
        }
        Ok(())
    }
}
