//! `DAV:quota-used-bytes` (RFC 4331 4): what the account holds, mail and all.

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("quota-used-bytes");

/// `quota-used-bytes`
#[derive(Debug)]
pub(super) struct QuotaUsedBytes;

impl Property for QuotaUsedBytes {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(collection) = view.own_collection() {
            out.leaf(&NAME, &collection.quota.used_bytes.to_string());
        }
        Ok(())
    }
}
