//! Whether locks stand in the way of a change (RFC 4918 7), decided inside the write turn.

use crate::lock::{Lock, Place};
use crate::xml::Name;
use crate::{Conditions, Node, Refusal, Reply, Resource};
use http::StatusCode;
use model::{AccountId, CollectionId};
use std::collections::HashSet;
use store::Reader;

/// The locks of an account, against the tokens that a principal shows.
#[derive(Debug)]
pub(crate) struct LockCheck {
    locks: Vec<Lock>,
    tokens: HashSet<String>,
    me: AccountId,
}

impl LockCheck {
    /// Loads the account's locks.
    ///
    /// # Errors
    /// 503, 500.
    pub(crate) async fn new(reader: &Reader, conditions: &Conditions) -> Reply<Self> {
        let locks = reader.locks().await?;
        Ok(Self { locks, tokens: conditions.tokens(), me: reader.principal().account })
    }

    /// The account's locks.
    pub(crate) fn locks(&self) -> &[Lock] {
        &self.locks
    }

    /// Whether the resource's content and properties may be changed; `deep` for everything below too.
    ///
    /// # Errors
    /// 423 `lock-token-submitted` with the root of the lock that stands in the way.
    pub(crate) async fn resource(&self, reader: &Reader, resource: &Resource, deep: bool) -> Reply<()> {
        if self.locks.is_empty() {
            return Ok(());
        }
        let Some(place) = Place::of(reader, resource).await? else { return Ok(()) };
        self.allow(self.locks.iter().filter(|lock| place.covered_by(lock)))?;
        match &resource.node {
            Node::Collection(collection) if deep => self.below(reader, collection.id).await,
            _ => Ok(()),
        }
    }

    /// Whether members may come to or go from a collection (RFC 4918 7.4).
    ///
    /// # Errors
    /// As [`LockCheck::resource`].
    pub(crate) async fn membership(&self, reader: &Reader, parent: &Resource) -> Reply<()> {
        self.resource(reader, parent, false).await
    }

    /// Each lock inside a tree stands by itself: its token must be shown too.
    async fn below(&self, reader: &Reader, top: CollectionId) -> Reply<()> {
        for lock in &self.locks {
            let inside = lock.item.is_some() || lock.collection != top;
            if inside && reader.ancestors(lock.collection).await?.contains(&top) {
                self.allow(std::iter::once(lock))?;
            }
        }
        Ok(())
    }

    /// Of the locks on one resource, one must be the principal's own with its token shown.
    fn allow<'a>(&self, locks: impl Iterator<Item = &'a Lock>) -> Reply<()> {
        let mut root = None;
        for lock in locks {
            if lock.principal == self.me && self.tokens.contains(&lock.token) {
                return Ok(());
            }
            root.get_or_insert(&lock.root);
        }
        match root {
            None => Ok(()),
            Some(root) => {
                let refusal = Refusal::condition(StatusCode::LOCKED, Name::dav("lock-token-submitted"));
                Err(refusal.about(root.clone()))
            }
        }
    }
}
