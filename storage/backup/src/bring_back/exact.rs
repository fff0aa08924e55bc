//! Exactly as it was: what is there goes before the backup's own comes, so everything is looked at first.
//!
//! Nothing is removed unless the backup has what is wanted and every octet of it can be read: whoever keeps no removed
//! things would lose both otherwise. What is cut short after that is done again by the same command.

use super::{Sides, goes_to};
use crate::limits::BRING_BATCH_COUNT;
use model::{CollectionId, CollectionKind, Error, Result};
use store::{AddressBook, Body, Calendar, Folder, ItemKey, Kind, Mailbox, Reader, Row};

const KINDS: [CollectionKind; 4] =
    [CollectionKind::Mailbox, CollectionKind::Calendar, CollectionKind::AddressBook, CollectionKind::Folder];

impl Sides<'_> {
    /// Whether everything that is wanted can come back; what cannot is refused by name.
    ///
    /// # Errors
    /// `NotFound` when the backup has nothing of the kind.
    pub(super) async fn is_whole(&mut self) -> Result<bool> {
        let mut found = false;
        for kind in self.wanted_kinds() {
            for (id, path) in self.collections_in(&self.from, kind).await? {
                found = true;
                match kind {
                    CollectionKind::Mailbox => self.look::<Mailbox>(id, &path).await?,
                    CollectionKind::Calendar => self.look::<Calendar>(id, &path).await?,
                    CollectionKind::AddressBook => self.look::<AddressBook>(id, &path).await?,
                    CollectionKind::Folder => self.look::<Folder>(id, &path).await?,
                }
            }
        }
        if found { Ok(self.brought.refused.is_empty()) } else { Err(Error::NotFound) }
    }

    fn wanted_kinds(&self) -> Vec<CollectionKind> {
        KINDS.into_iter().filter(|kind| self.wants(*kind)).collect()
    }

    /// The wanted collections of one side, outer ones first.
    async fn collections_in(
        &self,
        side: &Reader,
        kind: CollectionKind,
    ) -> Result<Vec<(CollectionId, String)>> {
        let mut waiting = vec![(CollectionId::ROOT, String::new())];
        let mut found = Vec::new();
        let wanted = self.wanted_of(side).await?;
        while let Some((id, path)) = waiting.pop() {
            for (inner, row) in side.children(id, kind).await? {
                let path = if path.is_empty() { row.name.clone() } else { format!("{path}/{}", row.name) };
                if goes_to(&path, &wanted).is_some() {
                    found.push((inner, path.clone()));
                }
                waiting.push((inner, path));
            }
        }
        Ok(found)
    }

    /// Reads every octet of a collection in the backup.
    async fn look<K: Kind>(&mut self, id: CollectionId, path: &str) -> Result<()> {
        let mut behind = None;
        loop {
            let page = self.from.survey::<K>(id, behind.as_deref(), BRING_BATCH_COUNT).await?;
            for (key, item) in &page {
                let why = match item {
                    None => Some("its record is damaged in the backup"),
                    Some((_, row)) => match self.is_readable::<K>(row).await {
                        Ok(()) => None,
                        Err(Error::Corrupt | Error::NotFound) => Some("its octets are damaged in the backup"),
                        Err(error) => return Err(error),
                    },
                };
                if let Some(why) = why {
                    let name = match <K::Key as ItemKey>::decode(key) {
                        Ok(_) if K::KIND == CollectionKind::Mailbox => uid(key),
                        _ => String::from_utf8_lossy(key).into_owned(),
                    };
                    self.refuse(path, &name, why);
                }
            }
            match page.last() {
                Some((key, _)) if page.len() == BRING_BATCH_COUNT => behind = Some(key.to_vec()),
                _ => return Ok(()),
            }
        }
    }

    async fn is_readable<K: Kind>(&self, row: &K::Row) -> Result<()> {
        let body: Body = match K::KIND {
            CollectionKind::Mailbox => self.from.message(row.item()).await?.body,
            _ => self.from.object_body(row.item()).await?,
        };
        let mut octets = self.source.body(&body, 0..body.size);
        while octets.next().await?.is_some() {}
        Ok(())
    }

    /// Removes what is there, collection by collection, inner ones first.
    pub(super) async fn clear(&mut self) -> Result<()> {
        for kind in self.wanted_kinds() {
            let found = self.collections_in(&self.read().await?, kind).await?;
            for (id, _) in found.into_iter().rev() {
                let mut writer = self.write().await?;
                match writer.remove_any(id).await {
                    // Something new came into it meanwhile: it stays.
                    Ok(()) | Err(Error::NotFound | Error::Conflict) => {}
                    Err(error) => return Err(error),
                }
                let _durable = writer.commit(()).await?;
            }
        }
        Ok(())
    }
}

fn uid(key: &[u8]) -> String {
    key.try_into().map(|uid| u32::from_be_bytes(uid).to_string()).unwrap_or_default()
}
