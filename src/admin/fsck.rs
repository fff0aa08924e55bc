//! The store's and the directory's own checks and repairs, account by account so that whoever waits sees how far
//! they have come, and the store's collection.

use super::Refusal;
use crate::site::Site;
use model::{AccountId, ItemId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::{Depth, Finding, RepairOptions, Repaired};

/// What a check is to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mode {
    /// Read the octets too.
    pub(crate) bytes: bool,
    /// Make what is derived anew.
    pub(crate) repair: bool,
    /// Remove items whose octets are lost.
    pub(crate) drop_damaged: bool,
}

impl Mode {
    fn depth(self) -> Depth {
        if self.bytes { Depth::Bytes } else { Depth::Records }
    }

    fn options(self) -> RepairOptions {
        RepairOptions { depth: self.depth(), drop_damaged: self.drop_damaged }
    }
}

fn of(error: model::Error) -> Refusal {
    Refusal::of(error, "store")
}

/// Every account that has something, with about how many items.
pub(super) async fn accounts(site: &Site) -> Result<Value, Refusal> {
    let accounts = site.store.fsck_accounts().await.map_err(of)?;
    Ok(accounts.iter().map(|(id, items)| json!({"account": id.0, "items": items})).collect())
}

/// Checks, and repairs, one account.
pub(super) async fn account(site: &Site, id: u32, mode: Mode) -> Result<Value, Refusal> {
    let id = AccountId(id);
    let done = if mode.repair {
        site.store.repair(id, mode.options()).await
    } else {
        checked(site.store.fsck(id, mode.depth()).await)
    };
    shown(site, done.map_err(of)?).await
}

/// Checks, and repairs, what belongs to no account. `lost` are accounts and items whose octets are lost.
pub(super) async fn outside(site: &Site, mode: Mode, lost: Vec<(u32, u64)>) -> Result<Value, Refusal> {
    let kept: BTreeSet<_> = lost.into_iter().map(|(id, item)| (AccountId(id), ItemId(item))).collect();
    let done = if mode.repair {
        site.store.repair_outside(mode.options(), &kept).await
    } else {
        checked(site.store.fsck_outside(mode.depth()).await)
    };
    let mut answer = shown(site, done.map_err(of)?).await?;
    let of_directory = |error| Refusal::of(error, "directory");
    let findings = site.directory.fsck().await.map_err(of_directory)?;
    let left =
        if mode.repair { site.directory.repair().await.map_err(of_directory)? } else { findings.clone() };
    for (key, findings) in [("found", findings), ("remaining", left)] {
        if let Some(told) = answer.get_mut(key).and_then(Value::as_array_mut) {
            told.extend(findings.iter().map(
                |finding| json!({"account": finding.account.0, "fault": format!("{:?}", finding.fault)}),
            ));
        }
    }
    Ok(answer)
}

fn checked(found: model::Result<Vec<Finding>>) -> model::Result<Repaired> {
    found.map(|found| Repaired { remaining: found.clone(), found, ..Repaired::default() })
}

/// What was found and is left, the items that are lost named.
async fn shown(site: &Site, done: Repaired) -> Result<Value, Refusal> {
    let finding =
        |finding: &Finding| json!({"account": finding.account.0, "fault": format!("{:?}", finding.fault)});
    let mut damaged: Vec<Value> = Vec::new();
    let lost = done.lost();
    let accounts: BTreeSet<_> = lost.iter().map(|(account, _)| *account).collect();
    for account in accounts {
        let items = lost.iter().filter(|(of, _)| *of == account).map(|(_, item)| *item).collect();
        for item in site.store.damaged(account, &items).await.map_err(of)? {
            damaged.push(json!({
                "account": account.0,
                "item": item.item.0,
                "kind": format!("{:?}", item.kind).to_lowercase(),
                "collection": item.path,
                "name": item.name,
                "subject": item.subject,
                "size": item.size,
            }));
        }
    }
    Ok(json!({
        "found": done.found.iter().map(finding).collect::<Vec<_>>(),
        "remaining": done.remaining.iter().map(finding).collect::<Vec<_>>(),
        "notes": done.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "damaged": damaged,
        "lost": lost.iter().map(|(account, item)| (account.0, item.0)).collect::<Vec<_>>(),
    }))
}

/// Gives back the space of what nobody needs.
pub(super) async fn collect(site: &Site) -> Result<Value, Refusal> {
    crate::jobs::purge_all(site).await.map_err(of)?;
    let collected = site.collect(true).await.map_err(of)?;
    Ok(json!({
        "forgotten_count": collected.forgotten_count,
        "moved_bytes": collected.moved_bytes,
        "segment_count": collected.segment_count,
        "freed_bytes": collected.freed_bytes,
    }))
}
