//! Reading past damage, for whoever brings everything out: a row that cannot be read is told, and the next one is
//! read. Only the owner may.

use crate::{
    collection::after,
    key::{Key, split_number},
    kind::{ItemKey, Kind},
    limits::{COLLECTION_DEPTH_MAX, SCAN_PAGE_COUNT},
    reader::Reader,
    record::{self, CollectionRow},
};
use engine::Table;
use model::{CollectionId, Error, Result, Rights};
use std::collections::BTreeMap;

/// A collection with the names that lead to it from the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surveyed {
    /// Its number.
    pub id: CollectionId,
    /// Its record.
    pub row: CollectionRow,
    /// Its name and those of the collections it lies in, outermost first.
    pub path: Vec<String>,
}

/// An item's key, and its name and row where they can be read.
pub type SurveyedItem<K> = (Vec<u8>, Option<(<K as Kind>::Key, <K as Kind>::Row)>);

impl Reader {
    fn must_own(&self) -> Result<()> {
        if self.principal().is(self.account()) { Ok(()) } else { Err(Error::Forbidden(Rights::OWNER)) }
    }

    /// Every collection whose record can be read, and the number of those whose cannot.
    ///
    /// # Errors
    /// `Forbidden` for anyone but the owner; `Unavailable`.
    pub async fn survey_collections(&self) -> Result<(Vec<Surveyed>, u64)> {
        self.must_own()?;
        let prefix = Key::account(self.account());
        let (mut rows, mut damaged) = (BTreeMap::new(), 0);
        let mut range = prefix.prefix();
        loop {
            let page = self.view().scan(Table::Collection, &range, SCAN_PAGE_COUNT, false).await?;
            for (key, value) in &page {
                match (key.get(prefix.len()..).and_then(split_number), record::decode::<CollectionRow>(value))
                {
                    (Some((id, [])), Ok(row)) => drop(rows.insert(CollectionId(id), row)),
                    _ => damaged += 1,
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE_COUNT => range.start = after(last),
                _ => break,
            }
        }
        let path = |id: &CollectionId| {
            let (mut names, mut at) = (Vec::new(), *id);
            while let Some(row) = rows.get(&at).filter(|_| names.len() <= COLLECTION_DEPTH_MAX) {
                names.push(row.name.clone());
                at = row.parent;
            }
            names.reverse();
            names
        };
        let all = rows.iter().map(|(id, row)| Surveyed { id: *id, row: row.clone(), path: path(id) });
        Ok((all.collect(), damaged))
    }

    /// At most `limit` items of a collection behind a key, in order.
    ///
    /// # Errors
    /// As [`Reader::survey_collections`].
    pub async fn survey<K: Kind>(
        &self,
        id: CollectionId,
        behind: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<SurveyedItem<K>>> {
        self.must_own()?;
        let prefix = Key::collection(self.account(), id);
        let range = match behind {
            Some(name) => prefix.prefix_from(after(&prefix.clone().bytes(name).done().into())),
            None => prefix.prefix(),
        };
        let page = self.view().scan(Table::Item, &range, limit, false).await?;
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let name = key.get(prefix.len()..).unwrap_or_default().to_vec();
            let item = K::Key::decode(&name).and_then(|key| Ok((key, record::decode(&value)?))).ok();
            (name, item)
        };
        Ok(page.into_iter().map(read).collect())
    }
}
