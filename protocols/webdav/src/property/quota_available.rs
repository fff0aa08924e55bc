//! `DAV:quota-available-bytes` (RFC 4331 3): absent where there is no limit.

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("quota-available-bytes");

/// `quota-available-bytes`
#[derive(Debug)]
pub(super) struct QuotaAvailableBytes;

impl Property for QuotaAvailableBytes {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let Some(collection) = view.own_collection() else { return Ok(()) };
        if let Some(limit) = collection.quota.limit_bytes {
            out.leaf(&NAME, &limit.saturating_sub(collection.quota.used_bytes).to_string());
        }
        Ok(())
    }
}
