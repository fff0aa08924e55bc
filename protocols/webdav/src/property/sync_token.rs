//! `DAV:sync-token` (RFC 6578 4).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("sync-token");

/// `sync-token`
#[derive(Debug)]
pub(super) struct SyncToken;

impl Property for SyncToken {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(collection) = view.own_collection() {
            out.leaf(&NAME, &collection.sync_token());
        }
        Ok(())
    }
}
