//! `DAV:getcontentlength` (RFC 4918 15.4).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("getcontentlength");

/// `getcontentlength`
#[derive(Debug)]
pub(super) struct GetContentLength;

impl Property for GetContentLength {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(item) = view.resource.item() {
            out.leaf(&NAME, &item.row.size.to_string());
        }
        Ok(())
    }
}
