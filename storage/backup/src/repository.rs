//! The directory of a repository: its lock, its packs and manifests, what is in them.

use crate::{
    manifest::Manifest,
    pack::{self, Entry, PackWriter, damaged, failed, hash},
};
use bytes::Bytes;
use model::{BlobId, Error, Result, Timestamp};
use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What is to be done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing is written; several may read at once.
    Read,
    /// Nobody else is there; it is made when it is not there.
    Write,
}

/// What a repository says of itself.
const MARK: &str = "collegium-backup";
const MARK_TEXT: &[u8] = b"collegium backup repository, format 1\n";

/// An open repository.
pub struct Repository {
    directory: PathBuf,
    packs: Vec<BlobId>,
    index: HashMap<BlobId, (u32, u64, u32)>,
    /// The last pack that was read.
    open: Mutex<Option<(u32, Arc<File>)>>,
    writing: Option<PackWriter>,
    /// Objects of the pack that is being written.
    fresh: HashMap<BlobId, ()>,
    written_bytes: u64,
    serial: u64,
    _lock: File,
}

fn hex(id: &BlobId) -> String {
    id.0.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<BlobId> {
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let octets: Option<Vec<u8>> = (0..64).step_by(2).map(digit).collect();
    let whole = text.len() == 64 && text.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f'));
    octets?.try_into().ok().filter(|_| whole).map(BlobId)
}

/// Makes the names in a directory stable.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|error| failed(path, &error))
}

