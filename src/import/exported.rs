//! The tree that `collegium export` writes for an account, or `collegium salvage` for a store, by its manifest. Octets
//! that are not those of the manifest any more are bad pieces.

use super::{Bad, Content, Piece, Source, mbox};
use crate::admin::{Collection, Object, Place};
use crate::export::{Facts, Line, MANIFEST, Traits};
use model::CollectionKind;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
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
        copies: HashMap::new(),
        mboxes: HashMap::new(),
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
    /// How many messages of the same octets a mailbox has had so far.
    copies: HashMap<(String, String), u32>,
    mboxes: HashMap<String, Messages>,
}

impl Tree {
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let limit = LINE_BYTES_MAX as u64;
        let read = io::Read::take(&mut self.lines, limit).read_until(b'\n', &mut line)?;
        self.read_bytes += read as u64;
        self.number += 1;
        if read as u64 == limit {
            return Err(io::Error::other("the line is too long"));
        }
        Ok((read > 0).then_some(line))
    }

    /// The piece of a line; none for one that tells of damage.
    fn piece(&mut self, line: Line, label: String) -> Result<Option<Piece>, Bad> {
        let empty = |kind, path, subscribed, properties| {
            (Place::Collection(Collection { kind, path, subscribed, properties }), Content::Empty)
        };
        let (place, content) = match line {
            Line::Damaged { .. } => return Ok(None),
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
                let copies = self.copies.entry((mailbox.clone(), facts.blake3)).or_default();
                *copies += 1;
                (Place::Message { mailbox, flags, received, copies: *copies }, content)
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
        Ok(Some(Piece { label, place, content, progress: self.read_bytes }))
    }

    /// A file of the tree, whose octets must be those of the manifest.
    fn file(&self, file: &str, facts: &Facts) -> Result<Content, Bad> {
        let path = self.inside(file)?;
        let bad = |why: io::Error| Bad::new(file, why);
        let opened = File::open(&path).map_err(bad)?;
        let mut hasher = blake3::Hasher::new();
        let size = hasher.update_reader(opened).map_err(bad)?.count();
        if size != facts.size || hasher.finalize().to_hex().as_str() != facts.blake3 {
            return Err(Bad::new(file, "its octets are not those of the manifest"));
        }
        Ok(Content::File { path, size })
    }

    /// The next message of an mbox file: they lie there in the order of the manifest.
    fn next_of_mbox(&mut self, file: &str) -> Result<Content, Bad> {
        if !self.mboxes.contains_key(file) {
            let opened = mbox::open(&self.inside(file)?, "").map_err(|cause| Bad::new(file, cause))?;
            self.mboxes.insert(file.to_owned(), opened.pieces);
        }
        let next = self.mboxes.get_mut(file).and_then(Iterator::next);
        next.unwrap_or_else(|| Err(Bad::new(file, "it has fewer messages than the manifest")))
            .map(|piece| piece.content)
    }

    /// A manifest names nothing outside of its tree.
    fn inside(&self, file: &str) -> Result<PathBuf, Bad> {
        let plain = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if plain { Ok(self.root.join(file)) } else { Err(Bad::new(file, "it lies outside of the tree")) }
    }
}

fn object(kind: CollectionKind, collection: Vec<String>, name: String, traits: Traits) -> Place {
    let Traits { modified, content_type, properties } = traits;
    Place::Object(Object { kind, collection, name, modified, content_type, properties })
}

impl Iterator for Tree {
    type Item = Result<Piece, Bad>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.line();
            let label = format!("{MANIFEST}, line {}", self.number);
            let line = match line {
                Ok(None) => return None,
                Ok(Some(line)) => serde_json::from_slice(&line).map_err(|cause| Bad::new(&label, cause)),
                Err(cause) => Err(Bad::new(&label, cause)),
            };
            match line.and_then(|line| self.piece(line, label)) {
                Ok(None) => {}
                Ok(Some(piece)) => return Some(Ok(piece)),
                Err(bad) => return Some(Err(bad)),
            }
        }
    }
}
