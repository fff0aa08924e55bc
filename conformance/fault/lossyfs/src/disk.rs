//! What is on the disk, what a program believes to be on it, and what lies between: the writes of each file and the
//! directory operations that no sync has made durable.

use crate::content::{Content, PAGE_BYTES};
use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    time::SystemTime,
};

/// The number of the root directory, as FUSE wants it.
pub(crate) const ROOT: u64 = 1;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// Its target is the content.
    Symlink,
    Socket,
    Pipe,
}

/// A change to a file's bytes that is not durable yet.
#[derive(Clone)]
pub(crate) enum Change {
    Write { offset: u64, data: Vec<u8> },
    Resize(u64),
}

/// Names in a directory and the nodes they stand for.
pub(crate) type Entries = BTreeMap<OsString, u64>;

/// A file, a directory, or what else has a name.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mode: u16,
    pub(crate) owner: (u32, u32),
    pub(crate) modified: SystemTime,
    pub(crate) content: Content,
    pub(crate) durable: Content,
    pub(crate) pending: Vec<Change>,
    pub(crate) entries: Entries,
    pub(crate) durable_entries: Entries,
    /// One of its names and the directory that has it, for telling its path.
    pub(crate) place: (u64, OsString),
    /// Names as programs see them, names on the disk, names in pending operations, open handles.
    pub(crate) links: u32,
    pub(crate) durable_links: u32,
    pub(crate) pending_links: u32,
    pub(crate) opens: u32,
    /// Whether its pages count as used.
    pub(crate) counted: bool,
}

impl Node {
    /// A node without a name.
    pub(crate) fn new(kind: Kind, mode: u16, owner: (u32, u32)) -> Self {
        Self {
            kind,
            mode,
            owner,
            modified: SystemTime::now(),
            content: Content::default(),
            durable: Content::default(),
            pending: Vec::new(),
            entries: Entries::new(),
            durable_entries: Entries::new(),
            place: (0, OsString::new()),
            links: 0,
            durable_links: 0,
            pending_links: 0,
            opens: 0,
            counted: true,
        }
    }
}

/// A directory operation: names that are given (or taken, with `None`), all at once.
#[derive(Clone)]
pub(crate) struct DirectoryChange(pub(crate) Vec<(u64, OsString, Option<u64>)>);

/// What makes directory operations durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As a journal does it (ext4, xfs): in order, all of them with the sync of any file or directory.
    Journal,
    /// As POSIX promises: only those of a directory that is itself synced.
    Strict,
}

/// A disk.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) nodes: BTreeMap<u64, Node>,
    pub(crate) pending: Vec<DirectoryChange>,
    pub(crate) order: Order,
    /// The next node's number. No number is given twice, not even after a cut, so that no cache of the kernel's and
    /// no handle of a dead process can mean something else than it meant.
    pub(crate) next: u64,
    /// Pages that files hold as programs see them.
    pub(crate) pages_used: u64,
    /// Pages there are; 0 is no limit.
    pub(crate) pages_max: u64,
}

/// Why an operation cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The node is of before a cut, or removed.
    Gone,
    NotFound,
    Exists,
    NotEmpty,
    NotDirectory,
    Full,
}

type Outcome<T> = Result<T, Refusal>;

impl Disk {
    /// An empty disk.
    pub(crate) fn new(order: Order) -> Self {
        let mut root = Node::new(Kind::Directory, 0o755, (0, 0));
        (root.links, root.durable_links) = (1, 1);
        let nodes = BTreeMap::from([(ROOT, root)]);
        Self { nodes, pending: Vec::new(), order, next: ROOT + 1, pages_used: 0, pages_max: 0 }
    }

    pub(crate) fn node(&self, number: u64) -> Outcome<&Node> {
        self.nodes.get(&number).ok_or(Refusal::Gone)
    }

    pub(crate) fn node_mut(&mut self, number: u64) -> Outcome<&mut Node> {
        self.nodes.get_mut(&number).ok_or(Refusal::Gone)
    }

    /// The node that a name stands for.
    pub(crate) fn lookup(&self, parent: u64, name: &OsStr) -> Outcome<u64> {
        self.node(parent)?.entries.get(name).copied().ok_or(Refusal::NotFound)
    }

    /// The path of a node below the root, without a slash before it.
    pub(crate) fn path(&self, number: u64) -> String {
        let (mut parts, mut at) = (Vec::new(), number);
        while at != ROOT
            && parts.len() < 64
            && let Some(node) = self.nodes.get(&at)
        {
            parts.push(node.place.1.to_string_lossy().into_owned());
            at = node.place.0;
        }
        parts.reverse();
        parts.join("/")
    }

