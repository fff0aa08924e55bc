//! The tree that `collegium export` writes for an account, or `collegium salvage` for a store, by its manifest. Files of
//! which the octets are not those of the manifest any more are bad pieces; so is what was damaged when the tree was
//! written. The messages of an mbox file are counted but not checked: that format keeps neither line ends nor lengths.
//! Nothing outside of the tree is read, whatever its names or links say.

use super::{Bad, Content, Piece, Source, mbox};
use crate::admin::{Collection, Object, Place};
use crate::export::{Facts, Line, MANIFEST, Traits};
use model::CollectionKind;
use rustix::fs::{self, Mode, OFlags};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::{Component, Path, PathBuf};

/// The longest line of a manifest: properties are most of it.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Opens the tree of one account.
///
/// # Errors
/// Of the system, for the manifest.
pub(crate) fn open(path: &Path) -> io::Result<Source> {
    let manifest = File::open(path.join(MANIFEST)).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => {
            let why = format!("no {MANIFEST} here: an export has one directory for each account");
            io::Error::new(io::ErrorKind::NotFound, why)
        }
        _ => cause,
    })?;
    let total = manifest.metadata()?.len();
    let lines = BufReader::with_capacity(1 << 20, manifest);
    let tree = Tree {
        root: path.to_path_buf(),
        lines,
        number: 0,
        read_bytes: 0,
        ended: false,
        copies: (String::new(), HashMap::new()),
        mbox: None,
        mboxes: HashSet::new(),
        late: None,
    };
    Ok(Source { pieces: Box::new(tree), total, in_bytes: true })
}

/// The messages of an mbox file, one after another.
type Messages = Box<dyn Iterator<Item = Result<Piece, Bad>> + Send>;

struct Tree {
    root: PathBuf,
    lines: BufReader<File>,
    number: u64,
    read_bytes: u64,
    /// The manifest is at its end, or cannot be read on.
    ended: bool,
    /// How many messages of the same octets the present mailbox has had so far. The manifest tells of one mailbox after
    /// another.
    copies: (String, HashMap<blake3::Hash, u32>),
    /// The mbox file that is being read.
    mbox: Option<(String, Messages)>,
    /// Those that have been.
    mboxes: HashSet<String>,
    /// What was bad of the last one.
    late: Option<Bad>,
}

