//! The octets of every blob that is needed. Reading them takes hours where the records take minutes, and what is
//! written while a state is held stays in memory: so it comes last, in states that are renewed as it goes on. What was
//! removed since it was looked at is no damage, and what came since is read as well.

use super::{Check, Fault};
use crate::{
    body::{Body, Chunk, Content},
    fsck::needs,
    key::{Key, split_long},
    limits::OCTETS_STATE_COUNT,
    message::MessageRecord,
    queue::{EntryRow, QUEUE_HOLDER},
    record,
};
use engine::{Place, Range, Table};
use model::{Error, ItemId, Result};

impl Check {
    /// Reads every blob that has a place. Records are not looked at again: what is wrong with them is told before.
    pub(super) async fn check_octets(&mut self) -> Result<()> {
        // What the records were compared by is not needed any more, and there may be much of it.
        self.sizes.clear();
        let is_queue = self.account == QUEUE_HOLDER;
        let tables: &[Table] = if is_queue { &[Table::Queue] } else { &[Table::Message, Table::Body] };
        let prefix = if is_queue { b"e".to_vec() } else { Key::account(self.account).done() };
        for table in tables {
            let mut range = Range::prefix(&prefix);
            loop {
                self.renew().await?;
                let page = self.page(*table, &mut range).await?;
                if page.is_empty() {
                    break;
                }
                for (key, value) in page {
                    let item = key.get(prefix.len()..).and_then(split_long);
                    let body = body_of(*table, &value);
                    if let (Some((item, [])), Some(Body { content: Content::Chunks(chunks), .. })) =
                        (item, body)
                    {
                        self.read_chunks(ItemId(item), &chunks).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets go of the state that was looked at; from here on it is the newest.
    async fn renew(&mut self) -> Result<()> {
        self.snapshot = self.store.inner.engine.newest().await?;
        Ok(())
    }

    async fn read_chunks(&mut self, item: ItemId, chunks: &[Chunk]) -> Result<()> {
        for chunks in chunks.chunks(OCTETS_STATE_COUNT) {
            self.renew().await?;
            let keys: Vec<_> = chunks.iter().map(|chunk| Key::blob(&chunk.id).done()).collect();
            let places = self.snapshot.get_many(Table::Blob, &keys).await?;
            for (chunk, place) in chunks.iter().zip(places) {
                // A message in flight does without a list: it has gone before one is of use.
                if chunk.is_list() && self.account == QUEUE_HOLDER {
                    continue;
                }
                if let Some(place) = place.map(Place)
                    && !self.is_read(chunk, &place).await?
                    && self.is_damaged(item, chunk, &place).await?
                {
                    let list = chunk.is_list();
                    self.find(match list {
                        true => Fault::NoList(item, chunk.id),
                        false => Fault::DamagedBlob(item, chunk.id),
                    });
                }
            }
        }
        Ok(())
    }

    async fn is_read(&self, chunk: &Chunk, place: &Place) -> Result<bool> {
        match self.store.inner.blobs.read(&chunk.id, place).await {
            Ok(bytes) => Ok(chunk.is_list() || bytes.len() as u64 == u64::from(chunk.bytes)),
            Err(Error::Unavailable) => Err(Error::Unavailable),
            Err(_) => Ok(false),
        }
    }

    /// Whether what could not be read there is needed still, and cannot be read where it is now.
    async fn is_damaged(&mut self, item: ItemId, chunk: &Chunk, place: &Place) -> Result<bool> {
        self.renew().await?;
        if !needs(&self.snapshot, self.account, item, &chunk.id).await? {
            return Ok(false);
        }
        match self.snapshot.get(Table::Blob, &Key::blob(&chunk.id).done()).await?.map(Place) {
            Some(now) if now != *place => Ok(!self.is_read(chunk, &now).await?),
            _ => Ok(true),
        }
    }
}

fn body_of(table: Table, value: &[u8]) -> Option<Body> {
    match table {
        Table::Message => record::decode::<MessageRecord>(value).ok().map(|message| message.body),
        Table::Queue => record::decode::<EntryRow>(value).ok().map(|row| row.entry.message.body),
        _ => record::decode::<Body>(value).ok(),
    }
}
