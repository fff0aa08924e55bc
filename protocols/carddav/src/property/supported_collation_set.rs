//! supported-collation-set (RFC 6352 8.3.1): how text filters may compare.

use format::icalendar::text::Collation;
use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Property, View};

#[derive(Debug)]
pub(super) struct SupportedCollationSet;

impl Property for SupportedCollationSet {
    fn name(&self) -> Name {
        super::name("supported-collation-set")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if super::book(view).is_some() {
            out.open(&self.name());
            for collation in Collation::ALL {
                out.leaf(&super::name("supported-collation"), collation.name());
            }
            out.close(&self.name());
        }
        Ok(())
    }
}
