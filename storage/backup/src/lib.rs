//! Backups: online, consistent, incremental, the same for every engine.
//!
//! A repository is a directory of files that never change once they have their names:
//! - `packs/HASH.pack`: objects, each named by the BLAKE3 of its octets: the blobs of bodies, chunks of rows, and
//!   lists of chunks. What several backups, accounts or versions share is there once.
//! - `backups/TIME-HASH.json`: one backup: which chunks hold the directory, the queue and each account. Written last.
//!
//! Every file is named by the hash of all its octets and every object by the hash of its own, so that any damage is
//! found. Files are written aside, synced, renamed, and their directory synced: a backup that is cut short leaves the
//! earlier ones as they were, and what it had sealed is taken up by the next.
//!
//! **Consistent.** All rows come from one snapshot of the engine: the queue and the mailboxes that it delivers to
//! are of one moment. No segment is collected meanwhile.
//!
//! **Incremental.** An account is read again when its record has changed, which every batch of it does, or its locks.
//! Directory, queue and grants, which others than the account write, are read every time. An account's rows are cut into chunks where the hash of a
//! key says so, not by count, so that a change far in front moves no chunk behind it; only chunks and blobs that no
//! pack has are written.
//!
//! **What a restored store tells its clients.** A whole restore goes back in time under clients that may have seen
//! later states. So that no UID, Modseq or token changes its meaning, [`store::Rebirth`] gives every mailbox a new
//! UIDVALIDITY and every account a Modseq far above any that can have been given since, with every collection's floor
//! there: an older token is refused and the client reads anew (bodies whose ETag it has stay: ETags are hashes).
//! Numbers of items and collections go on far above as well. Locks are not restored. Mail in flight is: what was
//! sent on since the backup is sent again, for twice is better than never.
//!
//! Accounts, collections and items are restored through the store, as new items beside what is there: see
//! [`bring_back`].

mod blobs;
mod bring_back;
mod chunk;
mod create;
pub mod limits;
mod load;
mod manifest;
mod pack;
mod prune;
mod repository;
#[cfg(test)]
mod testing;
mod verify;

pub use blobs::RepositoryBlobs;
pub use bring_back::{Brought, Wanted, bring_back};
pub use create::{Backup, Done, create};
pub use load::{Loaded, load_whole, scratch};
pub use manifest::{AccountEntry, Manifest};
pub use prune::{Pruned, prune};
pub use repository::{Access, Repository};
pub use verify::{Verified, verify};
