//! `DAV:getcontenttype` (RFC 4918 15.5).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("getcontenttype");

/// `getcontenttype`
#[derive(Debug)]
pub(super) struct GetContentType;

impl Property for GetContentType {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(item) = view.resource.item() {
            out.leaf(&NAME, &item.row.content_type);
        }
        Ok(())
    }
}
