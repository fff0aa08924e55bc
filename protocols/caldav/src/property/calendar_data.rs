//! calendar-data (RFC 4791 9.6): the object's octets, or the parts and instances a report asks for.

use crate::data::Output;
use crate::timezone;
use bytes::Bytes;
use model::{CollectionKind, Error, Result};
use webdav::xml::{Name, Writer};
use webdav::{Needs, Property, View};

#[derive(Debug)]
pub(super) struct CalendarData;

impl Property for CalendarData {
    fn name(&self) -> Name {
        super::name("calendar-data")
    }

    fn needs(&self) -> Needs {
        Needs::BODY
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let Some(item) = view.resource.item() else { return Ok(()) };
        if item.collection.row.kind != CollectionKind::Calendar {
            return Ok(());
        }
        let octets: &Bytes = view.body.ok_or(Error::Unavailable)?;
        let output = Output::parse(view.asked).map_err(|_| Error::Invalid("calendar-data"))?;
        if output.is_verbatim() {
            out.leaf(&self.name(), &String::from_utf8_lossy(octets));
            return Ok(());
        }
        let asked = timezone::asked(view.asked).ok().flatten();
        let zone = asked.unwrap_or_else(|| timezone::of_calendar(&item.collection.row));
        let made = output.make(octets, &zone)?;
        out.leaf(&self.name(), &String::from_utf8_lossy(&made));
        Ok(())
    }
}
