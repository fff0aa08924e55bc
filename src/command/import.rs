//! `collegium import`: what other programs have kept, into an account. A second run adds nothing twice.

use super::{Target, runtime};
use crate::admin::{Administration, Item, Place, Refusal, Request};
use crate::failure::Failure;
use crate::import::{self, Bad, Content, Piece, Source};
use clap::{ArgGroup, Args};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::CollectionKind;
use serde_json::{Value, json};
use std::io;
use std::path::PathBuf;
use tokio::io::AsyncRead;

/// The most bad items that are told one by one.
const BAD_TOLD_MAX: usize = 1000;

/// See [`super::Verb::Import`].
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["mbox", "maildir", "ics", "vcf", "dir", "tree"])))]
pub(super) struct Import {
    /// Whose it becomes.
    #[arg(long, value_name = "ADDRESS")]
    account: String,
    /// A file of messages.
    #[arg(long, value_name = "FILE")]
    mbox: Option<PathBuf>,
    /// A Maildir with its folders.
    #[arg(long, value_name = "DIR")]
    maildir: Option<PathBuf>,
    /// A file of events, tasks and journals.
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
    /// A file of cards.
    #[arg(long, value_name = "FILE")]
    vcf: Option<PathBuf>,
    /// A directory of files and directories.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// What `export` wrote for one account, or `salvage` for a store: everything goes where it was, with its flags,
    /// dates and properties.
    #[arg(long, value_name = "DIR", conflicts_with = "into")]
    tree: Option<PathBuf>,
    /// The mailbox, calendar, address book or folder it goes to; the account's first one when not said.
    #[arg(long, value_name = "NAME")]
    into: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// What has come of it so far.
#[derive(Default)]
struct Tally {
    added: u64,
    present: u64,
    bad_count: u64,
    bad: Vec<Bad>,
}

impl Tally {
    fn bad(&mut self, bad: Bad) {
        self.bad_count += 1;
        if self.bad.len() < BAD_TOLD_MAX {
            self.bad.push(bad);
        }
    }

    fn interrupted(&self, label: &str, refusal: &Refusal) -> Failure {
        let so_far = self.added + self.present;
        let advice = "run the same command again to go on";
        Failure::new(format!("{label}: {refusal}\n{so_far} items are in; {advice}"))
    }
}

impl Import {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.target.load()?;
        crate::logging::start_for_command();
        let source = self.open()?;
        let tally = runtime()?.block_on(async {
            let mut administration = Administration::open(&config).await?;
            let done = self.import(&mut administration, source).await;
            administration.close().await;
            done
        })?;
        self.report(&tally)
    }

    fn open(&self) -> Result<Source, Failure> {
        let into = self.into.as_deref();
        let (path, opened) = if let Some(path) = &self.mbox {
            (path, import::mbox::open(path, into.unwrap_or("INBOX")))
        } else if let Some(path) = &self.maildir {
            (path, import::maildir::open(path, into.unwrap_or("INBOX")))
        } else if let Some(path) = &self.ics {
            (path, import::calendar::open(path, into))
        } else if let Some(path) = &self.vcf {
            (path, import::card::open(path, into))
        } else if let Some(path) = &self.dir {
            let below = into.unwrap_or("").split('/').filter(|name| !name.is_empty()).map(str::to_owned);
            (path, import::tree::open(path, &below.collect::<Vec<_>>()))
        } else if let Some(path) = &self.tree {
            (path, import::exported::open(path))
        } else {
            return Err(Failure::new("nothing to import"));
        };
        opened.map_err(|cause| Failure::of(path.display(), cause))
    }