impl Repository {
    /// Opens a repository, or makes one in a directory that is empty or not there.
    ///
    /// # Errors
    /// `NotFound` where there is none to read, `Invalid` for a directory that holds something else, `Conflict` when
    /// another process writes to it, `Corrupt` for a damaged pack, `Unavailable`.
    pub fn open(directory: &Path, access: Access) -> Result<Self> {
        let mark = directory.join(MARK);
        match fs::read(&mark) {
            Ok(text) if text == MARK_TEXT => {}
            Ok(_) => {
                return Err(Error::Invalid("a backup repository of a format that this build does not know"));
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&mark, &error)),
            Err(_) if access == Access::Read => return Err(Error::NotFound),
            Err(_) => make(directory)?,
        }
        let path = directory.join("lock");
        let lock = File::options().read(true).write(access == Access::Write).open(&path);
        let lock = lock.map_err(|error| failed(&path, &error))?;
        let locked = if access == Access::Write { lock.try_lock() } else { lock.try_lock_shared() };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Conflict),
            Err(TryLockError::Error(error)) => return Err(failed(&path, &error)),
        }
        let mut repository = Self {
            directory: directory.to_owned(),
            packs: Vec::new(),
            index: HashMap::new(),
            open: Mutex::default(),
            writing: None,
            fresh: HashMap::new(),
            written_bytes: 0,
            serial: 0,
            _lock: lock,
        };
        if access == Access::Write {
            repository.sweep()?;
        }
        for name in repository.pack_names()? {
            match pack::index(&repository.pack_path(&name)) {
                Ok(entries) => repository.learn(name, &entries)?,
                // What it held is not there; `verify` tells of it, and the next backup writes what it needs anew.
                Err(Error::Corrupt) => tracing::error!(pack = %hex(&name), "a damaged pack is passed over"),
                Err(error) => return Err(error),
            }
        }
        Ok(repository)
    }

    /// What a run that was cut short left.
    fn sweep(&self) -> Result<()> {
        let aside = self.directory.join("tmp");
        for entry in fs::read_dir(&aside).map_err(|error| failed(&aside, &error))? {
            let path = entry.map_err(|error| failed(&aside, &error))?.path();
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        Ok(())
    }

    fn learn(&mut self, name: BlobId, entries: &[Entry]) -> Result<()> {
        let number = u32::try_from(self.packs.len()).map_err(|_| Error::TooLarge(u64::from(u32::MAX)))?;
        self.packs.push(name);
        for entry in entries {
            self.index.entry(entry.id).or_insert((number, entry.offset, entry.bytes));
        }
        Ok(())
    }

    pub(crate) fn pack_path(&self, name: &BlobId) -> PathBuf {
        self.directory.join("packs").join(format!("{}.pack", hex(name)))
    }

    fn names(&self, folder: &str, ending: &str) -> Result<Vec<String>> {
        let path = self.directory.join(folder);
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| failed(&path, &error))? {
            let name = entry.map_err(|error| failed(&path, &error))?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(ending)).map(str::to_owned);
            names.push(name.ok_or_else(|| damaged(&path, "a file of another kind"))?);
        }
        names.sort();
        Ok(names)
    }

    pub(crate) fn pack_names(&self) -> Result<Vec<BlobId>> {
        let read = |name: String| unhex(&name).ok_or_else(|| damaged(&self.directory, "the name of a pack"));
        self.names("packs", ".pack")?.into_iter().map(read).collect()
    }

    /// The backups, oldest first.
    ///
    /// # Errors
    /// `Corrupt` when one is damaged, `Unavailable`.
    pub fn manifests(&self) -> Result<Vec<Manifest>> {
        self.manifest_names()?.iter().map(|name| self.manifest(name)).collect()
    }

    pub(crate) fn manifest_names(&self) -> Result<Vec<String>> {
        self.names("backups", ".json")
    }

    /// The moment of the newest backup, by its name alone: it need not be readable.
    pub(crate) fn newest_ms(&self) -> Result<Option<i64>> {
        let moment = |name: &String| name.split_once('-').and_then(|(at_ms, _)| at_ms.parse().ok());
        Ok(self.manifest_names()?.iter().filter_map(moment).max())
    }

    pub(crate) fn manifest_path(&self, name: &str) -> PathBuf {
        self.directory.join("backups").join(format!("{name}.json"))
    }

    pub(crate) fn manifest(&self, name: &str) -> Result<Manifest> {
        let path = self.manifest_path(name);
        let octets = fs::read(&path).map_err(|error| failed(&path, &error))?;
        let wanted = name.rsplit_once('-').and_then(|(_, hash)| unhex(hash));
        if wanted != Some(hash(&octets)) {
            return Err(damaged(&path, "it does not match its hash"));
        }
        let mut manifest: Manifest =
            serde_json::from_slice(&octets).map_err(|_| damaged(&path, "not a manifest"))?;
        manifest.name = name.to_owned();
        Ok(manifest)
    }

    /// The newest backup that was made at or before a time.
    ///
    /// # Errors
    /// `NotFound` when there is none; as [`Repository::manifests`].
    pub fn at(&self, time: Option<Timestamp>) -> Result<Manifest> {
        let at = |manifest: &Manifest| time.is_none_or(|time| manifest.at_ms <= time.0);
        for name in self.manifest_names()?.iter().rev() {
            match self.manifest(name) {
                Ok(manifest) if at(&manifest) => return Ok(manifest),
                // One that is damaged does not keep the others from being used; the log tells of it.
                Ok(_) | Err(Error::Corrupt) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::NotFound)
    }

    /// Whether it has an object.
    #[must_use]
    pub fn has(&self, id: &BlobId) -> bool {
        self.index.contains_key(id) || self.fresh.contains_key(id)
    }

    /// One object, checked.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Unavailable`.
    pub fn object(&self, id: &BlobId) -> Result<Bytes> {
        let (number, offset, bytes) = *self.index.get(id).ok_or(Error::NotFound)?;
        let name = self.packs.get(number as usize).ok_or(Error::Corrupt)?;
        let path = self.pack_path(name);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match open.as_ref() {
            Some((other, file)) if *other == number => Arc::clone(file),
            _ => {
                let file = Arc::new(File::open(&path).map_err(|error| failed(&path, &error))?);
                *open = Some((number, Arc::clone(&file)));
                file
            }
        };
        drop(open);
        pack::read(&file, &path, &Entry { id: *id, offset, bytes })
    }

    /// The objects of a pack.
    pub(crate) fn entries(&self, name: &BlobId) -> Result<Vec<Entry>> {
        pack::index(&self.pack_path(name))
    }

    /// Octets of new packs since it was opened.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    fn aside(&mut self) -> PathBuf {
        self.serial += 1;
        self.directory.join("tmp").join(self.serial.to_string())
    }

    /// Adds an object unless it is there; stable after [`Repository::flush`].
    pub(crate) fn add(&mut self, id: BlobId, bytes: &[u8]) -> Result<()> {
        if self.has(&id) { Ok(()) } else { self.add_again(id, bytes) }
    }

    /// Adds an object that may be there: into a new pack, before the old one goes.
    pub(crate) fn add_again(&mut self, id: BlobId, bytes: &[u8]) -> Result<()> {
        if self.fresh.contains_key(&id) {
            return Ok(());
        }
        if self.writing.is_none() {
            let path = self.aside();
            self.writing = Some(PackWriter::begin(path)?);
        }
        let Some(writing) = &mut self.writing else { return Err(Error::Unavailable) };
        writing.add(id, bytes)?;
        let full = writing.is_full();
        self.fresh.insert(id, ());
        if full { self.flush() } else { Ok(()) }
    }

    /// Adds octets under their hash.
    pub(crate) fn add_octets(&mut self, bytes: &[u8]) -> Result<BlobId> {
        let id = hash(bytes);
        self.add(id, bytes).map(|()| id)
    }

    /// Seals the pack that is being written: everything added is stable.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        self.written_bytes += writing.bytes();
        let (aside, name, entries) = writing.seal()?;
        let path = self.pack_path(&name);
        fs::rename(&aside, &path).map_err(|error| failed(&path, &error))?;
        sync_directory(&self.directory.join("packs"))?;
        self.fresh.clear();
        let number = u32::try_from(self.packs.len()).map_err(|_| Error::TooLarge(u64::from(u32::MAX)))?;
        self.packs.push(name);
        for entry in entries {
            self.index.insert(entry.id, (number, entry.offset, entry.bytes));
        }
        Ok(())
    }

    /// Writes a manifest: from now on the backup is there.
    pub(crate) fn publish(&mut self, manifest: &mut Manifest) -> Result<()> {
        self.flush()?;
        let octets = serde_json::to_vec(manifest).map_err(|_| Error::Corrupt)?;
        let aside = self.aside();
        let written = File::options().write(true).create_new(true).open(&aside).and_then(|mut file| {
            file.write_all(&octets)?;
            file.sync_all()
        });
        written.map_err(|error| failed(&aside, &error))?;
        manifest.name = format!("{:015}-{}", manifest.at_ms.max(0), hex(&hash(&octets)));
        let path = self.manifest_path(&manifest.name);
        fs::rename(&aside, &path).map_err(|error| failed(&path, &error))?;
        sync_directory(&self.directory.join("backups"))
    }

    /// Removes a backup's manifest; its objects stay until they are pruned.
    pub(crate) fn forget(&self, name: &str) -> Result<()> {
        let path = self.manifest_path(name);
        fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        sync_directory(&self.directory.join("backups"))
    }

    /// Removes a pack that no backup needs.
    pub(crate) fn remove_pack(&self, name: &BlobId) -> Result<()> {
        let path = self.pack_path(name);
        fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        sync_directory(&self.directory.join("packs"))
    }
}

/// Makes a repository; the mark comes last.
fn make(directory: &Path) -> Result<()> {
    let of = |error: std::io::Error| failed(directory, &error);
    fs::create_dir_all(directory).map_err(of)?;
    for entry in fs::read_dir(directory).map_err(of)? {
        let name = entry.map_err(of)?.file_name();
        // A making that was cut short is gone on with.
        if !["packs", "backups", "tmp", "lock", "tmp-mark"].iter().any(|known| name == *known) {
            return Err(Error::Invalid("the directory is not empty and not a backup repository"));
        }
    }
    for folder in ["packs", "backups", "tmp"] {
        fs::create_dir_all(directory.join(folder)).map_err(of)?;
    }
    let lock = File::options().create(true).truncate(false).write(true).open(directory.join("lock"));
    lock.and_then(|lock| lock.sync_all()).map_err(of)?;
    let aside = directory.join("tmp-mark");
    let mark = File::create(&aside).and_then(|mut mark| {
        mark.write_all(MARK_TEXT)?;
        mark.sync_all()
    });
    mark.and_then(|()| fs::rename(&aside, directory.join(MARK))).map_err(of)?;
    sync_directory(directory)?;
    match directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}
