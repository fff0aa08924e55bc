//! max-resource-size (RFC 4791 5.2.5): the most octets of an object.

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
        if super::calendar(view).is_some() {
            out.leaf(&self.name(), &format::icalendar::limits::OBJECT_BYTES_MAX.to_string());
        }
        Ok(())
    }
}
