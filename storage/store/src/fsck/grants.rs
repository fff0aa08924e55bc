//! Grants: what collections' records give is told the other way round, and nothing else is.

use super::{Check, Fault, Finding, page};
use crate::{
    grant::grant_key,
    key::{Key, split_number},
    record::{self, CollectionRow},
};
use engine::{Range, Snapshot, Table};
use model::{AccountId, CollectionId, Result};
use std::sync::Arc;

impl Check {
    pub(super) async fn check_grants(&mut self) -> Result<()> {
        let mut missing = Vec::new();
        for (id, row) in self.collections.iter().filter(|(_, row)| !row.grants.is_empty()) {
            let keys: Vec<_> = row.grants.iter().map(|(to, _)| grant_key(*to, self.account, *id)).collect();
            let told = self.snapshot.get_many(Table::Grant, &keys).await?;
            let untold = row.grants.iter().zip(told).filter(|(_, told)| told.is_none());
            missing.extend(untold.map(|((to, _), _)| Fault::Grant(*id, *to)));
        }
        missing.into_iter().for_each(|fault| self.find(fault));
        Ok(())
    }
}

/// The parts of a key: grantee, owner, collection.
fn split_grant(key: &[u8]) -> Option<(AccountId, AccountId, CollectionId)> {
    let (to, rest) = split_number(key)?;
    let (owner, rest) = split_number(rest)?;
    let (id, rest) = split_number(rest)?;
    rest.is_empty().then_some((AccountId(to), AccountId(owner), CollectionId(id)))
}

/// Every grant that is told, from the grantee's side.
pub(super) async fn told(snapshot: &Arc<dyn Snapshot>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut range = Range::prefix(b"");
    loop {
        let page = page(snapshot, Table::Grant, &mut range).await?;
        if page.is_empty() {
            return Ok(findings);
        }
        for (key, _) in page {
            let Some((to, owner, id)) = split_grant(&key) else {
                let fault = Fault::Unreadable(Table::Grant, key.to_vec());
                findings.push(Finding { account: AccountId(0), fault });
                continue;
            };
            let row = snapshot.get(Table::Collection, &Key::collection(owner, id).done()).await?;
            // A record that cannot be read may give it.
            let given = row.is_some_and(|row| {
                record::decode::<CollectionRow>(&row)
                    .map_or(true, |row| row.grants.iter().any(|(other, _)| *other == to))
            });
            if !given {
                findings.push(Finding { account: owner, fault: Fault::Grant(id, to) });
            }
        }
    }
}
