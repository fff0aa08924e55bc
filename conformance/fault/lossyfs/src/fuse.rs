//! The file system as the kernel asks for it. Only what a server needs: no extended attributes, no device nodes.

use crate::{
    disk::{Disk, Kind, Node, Refusal},
    fault::{Deed, Harm},
    volume::{State, Volume, errno},
};
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    InitFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};
use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{Arc, MutexGuard},
    time::{Duration, SystemTime},
};

/// Bytes of one write that the kernel hands over at once.
const WRITE_BYTES_MAX: u32 = 1 << 20;
/// Attributes may be remembered: nobody but this kernel changes them, and no number is used twice.
const ATTRIBUTES_FOR: Duration = Duration::from_secs(60);
/// Names may not: after a cut they stand for other nodes.
const NAMES_FOR: Duration = Duration::ZERO;

/// The volume as a FUSE file system.
pub(crate) struct Mounted {
    pub(crate) volume: Arc<Volume>,
    /// Whether reads go past the page cache, so that each one is asked for here.
    pub(crate) direct: bool,
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::File => FileType::RegularFile,
        Kind::Directory => FileType::Directory,
        Kind::Symlink => FileType::Symlink,
        Kind::Socket => FileType::Socket,
        Kind::Pipe => FileType::NamedPipe,
    }
}

