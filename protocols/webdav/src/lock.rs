//! Locks (RFC 4918 6) as the door sees them; the store keeps them.

use crate::{Node, Resource};
use model::{CollectionId, ItemId, Result};
use store::Reader;

pub(crate) use store::Lock;

/// Where a resource stands, for comparing with locks.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The collection itself or the one the item lies in, then those around it.
    pub(crate) chain: Vec<CollectionId>,
    /// The item.
    pub(crate) item: Option<ItemId>,
}

impl Place {
    /// Finds it; `None` for what cannot be locked.
    pub(crate) async fn of(reader: &Reader, resource: &Resource) -> Result<Option<Self>> {
        let (id, item) = match &resource.node {
            Node::Collection(collection) => (collection.id, None),
            Node::Item(item) => (item.collection.id, Some(item.row.item)),
            _ => return Ok(None),
        };
        Ok(Some(Self { chain: reader.ancestors(id).await?, item }))
    }

    /// Whether the lock covers it: it is the lock's root, or below one of depth infinity.
    pub(crate) fn covered_by(&self, lock: &Lock) -> bool {
        match lock.item {
            Some(item) => self.item == Some(item),
            None if lock.infinite => self.chain.contains(&lock.collection),
            None => self.item.is_none() && self.chain.first() == Some(&lock.collection),
        }
    }
}
