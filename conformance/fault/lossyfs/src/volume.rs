//! The mounted volume: the disk, whether the power is on, the faults to come, and what has been counted.

use crate::{
    cut::{Loss, Toll, renumbered, survivors},
    disk::{Disk, Kind, Order, Refusal},
    fault::{Deed, Fault, Harm},
};
use fuser::Errno;
use std::{
    collections::{BTreeMap, VecDeque},
    ffi::{OsStr, OsString},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The last syncs and directory operations that are remembered for whoever asks what the k-th was.
const TRACE_MAX: usize = 4096;

/// A directory's entries as they were when it was opened.
pub(crate) type Listing = Vec<(u64, Kind, OsString)>;

/// Everything behind the lock.
pub(crate) struct State {
    pub(crate) disk: Disk,
    /// After a cut: what will be found. Until then nothing is answered but errors.
    survived: Option<Disk>,
    pub(crate) toll: Toll,
    pub(crate) cuts: u64,
    pub(crate) faults: Vec<Fault>,
    pub(crate) counts: BTreeMap<Deed, u64>,
    pub(crate) trace: VecDeque<(Deed, String)>,
    snapshots: BTreeMap<String, Disk>,
    pub(crate) listings: BTreeMap<u64, Listing>,
    pub(crate) last_handle: u64,
}

/// The volume.
pub(crate) struct Volume {
    state: Mutex<State>,
    dark: Condvar,
}

/// What FUSE is told about a refusal.
pub(crate) fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Gone => Errno::EIO,
        Refusal::NotFound => Errno::ENOENT,
        Refusal::Exists => Errno::EEXIST,
        Refusal::NotEmpty => Errno::ENOTEMPTY,
        Refusal::NotDirectory => Errno::ENOTDIR,
        Refusal::Full => Errno::ENOSPC,
    }
}

impl Volume {
    /// An empty volume.
    pub(crate) fn new(order: Order, bytes_max: u64) -> Self {
        let mut disk = Disk::new(order);
        disk.pages_max = bytes_max / crate::content::PAGE_BYTES as u64;
        let state = State {
            disk,
            survived: None,
            toll: Toll::default(),
            cuts: 0,
            faults: Vec::new(),
            counts: BTreeMap::new(),
            trace: VecDeque::new(),
            snapshots: BTreeMap::new(),
            listings: BTreeMap::new(),
            last_handle: 0,
        };
        Self { state: Mutex::new(state), dark: Condvar::new() }
    }

    /// The state, whether the power is on or not.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for a program's deed that is not counted.
    pub(crate) fn lit(&self) -> Result<MutexGuard<'_, State>, Errno> {
        let state = self.lock();
        if state.survived.is_some() { Err(Errno::EIO) } else { Ok(state) }
    }

    /// The state, for a program's deed on a node, or on a name in it: counted, and struck by the faults that are
    /// meant for it. A harm that the caller must do itself is given back.
    pub(crate) fn enter(
        &self,
        deed: Deed,
        node: u64,
        name: Option<&OsStr>,
    ) -> Result<(MutexGuard<'_, State>, Option<Harm>), Errno> {
        let mut state = self.lit()?;
        *state.counts.entry(deed).or_default() += 1;
        let traced = !matches!(deed, Deed::Open | Deed::Read | Deed::Write);
        if !traced && state.faults.is_empty() {
            return Ok((state, None));
        }
        let path = match name {
            Some(name) => state.disk.path_of(node, name),
            None => state.disk.path(node),
        };
        let before =
            if state.faults.is_empty() { String::new() } else { state.last_deed_beside(deed, &path) };
        let struck: Vec<Fault> = state
            .faults
            .iter_mut()
            .filter_map(|fault| fault.strikes(deed, &path, &before).then(|| fault.clone()))
            .collect();
        if traced {
            state.trace.push_back((deed, path));
            if state.trace.len() > TRACE_MAX {
                state.trace.pop_front();
            }
        }
        let delay: u64 = struck.iter().map(|fault| fault.delay_ms).sum();
        if delay > 0 {
            drop(state);
            std::thread::sleep(Duration::from_millis(delay));
            state = self.lit()?;
        }
        for fault in &struck {
            match fault.harm {
                Harm::Eio => {
                    if deed == Deed::Sync {
                        state.disk.sync_badly(node);
                    }
                    return Err(Errno::EIO);
                }
                Harm::Enospc => return Err(Errno::ENOSPC),
                Harm::Cut => {
                    state.cut(fault.seed, fault.loss);
                    self.dark.notify_all();
                    return Err(Errno::EIO);
                }
                Harm::Lie | Harm::Flip => return Ok((state, Some(fault.harm))),
                Harm::Delay => {}
            }
        }
        Ok((state, None))
    }

    /// Cuts the power. From here on nothing is answered but errors.
    pub(crate) fn cut(&self, seed: u64, loss: Loss) -> Toll {
        let mut state = self.lock();
        state.cut(seed, loss);
        self.dark.notify_all();
        state.toll
    }

    /// Waits until the power is cut; false when it is still on after that time.
    pub(crate) fn await_cut(&self, patience: Duration) -> bool {
        let waited = self.dark.wait_timeout_while(self.lock(), patience, |state| state.survived.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.survived.is_some()
    }
}

impl State {
    /// Whether the power is off.
    pub(crate) fn is_dark(&self) -> bool {
        self.survived.is_some()
    }

    fn cut(&mut self, seed: u64, loss: Loss) {
        if self.survived.is_none() {
            let (found, toll) = survivors(&self.disk, seed, loss);
            (self.survived, self.toll) = (Some(found), toll);
            self.cuts += 1;
        }
    }

    /// The power is back: programs find what survived. Faults and counters begin anew.
    pub(crate) fn heal(&mut self) {
        if let Some(found) = self.survived.take() {
            self.disk = found;
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.faults.clear();
        self.counts.clear();
        self.trace.clear();
        self.listings.clear();
    }

    /// Remembers the disk as programs see it.
    pub(crate) fn take_snapshot(&mut self, name: &str) {
        let taken = renumbered(&self.disk, self.disk.next);
        self.snapshots.insert(name.to_owned(), taken);
    }

    /// Goes back to a snapshot, with the power on. False when there is none of that name.
    pub(crate) fn restore(&mut self, name: &str) -> bool {
        let next = self.survived.as_ref().map_or(self.disk.next, |found| found.next.max(self.disk.next));
        let Some(snapshot) = self.snapshots.get(name) else { return false };
        let order = self.disk.order;
        self.disk = renumbered(snapshot, next);
        self.disk.order = order;
        self.survived = None;
        self.forget();
        true
    }

    /// The last traced deed in the directory of this one.
    fn last_deed_beside(&self, deed: Deed, path: &str) -> String {
        let parent =
            |path: &str| path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned());
        let directory = if deed == Deed::SyncDir { path.to_owned() } else { parent(path) };
        let beside = self.trace.iter().rev().find(|(deed, path)| {
            if *deed == Deed::SyncDir { *path == directory } else { parent(path) == directory }
        });
        beside.map_or(String::new(), |(deed, path)| format!("{} {path}", deed.name()))
    }

    /// A new handle for an open file or directory.
    pub(crate) fn handle(&mut self) -> u64 {
        self.last_handle += 1;
        self.last_handle
    }
}
