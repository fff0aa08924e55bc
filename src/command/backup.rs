//! `collegium backup`: of a running server or a stopped one, into a directory; and what is in such a directory.

use super::{Shown, ask, output, runtime};
use crate::admin::{
    Request,
    backup::{Create, SCRATCH_CACHE_BYTES, refusal, shown},
};
use crate::failure::Failure;
use backup::{Access, Repository, Verified};
use clap::{Args, Subcommand};
use engine::{Engine, Env, OsEnv};
use model::Timestamp;
use serde_json::{Value, json};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See [`super::Verb::Backup`].
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Backup {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The directory of the backups; made when it is not there.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Read every account again, also those that have not changed since the backup before.
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
struct From {
    /// The directory of the backups.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the backups, oldest first.
    List {
        #[command(flatten)]
        from: From,
    },
    /// Prove that a backup restores: read and check every octet, follow every reference, restore it aside and check
    /// that.
    Verify {
        #[command(flatten)]
        from: From,
        /// The newest backup at or before this time, as 2026-05-31T12:00:00Z; the newest otherwise.
        #[arg(long, value_name = "TIME", value_parser = super::time)]
        at: Option<i64>,
        /// Where to restore it for the test; removed afterwards.
        #[arg(long, value_name = "DIR")]
        scratch: Option<PathBuf>,
    },
    /// Let old backups go, and what only they need.
    Prune {
        #[command(flatten)]
        from: From,
        /// How many of the newest stay.
        #[arg(long, value_name = "N")]
        keep: Option<usize>,
        /// One that goes, by its name.
        #[arg(long, value_name = "NAME")]
        forget: Vec<String>,
    },
}

impl Backup {
    pub(super) fn run(self) -> Result<(), Failure> {
        let json = self.shown.json;
        match self.verb {
            None => {
                let to = self.to.ok_or_else(|| Failure::new("say where to: --to DIR"))?;
                let to = absolute(&to)?;
                let columns = &["name", "account_count", "changed_count", "added_bytes", "missing_count"];
                let answer = ask(&self.shown, Request::Backup(Create { to, full: self.full }), columns)?;
                match answer.get("missing_count").and_then(Value::as_u64) {
                    Some(0) | None => Ok(()),
                    Some(count) => Err(Failure::new(format!(
                        "the backup is whole but for {count} damaged bodies of the store; see collegium fsck --bytes"
                    ))),
                }
            }
            Some(Verb::List { from }) => {
                crate::logging::start_for_command();
                let of = |error| Failure::from(refusal(error, &from.from));
                let repository = Repository::open(&from.from, Access::Read).map_err(of)?;
                let listed: Vec<_> = repository.manifests().map_err(of)?.iter().map(shown).collect();
                output::print(
                    &Value::from(listed),
                    &["name", "at", "accounts", "added_bytes", "missing"],
                    json,
                )
            }
            Some(Verb::Verify { from, at, scratch }) => verify(&from.from, at, scratch, json),
            Some(Verb::Prune { from, keep, forget }) => prune(&from.from, keep, &forget, json),
        }
    }
}

/// The server may stand elsewhere.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|cause| Failure::of(path.display(), cause))
}

fn prune(from: &Path, keep: Option<usize>, forget: &[String], json: bool) -> Result<(), Failure> {
    crate::logging::start_for_command();
    if keep.is_none() && forget.is_empty() {
        return Err(Failure::new("say how many stay (--keep N) or which go (--forget NAME)"));
    }
    if keep == Some(0) {
        return Err(Failure::new("--keep 0 would leave no backup: remove the directory instead"));
    }
    let of = |error| Failure::from(refusal(error, from));
    // A prune writes; it must not make a repository where there is none.
    drop(Repository::open(from, Access::Read).map_err(of)?);
    let mut repository = Repository::open(from, Access::Write).map_err(of)?;
    let pruned = backup::prune(&mut repository, keep, forget).map_err(of)?;
    let answer = json!({
        "forgotten_count": pruned.forgotten_count, "kept_count": pruned.kept_count,
        "pack_count": pruned.pack_count, "freed_bytes": pruned.freed_bytes,
    });
    output::print(&answer, &["forgotten_count", "kept_count", "pack_count", "freed_bytes"], json)
}

fn verify(from: &Path, at: Option<i64>, scratch: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    crate::logging::start_for_command();
    let of = |error| Failure::from(refusal(error, from));
    let place = scratch.unwrap_or_else(std::env::temp_dir);
    let mut dice = [0; 8];
    OsEnv.random(&mut dice);
    let place = place.join(format!("collegium-verify-{:016x}", u64::from_be_bytes(dice)));
    let verified = runtime()?.block_on(async {
        let repository = Arc::new(Repository::open(from, Access::Read).map_err(of)?);
        let manifest = repository.at(at.map(Timestamp)).map_err(of)?;
        // It must not be there: whoever had made it could change what is read back.
        let made = std::fs::DirBuilder::new().mode(0o700).create(&place);
        made.map_err(|cause| Failure::of(place.display(), cause))?;
        let opened = engine::open_fjall(&place.join("engine"), SCRATCH_CACHE_BYTES);
        let engine: Arc<dyn Engine> = opened.map_err(|error| Failure::of(place.display(), error))?;
        let verified = backup::verify(repository, &manifest, &engine, Arc::new(OsEnv)).await;
        engine.close().await;
        verified.map(|verified| (manifest.name, verified)).map_err(of)
    });
    if let Err(cause) = std::fs::remove_dir_all(&place) {
        tracing::debug!(%cause, "scratch");
    }
    let (name, verified) = verified?;
    tell_verified(&name, &verified, json)
}

fn tell_verified(name: &str, verified: &Verified, json: bool) -> Result<(), Failure> {
    let answer = json!({
        "restored": name, "backup_count": verified.backup_count, "pack_count": verified.pack_count,
        "object_count": verified.object_count, "read_bytes": verified.read_bytes, "row_count": verified.row_count,
        "missing_count": verified.missing_count, "damage": verified.damage,
    });
    let columns = &[
        "restored",
        "backup_count",
        "pack_count",
        "object_count",
        "read_bytes",
        "row_count",
        "missing_count",
    ];
    output::print(&answer, columns, json)?;
    if verified.damage.is_empty() {
        return Ok(());
    }
    let told = verified.damage.join("\n");
    Err(Failure::new(format!("{told}\n{} damages", verified.damage.len())))
}
