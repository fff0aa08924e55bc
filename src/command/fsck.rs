//! `collegium fsck`: does everything that is stored hold together? With `--repair` what is derived is made anew,
//! on a running server too; what is lost is named.

use super::{Shown, output, runtime};
use crate::admin::{Administration, FsckMode, Refusal, Request};
use crate::engines::Despite;
use crate::failure::Failure;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::time::Duration;

/// How often the progress bar is drawn while an account is looked at.
const TICK: Duration = Duration::from_millis(200);

/// The most lost items whose blobs stay told as needed in one repair: the request is one line.
const LOST_COUNT_MAX: usize = 20_000;

/// See [`super::Verb::Fsck`].
#[derive(Debug, Args)]
pub(super) struct Fsck {
    /// Read the octets of everything too, which takes long.
    #[arg(long)]
    bytes: bool,
    /// Where the engine's journal is damaged and cannot be restored: go on without what is lost. Only on a
    /// stopped server; each damaged journal is kept beside the new one.
    #[arg(long)]
    mend_journal: bool,
    /// Where files of the engine are damaged or missing and cannot be restored: make it anew from every row that can
    /// still be read, and go on without what is lost. Only on a stopped server; the old engine is kept beside the new
    /// one. Octets are read too, and nothing else opens the store before the repair has come to its end.
    #[arg(long, requires = "repair")]
    mend_tables: bool,
    /// Make everything that is derived anew, and say what is lost.
    #[arg(long)]
    repair: bool,
    /// Remove items whose octets are lost; they stay otherwise.
    #[arg(long, requires = "repair")]
    drop_damaged: bool,
    #[command(flatten)]
    shown: Shown,
}

/// What was told, of all accounts.
#[derive(Default)]
struct Told {
    found: Vec<Value>,
    remaining: Vec<Value>,
    notes: Vec<Value>,
    damaged: Vec<Value>,
    lost: Vec<Value>,
}

impl Told {
    fn add(&mut self, account: u64, answer: &mut Value) {
        let mut take = |key: &str| match answer.get_mut(key).map(Value::take) {
            Some(Value::Array(told)) => told,
            _ => Vec::new(),
        };
        self.found.extend(take("found"));
        self.remaining.extend(take("remaining"));
        self.damaged.extend(take("damaged"));
        self.lost.extend(take("lost"));
        self.notes.extend(take("notes").into_iter().map(|note| json!({"account": account, "note": note})));
    }
}

impl Fsck {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.shown.target.load()?;
        if self.mend_journal {
            let mended = crate::site::mend_journal(&config)?;
            eprintln!(
                "{} stretches of {} octets were left out, {} groups behind them were kept",
                mended.damage_count, mended.damage_bytes, mended.kept_count
            );
        }
        if self.mend_tables {
            let mended = crate::site::mend_tables(&config)?;
            eprintln!(
                "{} rows of {} tables were kept; {} stretches of {} octets could not be read",
                mended.row_count, mended.table_count, mended.damage_count, mended.damage_bytes
            );
        }
        // Who asks for tables to be mended knows that acknowledged changes are missing.
        let despite = Despite { loss: self.mend_tables, unrepaired: true };
        crate::logging::start_for_command();
        let told = runtime()?.block_on(async {
            let mut administration = Administration::open_despite(&config, despite).await?;
            let told = self.check(&mut administration).await;
            administration.close().await;
            told.map_err(Failure::from)
        })?;
        self.report(&told)
    }

    async fn check(&self, administration: &mut Administration) -> Result<Told, Refusal> {
        let bytes = self.bytes || self.mend_tables;
        let mode = FsckMode { bytes, repair: self.repair, drop_damaged: self.drop_damaged };
        let accounts = administration.call(Request::FsckAccounts {}).await?;
        let accounts = accounts.as_array().cloned().unwrap_or_default();
        let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64).unwrap_or(0);
        // One for the account itself, and one for what belongs to none.
        let total = accounts.iter().map(|account| number(account, "items") + 1).sum::<u64>() + 1;
        let bar = bar(total);
        let mut told = Told::default();
        for account in &accounts {
            let id = number(account, "account");
            let request = Request::FsckAccount { account: u32::try_from(id).unwrap_or(u32::MAX), mode };
            told.add(id, &mut administration.call(request).await?);
            bar.inc(number(account, "items") + 1);
        }
        let is_more = |one: &Value| {
            one.get("fault").and_then(Value::as_str).is_some_and(|fault| fault.starts_with("More("))
        };
        // Where not every lost item is told, who needs which blob is not known: nothing of it may go.
        let partial = told.lost.len() > LOST_COUNT_MAX || told.remaining.iter().any(is_more);
        let mode = FsckMode { repair: mode.repair && !partial, ..mode };
        let lost = if partial { Vec::new() } else { told.lost.clone() };
        let lost = serde_json::from_value(Value::from(lost)).map_err(|_| Refusal {
            kind: "Corrupt".to_owned(),
            message: "the lost items are not told well".to_owned(),
        })?;
        told.add(0, &mut administration.call(Request::FsckOutside { mode, lost }).await?);
        bar.finish_and_clear();
        Ok(told)
    }

    fn report(&self, told: &Told) -> Result<(), Failure> {
        let count = told.remaining.len();
        if self.shown.json && self.repair {
            let answer = json!({
                "found_count": told.found.len(),
                "remaining": told.remaining,
                "notes": told.notes,
                "damaged": told.damaged,
            });
            output::print(&answer, &[], true)?;
        } else {
            output::print(&Value::from(told.remaining.clone()), &["account", "fault"], self.shown.json)?;
        }
        if !self.shown.json {
            let columns = &["account", "kind", "collection", "name", "subject", "size"];
            if !told.damaged.is_empty() {
                println!("\nitems whose octets are lost or damaged:");
                output::print(&Value::from(told.damaged.clone()), columns, false)?;
            }
            if !told.notes.is_empty() {
                println!();
                output::print(&Value::from(told.notes.clone()), &["account", "note"], false)?;
            }
            if self.repair {
                println!("{} faults found, {count} are left", told.found.len());
            }
        }
        if count == 0 { Ok(()) } else { Err(Failure::new(format!("{count} faults"))) }
    }
}

/// On a terminal; elsewhere it draws nothing.
fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
