//! `DAV:resourcetype` (RFC 4918 15.9).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("resourcetype");

/// `resourcetype`
#[derive(Debug)]
pub(super) struct ResourceType;

impl Property for ResourceType {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let types = view.resource.resource_type();
        if types.is_empty() {
            out.empty(&NAME);
            return Ok(());
        }
        out.open(&NAME);
        types.iter().for_each(|name| out.empty(name));
        out.close(&NAME);
        Ok(())
    }
}
