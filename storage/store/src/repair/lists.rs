//! Lists of chunks that cannot be read any more: a body does without, its chunks stand in its record.

use super::Repair;
use crate::{
    body::{Body, Content},
    fsck::{Fault, Finding},
    key::Key,
    message::MessageRecord,
    record,
};
use engine::Table;
use model::{BlobId, ItemId, Result};
use std::collections::BTreeSet;

impl Repair {
    pub(super) async fn spare_lists(&self, findings: &[Finding]) -> Result<()> {
        let spared = findings.iter().filter_map(|finding| match finding.fault {
            Fault::NoList(item, _) => Some(item),
            _ => None,
        });
        for item in spared.collect::<BTreeSet<_>>() {
            self.spare_list(item).await?;
        }
        Ok(())
    }

    async fn spare_list(&self, item: ItemId) -> Result<()> {
        let mut writer = self.turn().await?;
        let key = Key::item(self.account, item).done();
        let mut lists = Vec::new();
        if let Some(value) = writer.view().get(Table::Message, &key).await?
            && let Ok(mut message) = record::decode::<MessageRecord>(&value)
        {
            lists = without_lists(&mut message.body);
            writer.put_raw(Table::Message, key, record::encode(&message)?);
        } else if let Some(value) = writer.view().get(Table::Body, &key).await?
            && let Ok(mut body) = record::decode::<Body>(&value)
        {
            lists = without_lists(&mut body);
            writer.put_raw(Table::Body, key, record::encode(&body)?);
        }
        for list in lists {
            writer.delete_raw(Table::BlobRef, Key::blob_ref(&list, self.account, item).done());
        }
        writer.commit(()).await.map(drop)
    }
}

/// Takes the lists out of a body.
fn without_lists(body: &mut Body) -> Vec<BlobId> {
    let Content::Chunks(chunks) = &mut body.content else { return Vec::new() };
    let lists = chunks.iter().filter(|chunk| chunk.is_list()).map(|chunk| chunk.id).collect();
    chunks.retain(|chunk| !chunk.is_list());
    lists
}