    async fn import(&self, administration: &mut Administration, source: Source) -> Result<Tally, Failure> {
        let bar = bar(&source);
        let mut tally = Tally::default();
        // A wrong account is one mistake, not one for every item.
        administration.call(Request::AccountShow { address: self.account.clone() }).await?;
        for piece in source.pieces {
            match piece {
                Ok(piece) => {
                    let (label, progress) = (piece.label.clone(), piece.progress);
                    // Mailboxes and folders are no items: what is in them counts.
                    let counts = !matches!(
                        piece.place,
                        Place::Mailbox { .. } | Place::Folder { .. } | Place::Collection(_)
                    );
                    match self.send(administration, piece).await {
                        Ok(_) if !counts => {}
                        Ok(true) => tally.added += 1,
                        Ok(false) => tally.present += 1,
                        Err(refusal) if refusal.is_unavailable() => {
                            bar.abandon();
                            return Err(tally.interrupted(&label, &refusal));
                        }
                        Err(refusal) => tally.bad(Bad::new(label, refusal)),
                    }
                    bar.set_position(progress);
                }
                Err(bad) => tally.bad(bad),
            }
        }
        bar.finish_and_clear();
        Ok(tally)
    }

    /// Whether it was added; otherwise it was there.
    async fn send(&self, administration: &mut Administration, piece: Piece) -> Result<bool, Refusal> {
        let request =
            |place: Place, bytes: u64| Request::Import(Item { account: self.account.clone(), place, bytes });
        let unreadable =
            |cause: io::Error| Refusal { kind: "invalid".to_owned(), message: cause.to_string() };
        let answer = match piece.content {
            Content::Empty => administration.call(request(piece.place, 0)).await?,
            Content::Bytes(bytes) => {
                let request = request(piece.place, bytes.len() as u64);
                administration.send(request, &mut bytes.as_slice()).await?
            }
            Content::File { path, size } => {
                if let Some(place) = probe(&piece.place, size)
                    && outcome(&administration.call(request(place, 0)).await?) == "present"
                {
                    return Ok(false);
                }
                let mut file: Box<dyn AsyncRead + Unpin + Send> =
                    Box::new(tokio::fs::File::open(&path).await.map_err(unreadable)?);
                administration.send(request(piece.place, size), &mut file).await?
            }
            Content::Opened { file, size } => {
                if let Some(place) = probe(&piece.place, size)
                    && outcome(&administration.call(request(place, 0)).await?) == "present"
                {
                    return Ok(false);
                }
                administration.send(request(piece.place, size), &mut tokio::fs::File::from_std(file)).await?
            }
        };
        Ok(outcome(&answer) == "added")
    }

    fn report(&self, tally: &Tally) -> Result<(), Failure> {
        if self.json {
            let bad: Vec<Value> =
                tally.bad.iter().map(|bad| json!({"item": bad.label, "error": bad.why})).collect();
            let summary = json!({
                "account": self.account,
                "added": tally.added,
                "present": tally.present,
                "bad_count": tally.bad_count,
                "bad": bad,
            });
            super::output::print(&summary, &[], true)?;
        } else {
            for bad in &tally.bad {
                eprintln!("{}: {}", bad.label.escape_debug(), bad.why.escape_debug());
            }
            println!("{} added, {} there already, {} skipped", tally.added, tally.present, tally.bad_count);
        }
        // What others have kept is often not clean; our own tree is whole, or something is lost.
        match tally.bad_count {
            count if count > 0 && self.tree.is_some() => {
                Err(Failure::new(format!("{count} items of the tree were skipped or are damaged")))
            }
            _ => Ok(()),
        }
    }
}

/// The question whether a file is there already, which spares its octets the way.
fn probe(place: &Place, size: u64) -> Option<Place> {
    let (path, modified) = match place {
        Place::File { path, modified } => (path.clone(), *modified),
        Place::Object(object) if object.kind == CollectionKind::Folder => {
            let path = object.collection.iter().chain([&object.name]).cloned().collect();
            (path, object.modified?)
        }
        _ => return None,
    };
    Some(Place::FileProbe { path, modified, size })
}

fn outcome(answer: &Value) -> &str {
    answer.get("outcome").and_then(Value::as_str).unwrap_or_default()
}

/// On a terminal; elsewhere it draws nothing.
fn bar(source: &Source) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(source.total), ProgressDrawTarget::stderr());
    let template = if source.in_bytes {
        "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}"
    } else {
        "{wide_bar} {pos}/{len} {per_sec} {eta}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
