//! `DAV:getetag` (RFC 4918 15.6): the hash of the octets.

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("getetag");

/// `getetag`
#[derive(Debug)]
pub(super) struct GetEtag;

impl Property for GetEtag {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(item) = view.resource.item() {
            out.leaf(&NAME, &item.etag());
        }
        Ok(())
    }
}
