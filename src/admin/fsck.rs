//! The store's and the directory's own checks, and the store's collection, for whoever administers.

use super::Refusal;
use crate::site::Site;
use serde_json::{Value, json};
use store::Depth;

pub(super) async fn perform(site: &Site, bytes: bool) -> Result<Value, Refusal> {
    let depth = if bytes { Depth::Bytes } else { Depth::Records };
    let findings = site.store.fsck_all(depth).await.map_err(|error| Refusal::of(error, "store"))?;
    let mut shown: Vec<Value> = findings
        .iter()
        .map(|finding| json!({"account": finding.account.0, "fault": format!("{:?}", finding.fault)}))
        .collect();
    let findings = site.directory.fsck().await.map_err(|error| Refusal::of(error, "directory"))?;
    shown.extend(
        findings
            .iter()
            .map(|finding| json!({"account": finding.account.0, "fault": format!("{:?}", finding.fault)})),
    );
    Ok(Value::from(shown))
}

/// Gives back the space of what nobody needs.
pub(super) async fn collect(site: &Site) -> Result<Value, Refusal> {
    crate::jobs::purge_all(site).await.map_err(|error| Refusal::of(error, "store"))?;
    let collected = site.collect(true).await.map_err(|error| Refusal::of(error, "store"))?;
    Ok(json!({
        "forgotten_count": collected.forgotten_count,
        "moved_bytes": collected.moved_bytes,
        "segment_count": collected.segment_count,
        "freed_bytes": collected.freed_bytes,
    }))
}
