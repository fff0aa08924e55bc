//! `collegium restore`: a whole installation into an empty data directory, or an account, a collection or an item
//! beside what is there.

use super::{Shown, ask, backup::absolute, output, runtime};
use crate::admin::{
    Request,
    backup::{Restore as Wanted, refusal},
};
use crate::failure::Failure;
use crate::site;
use backup::{Access, Repository};
use clap::Args;
use model::Timestamp;
use serde_json::{Value, json};
use std::path::PathBuf;

/// See [`super::Verb::Restore`].
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The directory of the backups.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The newest backup at or before this time, as 2026-05-31T12:00:00Z; the newest otherwise.
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    at: Option<i64>,
    /// Only this account; without it the whole installation, into an empty data directory.
    #[arg(long, value_name = "ADDRESS")]
    account: Option<String>,
    /// Only this collection and what lies in it: a mailbox's path, or `calendar:`, `addressbook:`, `folder:` and a
    /// path (the root of the files is `folder:files`).
    #[arg(long, value_name = "PATH", requires = "account")]
    collection: Option<String>,
    /// Only this item: the UID of a message, the name of an object.
    #[arg(long, value_name = "ITEM", requires = "collection")]
    item: Option<String>,
    /// Into this collection instead, which is made when it is not there.
    #[arg(long, value_name = "PATH", requires = "collection")]
    into: Option<String>,
    /// Over newer objects that have the UID or the name; those can be undeleted.
    #[arg(long, requires = "account")]
    replace: bool,
    /// Remove first what is there now; it can be undeleted.
    #[arg(long, requires = "account", conflicts_with_all = ["item", "into"])]
    exact: bool,
    #[command(flatten)]
    shown: Shown,
}

impl Restore {
    pub(super) fn run(self) -> Result<(), Failure> {
        let from = absolute(&self.from)?;
        let Some(address) = self.account else { return whole(&from, self.at, &self.shown) };
        let wanted = Wanted {
            from,
            at_ms: self.at,
            address,
            collection: self.collection,
            item: self.item,
            into: self.into,
            replace: self.replace,
            exact: self.exact,
        };
        let columns = &["backup", "restored_count", "present_count", "refused", "password"];
        let answer = ask(&self.shown, Request::Restore(wanted), columns)?;
        match answer.get("refused").and_then(Value::as_array).map_or(0, Vec::len) {
            0 => Ok(()),
            count => Err(Failure::new(format!("{count} items did not come back"))),
        }
    }
}

fn whole(from: &std::path::Path, at: Option<i64>, shown: &Shown) -> Result<(), Failure> {
    let config = shown.target.load()?;
    crate::logging::start_for_command();
    let of = |error| Failure::from(refusal(error, from));
    let repository = Repository::open(from, Access::Read).map_err(of)?;
    let manifest = repository.at(at.map(Timestamp)).map_err(of)?;
    let loaded = runtime()?.block_on(async {
        let empty = site::Empty::open(&config).await?;
        let loaded =
            backup::load_whole(&repository, &manifest, &empty.engine, &empty.blobs, empty.now()).await;
        let loaded = loaded.map_err(of)?;
        empty.finish().await?;
        Ok::<_, Failure>(loaded)
    })?;
    let answer = json!({
        "backup": manifest.name, "account_count": loaded.account_count, "row_count": loaded.row_count,
        "blob_bytes": loaded.blob_bytes, "missing_count": loaded.missing_count,
    });
    let columns = &["backup", "account_count", "row_count", "blob_bytes", "missing_count"];
    output::print(&answer, columns, shown.json)?;
    match loaded.missing_count {
        0 => Ok(()),
        count => Err(Failure::new(format!(
            "everything is back but {count} damaged bodies; see collegium fsck --bytes"
        ))),
    }
}
