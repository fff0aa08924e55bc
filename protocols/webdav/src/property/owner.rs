//! `DAV:owner` (RFC 3744 5.1).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("owner");

/// `owner`
#[derive(Debug)]
pub(super) struct Owner;

impl Property for Owner {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(owner) = view.resource.owner() {
            out.open(&NAME);
            out.href(&view.context.principal_href(owner));
            out.close(&NAME);
        }
        Ok(())
    }
}
