//! supported-address-data (RFC 6352 6.2.2): the media types and versions of cards.

use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct SupportedAddressData;

impl Property for SupportedAddressData {
    fn name(&self) -> Name {
        super::name("supported-address-data")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::book(view).is_some() {
            out.open(&self.name());
            for version in ["3.0", "4.0"] {
                let attributes = [("content-type", "text/vcard"), ("version", version)];
                out.empty_with(&super::name("address-data-type"), &attributes);
            }
            out.close(&self.name());
        }
        Ok(())
    }
}
