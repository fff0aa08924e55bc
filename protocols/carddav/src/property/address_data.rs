//! address-data (RFC 6352 10.4): the card's octets, or the properties a report asks for.

use crate::data::Output;
use model::{CollectionKind, Error, Result};
use webdav::xml::{Name, Writer};
use webdav::{Needs, Property, View};

#[derive(Debug)]
pub(super) struct AddressData;

impl Property for AddressData {
    fn name(&self) -> Name {
        super::name("address-data")
    }

    fn needs(&self) -> Needs {
        Needs::BODY
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let Some(item) = view.resource.item() else { return Ok(()) };
        if item.collection.row.kind != CollectionKind::AddressBook {
            return Ok(());
        }
        let octets = view.body.ok_or(Error::Unavailable)?;
        let output = Output::parse(view.asked).map_err(|_| Error::Invalid("address-data"))?;
        let made = output.make(octets)?;
        out.leaf(&self.name(), &String::from_utf8_lossy(made.as_deref().unwrap_or(octets)));
        Ok(())
    }
}
