//! `collegium migrate-store`: everything that is stored, from one engine into another. A second run goes on where
//! the first was ended.

use super::{Target, runtime};
use crate::config::{self, Config};
use crate::engines::{self, Despite};
use crate::failure::Failure;
use crate::site;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Error;
use std::fs::File;
use std::path::PathBuf;
use store::{Migrated, Migration, Side};

/// See [`super::Verb::MigrateStore`].
#[derive(Debug, Args)]
pub(super) struct MigrateStore {
    /// The configuration of the store that it goes into; with a data directory of its own.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    target: Target,
}

impl MigrateStore {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let from = self.target.load()?;
        let to =
            config::load(&self.to).map_err(|problems| Failure::new(config::report(&self.to, &problems)))?;
        if from.server.data == to.server.data {
            return Err(Failure::new(
                "both configurations have one data directory; give the new one its own",
            ));
        }
        crate::logging::start_for_command();
        let migrated = runtime()?.block_on(migrate(&from, &to))?;
        println!(
            "{} rows compared, {} changed, {} octets of bodies brought: both stores hold the same. Serve {} from now on.",
            migrated.row_count,
            migrated.changed_count,
            migrated.body_bytes,
            self.to.display()
        );
        Ok(())
    }
}

/// A side, with the lock that keeps a server out.
async fn open(config: &Config) -> Result<(Side, File), Failure> {
    let data = &config.server.data;
    site::private_directory(data).map_err(|cause| Failure::of(data.display(), cause))?;
    let lock = site::take(data)?;
    let (engine, blobs) = engines::open(config, Despite::default()).await?;
    if engine.company().is_some_and(|company| !company.others.is_empty()) {
        engine.close().await;
        return Err(Failure::new("other processes have the database open: stop every server first"));
    }
    Ok((Side { engine, blobs }, lock))
}

async fn migrate(from: &Config, to: &Config) -> Result<Migrated, Failure> {
    let (source, _held) = open(from).await?;
    let (target, _held_too) = open(to).await?;
    let done = across(source.clone(), target.clone()).await;
    target.engine.close().await;
    source.engine.close().await;
    done
}

async fn across(source: Side, target: Side) -> Result<Migrated, Failure> {
    let failed =
        |error: Error| Failure::of("migration", format!("{error}; run the same command again to go on"));
    let migration = Migration::begin(source, target).await.map_err(|error| match error {
        Error::Exists => Failure::new("the target holds a store already; name an empty one"),
        Error::NotFound => Failure::new("there is no store to migrate"),
        Error::Conflict => Failure::new("the source is itself an unfinished migration"),
        error => failed(error),
    })?;
    let count = migration.count().await.map_err(failed)?;
    let bar = bar("copying", count);
    let migrated = migration.copy(|rows| bar.inc(rows)).await.map_err(failed)?;
    bar.finish_and_clear();
    let bar = self::bar("comparing", count);
    let differences = migration.compare(|rows| bar.inc(rows)).await.map_err(failed)?;
    bar.finish_and_clear();
    if let Some(first) = differences.first() {
        let account = first.account.map_or_else(String::new, |account| format!(", account {}", account.0));
        return Err(Failure::new(format!(
            "{} parts differ, the first in table {}{account}; was the source written to? Run the same command again",
            differences.len(),
            first.table
        )));
    }
    migration.finish().await.map_err(failed)?;
    Ok(migrated)
}

fn bar(what: &'static str, count: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.with_message(what)
}
