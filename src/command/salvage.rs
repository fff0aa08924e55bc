//! `collegium salvage`: what can still be read of a store of which only the segments of bodies are left, as files that
//! `collegium import --tree` and other programs read. Opens no engine and changes nothing where it reads.

use super::output;
use crate::export::{Facts, Line, MANIFEST, Traits, maildir_name};
use crate::failure::Failure;
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::{Certainty, Salvage as Bodies, Salvaged, SalvagedContent as Content, Stretch};

/// Where everything is put: the mailbox, calendar, address book and folder of this name.
const NAME: &str = "Salvaged";
/// Where bodies with holes are put.
const INCOMPLETE: &str = "incomplete";

/// See [`super::Verb::Salvage`].
#[derive(Debug, Args)]
pub(super) struct Salvage {
    /// A data directory, or one with segment files in it. The server must be stopped.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// A directory that is made and must not be there.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Salvage {
    pub(super) fn run(self) -> Result<(), Failure> {
        crate::logging::start_for_command();
        let _lock = hold(&self.from)?;
        let blobs = Some(self.from.join("blobs")).filter(|blobs| blobs.is_dir());
        let from = blobs.unwrap_or_else(|| self.from.clone());
        let bodies = Bodies::read(&from).map_err(|error| match error {
            model::Error::NotFound => Failure::of(from.display(), "there are no segments of bodies here"),
            error => Failure::of(from.display(), error),
        })?;
        let mut tree = Tree::new(&self.to).map_err(|cause| Failure::of(self.to.display(), cause))?;
        let written = tree.fill(&bodies);
        written.map_err(|cause| Failure::of(self.to.display(), cause))?;
        self.report(&tree)
    }

    fn report(&self, tree: &Tree) -> Result<(), Failure> {
        if self.json {
            let told = json!({
                "items": tree.items,
                "bytes": tree.bytes,
                "guessed": tree.guessed,
                "damaged": tree.damaged,
            });
            output::print(&told, &[], true)?;
        } else {
            for (kind, count) in &tree.items {
                println!("{count} {kind}");
            }
            println!("{} bytes; {} items were put together by guess", tree.bytes, tree.guessed);
            for damaged in &tree.damaged {
                println!("  damaged: {damaged}");
            }
        }
        match tree.damaged.len() {
            0 => Ok(()),
            count => {
                Err(Failure::new(format!("{count} stretches or items are damaged; the manifest names them")))
            }
        }
    }
}

/// Whoever has the store open holds its lock; a lock that is not there is nobody's.
fn hold(data: &Path) -> Result<Option<File>, Failure> {
    let path = data.join("lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(Failure::of(path.display(), cause)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::busy(format!("{}: another process has the store open", data.display())))
        }
        Err(TryLockError::Error(cause)) => Err(Failure::of(path.display(), cause)),
    }
}

/// What is written.
struct Tree {
    root: PathBuf,
    manifest: BufWriter<File>,
    items: BTreeMap<&'static str, u64>,
    bytes: u64,
    guessed: u64,
    damaged: Vec<Value>,
}

