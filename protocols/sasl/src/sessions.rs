//! Who is logged in at this moment: for administrators, with what a client has said of itself. Kept in memory only.
//!
//! Nothing is ever decided by what a client says of itself (RFC 2971 1).

use crate::trace::{Tracer, Traces};
use model::{AccountId, Timestamp};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A session that has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whose it is.
    pub account: AccountId,
    /// The number of the app password that it logged in with, where it was one.
    pub app_password: Option<u32>,
    /// The protocol.
    pub door: &'static str,
    /// Where it comes from.
    pub from: SocketAddr,
    /// When it logged in.
    pub since: Timestamp,
    /// What its client has said of itself (IMAP's ID), for people to read.
    pub client: Option<Box<str>>,
}

/// Every session of this process.
#[derive(Debug, Default)]
pub struct Sessions {
    list: Mutex<List>,
    is_serving: AtomicBool,
    /// What sessions of some accounts say, on demand.
    pub traces: Traces,
}

#[derive(Debug, Default)]
struct List {
    last: u64,
    known: BTreeMap<u64, Known>,
    /// The last session of each app password that has logged in since this was written down.
    devices: BTreeMap<(AccountId, u32), Known>,
}

impl List {
    fn note_device(&mut self, known: &Known) {
        if let Some(app) = known.app_password {
            self.devices.insert((known.account, app), known.clone());
        }
    }
}

impl Sessions {
    /// Nobody yet; traces are written into this folder.
    #[must_use]
    pub fn new(traces: PathBuf) -> Arc<Self> {
        Arc::new(Self { traces: Traces::new(traces), ..Self::default() })
    }

    /// Says that doors are open: there can be sessions.
    pub fn begin(&self) {
        self.is_serving.store(true, Ordering::Release);
    }

    /// Whether there can be sessions in this process.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.is_serving.load(Ordering::Acquire)
    }

    /// Counts a session in until what is returned is dropped.
    #[must_use]
    pub fn enter(self: &Arc<Self>, known: Known) -> Present {
        let account = known.account;
        let mut list = self.list();
        list.last += 1;
        let number = list.last;
        list.note_device(&known);
        list.known.insert(number, known);
        Present { sessions: self.clone(), account, number }
    }

    /// Every session, the oldest first, with its number.
    #[must_use]
    pub fn all(&self) -> Vec<(u64, Known)> {
        self.list().known.iter().map(|(number, known)| (*number, known.clone())).collect()
    }

    /// The last session of each app password, by account and number, of those that were not written down yet.
    #[must_use]
    pub fn devices(&self) -> BTreeMap<(AccountId, u32), Known> {
        self.list().devices.clone()
    }

    /// Forgets sessions that were written down, but for app passwords that have logged in again since.
    pub fn forget_devices(&self, written: &BTreeMap<(AccountId, u32), Known>) {
        self.list().devices.retain(|key, known| written.get(key) != Some(known));
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session's place in the list.
#[derive(Debug)]
pub struct Present {
    sessions: Arc<Sessions>,
    account: AccountId,
    number: u64,
}

impl Present {
    /// Notes what the client says of itself.
    pub fn note_client(&self, client: Box<str>) {
        let mut list = self.sessions.list();
        let Some(known) = list.known.get_mut(&self.number) else { return };
        known.client = Some(client);
        let known = known.clone();
        list.note_device(&known);
    }

    /// What takes down the session, if its account is traced at this moment.
    #[must_use]
    pub fn tracer(&self) -> Option<Tracer> {
        self.sessions.traces.tracer(self.account, self.number)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.sessions.list().known.remove(&self.number);
    }
}

#[cfg(test)]
mod tests;
