//! The object store: accounts hold collections, collections hold items, every change takes the account's
//! next Modseq, and nothing is acknowledged before it is on stable storage.
//!
//! Storey L2. Doors see [`Store`], [`Reader`], [`Writer`] and [`Collection`]; keys, rows and batches stay in
//! here. One file per noun.
//!
//! *Invariant:* a [`Committed`] is made only behind the engine's proof of durability: by [`Writer::commit`],
//! and by the [`Queue`] for its records outside of any account. *Invariant:* a [`Collection`] is made only by `open` and `create`, which check [`model::Rights`].
//! *Invariant:* a [`Reader`] sees durable state only; a [`Writer`] may build on an earlier batch of its account
//! that is still in flight, and fails with it.

mod accounts;
mod addressbook;
mod admission;
mod ahead;
mod arrival;
mod body;
mod calendar;
mod change;
mod clock;
mod collect;
mod collection;
mod copies;
mod deleted;
mod flagging;
mod folder;
mod follow;
mod fsck;
mod grant;
mod key;
mod keys;
mod kind;
mod lease;
mod limits;
mod listing;
mod lock;
mod mailbox;
mod message;
mod metadata;
mod migrate;
mod object;
mod pin;
mod portable;
mod property;
mod provision;
mod purge;
mod queue;
mod reader;
mod record;
mod repair;
mod salvage;
mod search;
mod seen;
mod spelling;
mod stores;
mod survey;
#[cfg(test)]
mod testing;
mod uid;
mod undelete;
mod view;
mod watch;
mod writer;

pub use accounts::Accounts;
pub use admission::{Admission, FORMAT, admit, awaits_repair};
pub use ahead::Ahead;
pub use arrival::Arrival;
pub use body::{Body, BodyStream, Chunk, Content, Upload};
pub use calendar::{CalendarFacts, Candidate, component_mark};
pub use change::{ChangeSet, Changed};
pub use clock::{CLOCK_SLACK, STANDSTILL_MAX};
pub use collect::Collected;
pub use collection::{Collection, NewCollection, valid_item_name, valid_name};
pub use deleted::{Deleted, DeletedRow, Kept, Purged, RemovedAccount};
pub use flagging::{Flagged, allowed_flags};
pub use folder::TREE_COUNT_MAX;
pub use fsck::{Depth, Fault, Finding};
pub use keys::{MessageIdHash, MessageKeys, TRACED_COUNT_MAX};
pub use kind::{AddressBook, Calendar, Folder, ItemKey, Kind, Mailbox, Row, Tally};
pub use limits::*;
pub use lock::{LOCK_COUNT_MAX, Lock};
pub use mailbox::{DELIMITER, FlagChange, GONE_SUBSCRIPTION_COUNT_MAX, INBOX, MailboxEntry};
pub use message::{MessageRecord, NewMessage};
pub use metadata::{Annotated, Audience};
pub use migrate::{Difference, Migrated, Migration, Side, is_migrating};
pub use object::{NewObject, ObjectFacts, ObjectKind};
pub use portable::{Hold, Rebirth, blob_key, needed, reference_keys};
pub use property::Properties;
pub use provision::{DEFAULT_ADDRESS_BOOK, DEFAULT_CALENDAR, DEFAULT_TASK_LIST, FILES_ROOT};
pub use queue::{
    Entry, QUEUE_HOLDER, QUEUE_RECIPIENT_COUNT_MAX, Queue, QueueId, QueueRecipient, Queued, Settlement,
    Target,
};
pub use reader::Reader;
pub use record::{AccountRow, CollectionRow, MessageRow, ObjectRow, Record};
pub use repair::{Damaged, Note, RepairOptions, Repaired};
pub use salvage::{Certainty, Content as SalvagedContent, Salvage, Salvaged, Stretch};
pub use search::{Candidates, Hits, Likes, Where};
pub use seen::{SEEN_PROPERTY, Seen, chosen_seen};
pub use spelling::composed;
pub use stores::{Options, Store};
pub use survey::{Surveyed, SurveyedItem};
pub use undelete::{Recover, Recovered, other_name};
pub use watch::Watch;
pub use writer::{Committed, Writer};