fn attributes(number: u64, node: &Node) -> FileAttr {
    FileAttr {
        ino: INodeNo(number),
        size: node.content.size(),
        blocks: node.content.pages_held() * 8,
        atime: node.modified,
        mtime: node.modified,
        ctime: node.modified,
        crtime: node.modified,
        kind: file_type(node.kind),
        perm: node.mode,
        nlink: node.links,
        uid: node.owner.0,
        gid: node.owner.1,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

fn attributes_of(disk: &Disk, number: u64) -> Result<FileAttr, Errno> {
    disk.node(number).map(|node| attributes(number, node)).map_err(errno)
}

/// The permission bits of a mode.
fn bits(mode: u32, umask: u32) -> u16 {
    u16::try_from(mode & !umask & 0o7777).unwrap_or(0)
}

impl Mounted {
    fn make(
        &self,
        at: (INodeNo, &OsStr),
        node: Node,
    ) -> Result<(u64, FileAttr, MutexGuard<'_, State>), Errno> {
        let deed = if node.kind == Kind::Directory { Deed::MkDir } else { Deed::Create };
        let (mut state, _) = self.volume.enter(deed, at.0.0, Some(at.1))?;
        let number = state.disk.make(at.0.0, at.1, node).map_err(errno)?;
        let told = attributes_of(&state.disk, number)?;
        Ok((number, told, state))
    }

    fn entry(&self, at: (INodeNo, &OsStr), node: Node, reply: ReplyEntry) {
        match self.make(at, node) {
            Ok((_, told, _)) => reply.entry_with_ttls(&ATTRIBUTES_FOR, &NAMES_FOR, &told, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn removed(&self, parent: INodeNo, name: &OsStr) -> Result<(), Errno> {
        let (mut state, _) = self.volume.enter(Deed::Unlink, parent.0, Some(name))?;
        state.disk.remove(parent.0, name).map_err(errno)
    }

    fn renamed(
        &self,
        from: (INodeNo, &OsStr),
        to: (INodeNo, &OsStr),
        flags: RenameFlags,
    ) -> Result<(), Errno> {
        let (mut state, _) = self.volume.enter(Deed::Rename, to.0.0, Some(to.1))?;
        let (from, to) = ((from.0.0, from.1), (to.0.0, to.1));
        let done = match flags {
            flags if flags.is_empty() => state.disk.rename(from, to),
            RenameFlags::RENAME_EXCHANGE => state.disk.exchange(from, to),
            _ => return Err(Errno::EINVAL),
        };
        done.map_err(errno)
    }

    fn opened(&self, number: INodeNo) -> Result<u64, Errno> {
        let (mut state, _) = self.volume.enter(Deed::Open, number.0, None)?;
        state.disk.node_mut(number.0).map_err(errno)?.opens += 1;
        Ok(state.handle())
    }

    fn flags(&self) -> FopenFlags {
        if self.direct { FopenFlags::FOPEN_DIRECT_IO } else { FopenFlags::empty() }
    }

    fn written(&self, number: u64, offset: u64, data: &[u8]) -> Result<(), Errno> {
        let (mut state, harm) = self.volume.enter(Deed::Write, number, None)?;
        let mut turned = Vec::new();
        if harm == Some(Harm::Flip) {
            turned.extend_from_slice(data);
            turned.iter_mut().skip(data.len() / 2).take(1).for_each(|byte| *byte ^= 1);
        }
        let data = if turned.is_empty() { data } else { &turned };
        state.disk.write(number, offset, data).map_err(errno)
    }

    fn synced(&self, number: u64, deed: Deed) -> Result<(), Errno> {
        let (mut state, harm) = self.volume.enter(deed, number, None)?;
        match (harm, deed) {
            (Some(Harm::Lie), _) => Ok(()),
            (_, Deed::SyncDir) => state.disk.sync_directory(number).map_err(errno),
            _ => state.disk.sync(number).map_err(errno),
        }
    }

    fn resized(&self, number: u64, size: u64) -> Result<(), Errno> {
        let (mut state, _) = self.volume.enter(Deed::Truncate, number, None)?;
        state.disk.resize(number, size).map_err(errno)
    }

    fn list(&self, number: INodeNo) -> Result<u64, Errno> {
        let mut state = self.volume.lit()?;
        let node = state.disk.node(number.0).map_err(errno)?;
        let mut listing = vec![
            (number.0, Kind::Directory, ".".into()),
            (node.place.0.max(crate::disk::ROOT), Kind::Directory, "..".into()),
        ];
        for (name, number) in &node.entries {
            let kind = state.disk.node(*number).map_err(errno)?.kind;
            listing.push((*number, kind, name.clone()));
        }
        let handle = state.handle();
        state.listings.insert(handle, listing);
        Ok(handle)
    }
}

/// Tells the outcome of a deed that has nothing else to tell.
fn done(outcome: Result<(), Errno>, reply: ReplyEmpty) {
    match outcome {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for Mounted {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // What is not offered is not used; what is, makes large writes arrive whole.
        let _ = config.set_max_write(WRITE_BYTES_MAX);
        let _ = config.add_capabilities(InitFlags::FUSE_PARALLEL_DIROPS);
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let found = self.volume.lit().and_then(|state| {
            let number = state.disk.lookup(parent.0, name).map_err(errno)?;
            attributes_of(&state.disk, number)
        });
        match found {
            Ok(told) => reply.entry_with_ttls(&ATTRIBUTES_FOR, &NAMES_FOR, &told, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _request: &Request, number: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        match self.volume.lit().and_then(|state| attributes_of(&state.disk, number.0)) {
            Ok(told) => reply.attr(&ATTRIBUTES_FOR, &told),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _request: &Request,
        number: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let resized = size.map_or(Ok(()), |size| self.resized(number.0, size));
        let told = resized.and_then(|()| self.volume.lit()).and_then(|mut state| {
            let node = state.disk.node_mut(number.0).map_err(errno)?;
            node.mode = mode.map_or(node.mode, |mode| bits(mode, 0));
            node.owner = (uid.unwrap_or(node.owner.0), gid.unwrap_or(node.owner.1));
            node.modified = match mtime {
                Some(TimeOrNow::SpecificTime(time)) => time,
                Some(TimeOrNow::Now) => SystemTime::now(),
                None => node.modified,
            };
            Ok(attributes(number.0, node))
        });
        match told {
            Ok(told) => reply.attr(&ATTRIBUTES_FOR, &told),
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _request: &Request, number: INodeNo, reply: ReplyData) {
        let target = self.volume.lit().and_then(|state| {
            state.disk.node(number.0).map(|node| node.content.read(0, 4096)).map_err(errno)
        });
        match target {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(error),
        }
    }

    fn mknod(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _device: u32,
        reply: ReplyEntry,
    ) {
        let kind = match mode & 0o170_000 {
            0o100_000 => Kind::File,
            0o140_000 => Kind::Socket,
            0o010_000 => Kind::Pipe,
            _ => return reply.error(Errno::EPERM),
        };
        self.entry((parent, name), Node::new(kind, bits(mode, umask), (request.uid(), request.gid())), reply);
    }

    fn mkdir(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let owner = (request.uid(), request.gid());
        self.entry((parent, name), Node::new(Kind::Directory, bits(mode, umask), owner), reply);
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.removed(parent, name), reply);
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.removed(parent, name), reply);
    }

    fn symlink(&self, request: &Request, parent: INodeNo, name: &OsStr, target: &Path, reply: ReplyEntry) {
        let mut node = Node::new(Kind::Symlink, 0o777, (request.uid(), request.gid()));
        node.content.write(0, target.as_os_str().as_bytes());
        self.entry((parent, name), node, reply);
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        done(self.renamed((parent, name), (new_parent, new_name), flags), reply);
    }

    fn link(&self, _request: &Request, number: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let linked = self.volume.enter(Deed::Create, parent.0, Some(name)).and_then(|(mut state, _)| {
            if state.disk.lookup(parent.0, name) != Err(Refusal::NotFound) {
                return Err(Errno::EEXIST);
            }
            state.disk.change(vec![(parent.0, name.to_owned(), Some(number.0))]).map_err(errno)?;
            attributes_of(&state.disk, number.0)
        });
        match linked {
            Ok(told) => reply.entry_with_ttls(&ATTRIBUTES_FOR, &NAMES_FOR, &told, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _request: &Request, number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.opened(number) {
            Ok(handle) => reply.opened(FileHandle(handle), self.flags()),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut node = Node::new(Kind::File, bits(mode, umask), (request.uid(), request.gid()));
        node.opens = 1;
        match self.make((parent, name), node) {
            Ok((_, told, mut state)) => {
                let handle = FileHandle(state.handle());
                // One time for both: the name must not be remembered.
                reply.created(&NAMES_FOR, &told, Generation(0), handle, self.flags());
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.volume.enter(Deed::Read, number.0, None).and_then(|(state, _)| {
            state.disk.node(number.0).map(|node| node.content.read(offset, size as usize)).map_err(errno)
        });
        match read {
            Ok(data) => reply.data(&data),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.written(number.0, offset, data) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        _owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn release(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: FileHandle,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        let mut state = self.volume.lock();
        if !state.is_dark()
            && let Ok(node) = state.disk.node_mut(number.0)
        {
            node.opens = node.opens.saturating_sub(1);
            state.disk.reap(number.0);
        }
        reply.ok();
    }

    fn fsync(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: FileHandle,
        _data_only: bool,
        reply: ReplyEmpty,
    ) {
        done(self.synced(number.0, Deed::Sync), reply);
    }

    fn fsyncdir(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: FileHandle,
        _data: bool,
        reply: ReplyEmpty,
    ) {
        done(self.synced(number.0, Deed::SyncDir), reply);
    }

    fn opendir(&self, _request: &Request, number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.list(number) {
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn readdir(
        &self,
        _request: &Request,
        _number: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let state = match self.volume.lit() {
            Ok(state) => state,
            Err(error) => return reply.error(error),
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let listing = state.listings.get(&handle.0);
        for (at, (number, kind, name)) in listing.into_iter().flatten().enumerate().skip(from) {
            if reply.add(INodeNo(*number), at as u64 + 1, file_type(*kind), name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _request: &Request,
        _number: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.volume.lock().listings.remove(&handle.0);
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _number: INodeNo, reply: ReplyStatfs) {
        let state = self.volume.lock();
        let ((free, all), files) = (state.disk.space(), state.disk.nodes.len() as u64);
        reply.statfs(all / 4096, free / 4096, free / 4096, files, 1 << 20, 4096, 255, 4096);
    }
}