impl Tree {
    fn new(root: &Path) -> io::Result<Self> {
        fs::create_dir(root)?;
        let mailbox = format!("mail/{}", maildir_name(NAME));
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(root.join(&mailbox).join(part))?;
        }
        for place in [format!("calendars/{NAME}"), format!("contacts/{NAME}"), format!("files/{NAME}")] {
            fs::create_dir_all(root.join(place))?;
        }
        let manifest = BufWriter::new(File::create(root.join(MANIFEST))?);
        let root = root.to_path_buf();
        Ok(Self { root, manifest, items: BTreeMap::new(), bytes: 0, guessed: 0, damaged: Vec::new() })
    }

    fn fill(&mut self, bodies: &Bodies) -> io::Result<()> {
        let (name, properties) = (NAME.to_owned(), BTreeMap::new());
        self.line(&Line::Mailbox { path: name.clone(), subscribed: true })?;
        self.line(&Line::Calendar { name: name.clone(), properties: properties.clone() })?;
        self.line(&Line::Addressbook { name: name.clone(), properties: properties.clone() })?;
        self.line(&Line::Folder { path: vec![name], properties })?;
        for ruin in bodies.ruins() {
            let place = match ruin.bytes {
                0 if ruin.last > ruin.segment => format!("segments {:08} to {:08}", ruin.segment, ruin.last),
                0 => format!("segment {:08}", ruin.segment),
                _ => format!("segment {:08}, octet {}", ruin.segment, ruin.offset),
            };
            let why = match (ruin.bytes, ruin.id) {
                (0, _) => "missing".to_owned(),
                (bytes, None) => format!("{bytes} octets are damaged or were never written to their end"),
                (bytes, Some(id)) => format!("{bytes} octets are damaged: blob {id}"),
            };
            self.damage(place, why)?;
        }
        let is_object = |body: &Salvaged| matches!(body.content, Content::Calendar | Content::Card);
        let (mut objects, mut number) = (Vec::new(), 0);
        for body in bodies.bodies() {
            if is_object(&body) {
                objects.push(body);
            } else {
                number += 1;
                self.write(bodies, &body, number)?;
            }
        }
        // Of an object that was changed, the last state comes first: an import takes that one.
        for (body, number) in objects.iter().rev().zip(1..) {
            self.write(bodies, body, number)?;
        }
        self.manifest.flush()?;
        self.manifest.get_ref().sync_all()
    }

    fn write(&mut self, bodies: &Bodies, body: &Salvaged, number: u64) -> io::Result<()> {
        let draft = self.root.join("part");
        let file = File::create(&draft)?;
        let (blake3, lost) = put(&file, bodies, body)?;
        let name = format!("{number:010}-{}", blake3.get(..16).unwrap_or(&blake3));
        let ending = match body.content {
            Content::Message { .. } => ".eml",
            Content::Calendar => ".ics",
            Content::Card => ".vcf",
            Content::Octets => "",
        };
        if lost > 0 || body.certainty == Certainty::Incomplete {
            fs::create_dir_all(self.root.join(INCOMPLETE))?;
            let place = format!("{INCOMPLETE}/{name}{ending}");
            fs::rename(&draft, self.root.join(&place))?;
            return self.damage(place, format!("zeros stand for {lost} octets of it that are lost"));
        }
        let guessed = body.certainty == Certainty::Guessed;
        let facts = Facts { size: body.size, blake3, guessed };
        let (kind, line) = line_of(body, format!("{name}{ending}"), number, facts);
        let (Line::Message { file: place, .. }
        | Line::Event { file: place, .. }
        | Line::Card { file: place, .. }
        | Line::File { file: place, .. }) = &line
        else {
            return Ok(());
        };
        if let Content::Message { received: Some(received), .. } = &body.content
            && let Ok(seconds) = u64::try_from(received.seconds)
        {
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))?;
        }
        fs::rename(&draft, self.root.join(place))?;
        *self.items.entry(kind).or_default() += 1;
        self.bytes += body.size;
        self.guessed += u64::from(guessed);
        self.line(&line)
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        writeln!(self.manifest, "{}", serde_json::to_string(line).map_err(io::Error::other)?)
    }

    fn damage(&mut self, place: String, why: String) -> io::Result<()> {
        self.damaged.push(json!({"place": place, "why": why}));
        self.line(&Line::Damaged { place, why })
    }
}

/// Writes a body's octets to an empty file, with holes for what is lost. Their hash, without the holes, and how many are
/// lost.
fn put(file: &File, bodies: &Bodies, body: &Salvaged) -> io::Result<(String, u64)> {
    let mut out = BufWriter::new(file);
    let (mut hasher, mut lost) = (blake3::Hasher::new(), 0);
    for stretch in bodies.octets(body) {
        match stretch {
            Stretch::Octets(octets) => {
                hasher.update(&octets);
                out.write_all(&octets)?;
            }
            Stretch::Lost(bytes) => {
                lost += u64::from(bytes);
                out.seek(SeekFrom::Current(i64::from(bytes)))?;
            }
        }
    }
    out.flush()?;
    file.set_len(body.size)?;
    Ok((hasher.finalize().to_hex().to_string(), lost))
}

/// What a body is called in the report, and its line in the manifest.
fn line_of(body: &Salvaged, name: String, number: u64, facts: Facts) -> (&'static str, Line) {
    let traits = Traits::default();
    match &body.content {
        Content::Message { message_id, received } => {
            let received = received.map(|time| (time.seconds, time.offset_minutes));
            let mailbox = maildir_name(NAME);
            let seconds = received.map_or(0, |(seconds, _)| seconds);
            let line = Line::Message {
                file: format!("mail/{mailbox}/cur/{number:010}.{seconds}.collegium,S={}:2,", body.size),
                mailbox: NAME.to_owned(),
                uid: number.to_string(),
                flags: Vec::new(),
                received,
                message_id: message_id.clone(),
                facts,
            };
            ("messages", line)
        }
        Content::Calendar => {
            let file = format!("calendars/{NAME}/{name}");
            ("calendar objects", Line::Event { file, calendar: NAME.to_owned(), name, traits, facts })
        }
        Content::Card => {
            let file = format!("contacts/{NAME}/{name}");
            ("cards", Line::Card { file, addressbook: NAME.to_owned(), name, traits, facts })
        }
        Content::Octets => {
            let (file, path) = (format!("files/{NAME}/{name}"), vec![NAME.to_owned(), name]);
            ("files", Line::File { file, path, traits, facts })
        }
    }
}
