//! max-instances (RFC 4791 5.2.8): the most instances that one object's rules may count.

use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct MaxInstances;

impl Property for MaxInstances {
    fn name(&self) -> Name {
        super::name("max-instances")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::calendar(view).is_some() {
            out.leaf(&self.name(), &format::icalendar::limits::INSTANCE_COUNT_MAX.to_string());
        }
        Ok(())
    }
}
