//! What must be true: every account's state after each of its Modseqs, kept beside the store in plain maps.

use model::{AccountId, BlobId, CollectionId, Flags, Modseq};
use std::collections::{BTreeMap, BTreeSet};
use store::QueueId;

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) hash: BlobId,
    pub(crate) bytes: u64,
    pub(crate) flags: Flags,
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) parent: CollectionId,
    pub(crate) name: String,
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) modseq: Modseq,
    pub(crate) messages: BTreeMap<u32, Message>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) hash: BlobId,
    pub(crate) bytes: u64,
    pub(crate) properties: BTreeMap<String, String>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) parent: CollectionId,
    pub(crate) name: String,
    pub(crate) modseq: Modseq,
    pub(crate) files: BTreeMap<String, File>,
}

/// An account after one of its Modseqs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) mailboxes: BTreeMap<CollectionId, Mailbox>,
    pub(crate) folders: BTreeMap<CollectionId, Folder>,
    /// As folders; the UID of an object stands among its properties.
    pub(crate) calendars: BTreeMap<CollectionId, Folder>,
    pub(crate) limit: Option<u64>,
    /// The number of the next collection.
    pub(crate) next: u32,
}

impl State {
    fn files(&self) -> impl Iterator<Item = &File> {
        self.folders.values().chain(self.calendars.values()).flat_map(|folder| folder.files.values())
    }

    /// Octets of everything.
    pub(crate) fn used(&self) -> u64 {
        let mail = self.mailboxes.values().flat_map(|mailbox| mailbox.messages.values());
        mail.map(|message| message.bytes).sum::<u64>() + self.files().map(|file| file.bytes).sum::<u64>()
    }

    /// Number of everything.
    pub(crate) fn count(&self) -> u64 {
        let mail: usize = self.mailboxes.values().map(|mailbox| mailbox.messages.len()).sum();
        (mail + self.files().count()) as u64
    }

    pub(crate) fn path(&self, id: CollectionId) -> String {
        let mailbox = &self.mailboxes[&id];
        if mailbox.parent == CollectionId::ROOT {
            return mailbox.name.clone();
        }
        format!("{}/{}", self.path(mailbox.parent), mailbox.name)
    }

    pub(crate) fn is_inside(&self, mut inner: CollectionId, outer: CollectionId) -> bool {
        while inner != CollectionId::ROOT {
            if inner == outer {
                return true;
            }
            inner = self.folders.get(&inner).map(|folder| folder.parent).unwrap_or(CollectionId::ROOT);
        }
        false
    }

    pub(crate) fn child_folder(&self, parent: CollectionId, name: &str) -> Option<CollectionId> {
        let child = self.folders.iter().find(|(_, folder)| folder.parent == parent && folder.name == name);
        child.map(|(id, _)| *id)
    }
}

/// One account's history.
#[derive(Default)]
pub(crate) struct History {
    /// What each batch that was handed over leaves, durable or not.
    pub(crate) states: BTreeMap<Modseq, State>,
    /// The last Modseq that was acknowledged or shown to a reader: there is no way back behind it.
    pub(crate) promised: Modseq,
    /// What was removed up to here may have been purged.
    pub(crate) purged: Modseq,
}

impl History {
    /// The state at a Modseq: the last one at or below it (purging takes Modseqs and changes nothing).
    pub(crate) fn at(&self, modseq: Modseq) -> Option<&State> {
        self.states.range(..=modseq).next_back().map(|(_, state)| state)
    }

    pub(crate) fn promise(&mut self, modseq: Modseq) {
        self.promised = self.promised.max(modseq);
    }
}

/// A message that the queue said it has, or that was seen in it.
pub(crate) struct Accepted {
    pub(crate) hash: BlobId,
    pub(crate) recipients: u32,
    /// Deliveries that were tried: recipient, the account's Modseq that did it.
    pub(crate) delivered: Vec<(u32, AccountId, Modseq)>,
}

/// Everything that was asked and answered.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) accounts: BTreeMap<AccountId, History>,
    pub(crate) queue: BTreeMap<QueueId, Accepted>,
    /// Entries that a client is delivering: there is one runner for each, as in the server.
    pub(crate) busy: BTreeSet<QueueId>,
    /// Whether a client is collecting.
    pub(crate) collecting: bool,
}

impl World {
    pub(crate) fn of(&mut self, account: AccountId) -> &mut History {
        self.accounts.entry(account).or_default()
    }
}