    /// The path that a name in a directory is.
    pub(crate) fn path_of(&self, parent: u64, name: &OsStr) -> String {
        let parent = self.path(parent);
        let name = name.to_string_lossy();
        if parent.is_empty() { name.into_owned() } else { format!("{parent}/{name}") }
    }

    /// The node of a path.
    pub(crate) fn find(&self, path: &str) -> Outcome<u64> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .try_fold(ROOT, |at, part| self.lookup(at, part.as_ref()))
    }

    /// Gives a new node a name.
    pub(crate) fn make(&mut self, parent: u64, name: &OsStr, node: Node) -> Outcome<u64> {
        match self.node(parent)? {
            directory if directory.kind != Kind::Directory => return Err(Refusal::NotDirectory),
            directory if directory.entries.contains_key(name) => return Err(Refusal::Exists),
            _ => {}
        }
        let number = self.next;
        self.next += 1;
        self.nodes.insert(number, node);
        self.change(vec![(parent, name.to_owned(), Some(number))])?;
        Ok(number)
    }

    /// Takes a name away.
    pub(crate) fn remove(&mut self, parent: u64, name: &OsStr) -> Outcome<()> {
        let number = self.lookup(parent, name)?;
        if !self.node(number)?.entries.is_empty() {
            return Err(Refusal::NotEmpty);
        }
        self.change(vec![(parent, name.to_owned(), None)])
    }

    /// Moves a name, over another where there is one.
    pub(crate) fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Outcome<()> {
        let number = self.lookup(from.0, from.1)?;
        match self.lookup(to.0, to.1) {
            Ok(over) if over == number => return Ok(()),
            Ok(over) if !self.node(over)?.entries.is_empty() => return Err(Refusal::NotEmpty),
            _ => {}
        }
        let given = (to.0, to.1.to_owned(), Some(number));
        self.change(vec![(from.0, from.1.to_owned(), None), given])
    }

    /// Lets two names change what they stand for.
    pub(crate) fn exchange(&mut self, one: (u64, &OsStr), other: (u64, &OsStr)) -> Outcome<()> {
        let (first, second) = (self.lookup(one.0, one.1)?, self.lookup(other.0, other.1)?);
        // Between the two halves a node has no name, and must not be forgotten for that.
        for number in [first, second] {
            let node = self.node_mut(number)?;
            (node.links, node.durable_links) = (node.links + 1, node.durable_links + 1);
        }
        let changes =
            vec![(one.0, one.1.to_owned(), Some(second)), (other.0, other.1.to_owned(), Some(first))];
        let done = self.change(changes);
        for number in [first, second] {
            let node = self.node_mut(number)?;
            (node.links, node.durable_links) = (node.links - 1, node.durable_links - 1);
        }
        done
    }

    /// Does a directory operation as programs see it, and notes it as pending.
    pub(crate) fn change(&mut self, changes: Vec<(u64, OsString, Option<u64>)>) -> Outcome<()> {
        for (parent, name, target) in &changes {
            let directory = self.node_mut(*parent)?;
            if directory.kind != Kind::Directory {
                return Err(Refusal::NotDirectory);
            }
            directory.modified = SystemTime::now();
            let before = match target {
                Some(number) => directory.entries.insert(name.clone(), *number),
                None => directory.entries.remove(name),
            };
            if let Some(number) = target {
                let node = self.node_mut(*number)?;
                node.links += 1;
                node.pending_links += 1;
                node.place = (*parent, name.clone());
            }
            if let Some(before) = before {
                let node = self.node_mut(before)?;
                node.links = node.links.saturating_sub(1);
                self.reap(before);
            }
        }
        self.pending.push(DirectoryChange(changes));
        Ok(())
    }

    /// Puts a pending directory operation on the disk.
    fn apply(&mut self, change: DirectoryChange) {
        for (parent, name, target) in change.0 {
            let Some(directory) = self.nodes.get_mut(&parent) else { continue };
            let before = match target {
                Some(number) => directory.durable_entries.insert(name, number),
                None => directory.durable_entries.remove(&name),
            };
            if let Some(node) = target.and_then(|number| self.nodes.get_mut(&number)) {
                node.durable_links += 1;
                node.pending_links = node.pending_links.saturating_sub(1);
            }
            if let Some(number) = before {
                if let Some(node) = self.nodes.get_mut(&number) {
                    node.durable_links = node.durable_links.saturating_sub(1);
                }
                self.reap(number);
            }
        }
    }

    /// Gives the pages of a node free that programs cannot reach any more, and forgets it when no cut can bring it
    /// back either.
    pub(crate) fn reap(&mut self, number: u64) {
        let Some(node) = self.nodes.get_mut(&number) else { return };
        if node.links > 0 || node.opens > 0 {
            return;
        }
        if std::mem::take(&mut node.counted) {
            self.pages_used = self.pages_used.saturating_sub(node.content.pages_held());
        }
        if node.durable_links == 0 && node.pending_links == 0 {
            self.nodes.remove(&number);
        }
    }

    /// Writes as programs see it.
    pub(crate) fn write(&mut self, number: u64, offset: u64, data: &[u8]) -> Outcome<()> {
        let (used, pages_max) = (self.pages_used, self.pages_max);
        let node = self.node_mut(number)?;
        let wanted = node.content.pages_wanted(offset, data.len());
        if pages_max > 0 && wanted > 0 && used + wanted > pages_max {
            return Err(Refusal::Full);
        }
        node.content.write(offset, data);
        node.modified = SystemTime::now();
        node.pending.push(Change::Write { offset, data: data.to_vec() });
        self.pages_used += wanted;
        Ok(())
    }

    /// Sets a file's length as programs see it.
    pub(crate) fn resize(&mut self, number: u64, size: u64) -> Outcome<()> {
        let node = self.node_mut(number)?;
        let before = node.content.pages_held();
        node.content.resize(size);
        node.modified = SystemTime::now();
        node.pending.push(Change::Resize(size));
        let after = node.content.pages_held();
        self.pages_used = (self.pages_used + after).saturating_sub(before);
        Ok(())
    }

    /// Makes a file's bytes durable, and in journal order every directory operation too.
    pub(crate) fn sync(&mut self, number: u64) -> Outcome<()> {
        let node = self.node_mut(number)?;
        let changes = std::mem::take(&mut node.pending);
        if changes.iter().any(|change| matches!(change, Change::Resize(_))) {
            node.durable = node.content.clone();
        } else {
            for change in &changes {
                if let Change::Write { offset, data } = change {
                    node.durable.adopt(&node.content, *offset, data.len());
                }
            }
        }
        if self.order == Order::Journal {
            std::mem::take(&mut self.pending).into_iter().for_each(|change| self.apply(change));
        }
        Ok(())
    }

    /// A sync that fails loses what it should have made durable, as Linux does it: no later sync brings it back.
    pub(crate) fn sync_badly(&mut self, number: u64) {
        if let Ok(node) = self.node_mut(number) {
            node.pending.clear();
        }
    }

    /// Makes a directory's operations durable.
    pub(crate) fn sync_directory(&mut self, number: u64) -> Outcome<()> {
        self.node(number)?;
        let pending = std::mem::take(&mut self.pending);
        if self.order == Order::Journal {
            pending.into_iter().for_each(|change| self.apply(change));
            return Ok(());
        }
        // A move between directories is durable as a whole, with what it builds on in the other directory.
        let mut directories = vec![number];
        let (mut durable, mut kept) = (Vec::new(), Vec::new());
        for change in pending.into_iter().rev() {
            if change.0.iter().any(|(parent, ..)| directories.contains(parent)) {
                directories.extend(change.0.iter().map(|(parent, ..)| *parent));
                durable.push(change);
            } else {
                kept.push(change);
            }
        }
        kept.reverse();
        self.pending = kept;
        durable.into_iter().rev().for_each(|change| self.apply(change));
        Ok(())
    }

    /// Makes everything durable.
    pub(crate) fn sync_everything(&mut self) {
        std::mem::take(&mut self.pending).into_iter().for_each(|change| self.apply(change));
        for node in self.nodes.values_mut().filter(|node| !node.pending.is_empty()) {
            node.pending.clear();
            node.durable = node.content.clone();
        }
    }

    /// Bytes that may still be written, and all there are.
    pub(crate) fn space(&self) -> (u64, u64) {
        let all = if self.pages_max == 0 { 1 << 26 } else { self.pages_max };
        (all.saturating_sub(self.pages_used) * PAGE_BYTES as u64, all * PAGE_BYTES as u64)
    }
}

#[cfg(test)]
mod tests;