impl Tree {
    /// The next line of the manifest, if there is one and it is not too long.
    fn line(&mut self) -> io::Result<Option<Result<Vec<u8>, &'static str>>> {
        let mut line = Vec::new();
        let limit = LINE_BYTES_MAX as u64;
        let read = io::Read::take(&mut self.lines, limit).read_until(b'\n', &mut line)? as u64;
        self.read_bytes += read;
        self.number += 1;
        if read < limit || line.ends_with(b"\n") {
            return Ok((read > 0).then_some(Ok(line)));
        }
        self.read_bytes += self.lines.skip_until(b'\n')? as u64;
        Ok(Some(Err("the line is too long")))
    }

    /// The piece of a line.
    fn piece(&mut self, line: Line, label: String) -> Result<Piece, Bad> {
        let empty = |kind, path, subscribed, properties| {
            (Place::Collection(Collection { kind, path, subscribed, properties }), Content::Empty)
        };
        let (place, content) = match line {
            Line::Damaged { place, why } => {
                return Err(Bad::new(place, format!("damaged when the tree was written: {why}")));
            }
            Line::Mailbox { path, subscribed } => {
                let names = path.split('/').map(str::to_owned).collect();
                empty(CollectionKind::Mailbox, names, subscribed, BTreeMap::new())
            }
            Line::Calendar { name, properties } => {
                empty(CollectionKind::Calendar, vec![name], false, properties)
            }
            Line::Addressbook { name, properties } => {
                empty(CollectionKind::AddressBook, vec![name], false, properties)
            }
            Line::Folder { path, properties } => empty(CollectionKind::Folder, path, false, properties),
            Line::Message { file, mailbox, flags, received, facts, .. } => {
                let content = match file.ends_with(".mbox") {
                    true => self.next_of_mbox(&file)?,
                    false => self.file(&file, &facts)?,
                };
                let copies = self.copy(&mailbox, &facts).map_err(|why| Bad::new(&file, why))?;
                (Place::Message { mailbox, flags, received, copies }, content)
            }
            Line::Event { file, calendar, name, traits, facts } => {
                let content = self.file(&file, &facts)?;
                (object(CollectionKind::Calendar, vec![calendar], name, traits), content)
            }
            Line::Card { file, addressbook, name, traits, facts } => {
                let content = self.file(&file, &facts)?;
                (object(CollectionKind::AddressBook, vec![addressbook], name, traits), content)
            }
            Line::File { file, mut path, traits, facts } => {
                let content = self.file(&file, &facts)?;
                let name = path.pop().unwrap_or_default();
                (object(CollectionKind::Folder, path, name, traits), content)
            }
        };
        Ok(Piece { label, place, content, progress: self.read_bytes })
    }

    /// Which one of the messages of these octets in its mailbox it is, from 1.
    fn copy(&mut self, mailbox: &str, facts: &Facts) -> Result<u32, blake3::HexError> {
        let hash = blake3::Hash::from_hex(&facts.blake3)?;
        if self.copies.0 != mailbox {
            self.copies = (mailbox.to_owned(), HashMap::new());
        }
        let copies = self.copies.1.entry(hash).or_default();
        *copies += 1;
        Ok(*copies)
    }

    /// A file of the tree, whose octets must be those of the manifest.
    fn file(&self, name: &str, facts: &Facts) -> Result<Content, Bad> {
        let bad = |why: io::Error| Bad::new(name, why);
        let mut file = self.inside(name)?;
        let mut hasher = blake3::Hasher::new();
        let size = hasher.update_reader(&file).map_err(bad)?.count();
        if size != facts.size || hasher.finalize().to_hex().as_str() != facts.blake3 {
            return Err(Bad::new(name, "its octets are not those of the manifest"));
        }
        file.rewind().map_err(bad)?;
        Ok(Content::Opened { file, size })
    }

    /// The next message of an mbox file: they lie there in the order of the manifest, and those of one file stand
    /// together in it.
    fn next_of_mbox(&mut self, name: &str) -> Result<Content, Bad> {
        if self.mbox.as_ref().is_none_or(|(present, _)| present != name) {
            if !self.mboxes.insert(name.to_owned()) {
                return Err(Bad::new(name, "the manifest returns to it"));
            }
            self.late = self.leave_mbox().err();
            let messages =
                mbox::Mbox::new(BufReader::with_capacity(1 << 20, self.inside(name)?), String::new());
            self.mbox = Some((name.to_owned(), Box::new(messages)));
        }
        let next = self.mbox.as_mut().and_then(|(_, messages)| messages.next());
        next.unwrap_or_else(|| Err(Bad::new(name, "it has fewer messages than the manifest")))
            .map(|piece| piece.content)
    }

    /// Leaves the present mbox file; bad when it has more messages than the manifest told of.
    fn leave_mbox(&mut self) -> Result<(), Bad> {
        let Some((name, messages)) = self.mbox.take() else { return Ok(()) };
        match messages.count() {
            0 => Ok(()),
            more => Err(Bad::new(name, format!("it has {more} messages more than the manifest"))),
        }
    }

    /// Opens a file of the tree, which no name and no link leads out of.
    fn inside(&self, name: &str) -> Result<File, Bad> {
        let bad = |cause: rustix::io::Errno| match cause {
            rustix::io::Errno::LOOP => Bad::new(name, "it is or lies behind a symbolic link"),
            cause => Bad::new(name, io::Error::from(cause)),
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mut at = fs::open(&self.root, flags, Mode::empty()).map_err(bad)?;
        for part in Path::new(name).components() {
            let Component::Normal(part) = part else {
                return Err(Bad::new(name, "it lies outside of the tree"));
            };
            at = fs::openat(&at, part, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(bad)?;
        }
        let file = File::from(at);
        let about = file.metadata().map_err(|cause| Bad::new(name, cause))?;
        if about.is_file() { Ok(file) } else { Err(Bad::new(name, "it is no file")) }
    }
}

fn object(kind: CollectionKind, collection: Vec<String>, name: String, traits: Traits) -> Place {
    let Traits { modified, content_type, properties } = traits;
    Place::Object(Object { kind, collection, name, modified, content_type, properties })
}

impl Iterator for Tree {
    type Item = Result<Piece, Bad>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(bad) = self.late.take() {
            return Some(Err(bad));
        }
        if self.ended {
            return None;
        }
        let line = self.line();
        let label = format!("{MANIFEST}, line {}", self.number);
        let line = match line {
            Ok(Some(line)) => line.map_err(|why| Bad::new(&label, why)),
            Ok(None) => {
                self.ended = true;
                return self.leave_mbox().err().map(Err);
            }
            // The next read would fail at the same place.
            Err(cause) => {
                self.ended = true;
                return Some(Err(Bad::new(&label, cause)));
            }
        };
        let line = line
            .and_then(|line| serde_json::from_slice::<Line>(&line).map_err(|cause| Bad::new(&label, cause)));
        Some(line.and_then(|line| self.piece(line, label)))
    }
}
