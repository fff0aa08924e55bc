//! The store's and the directory's own checks, for whoever administers.

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
