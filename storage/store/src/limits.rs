//! Every limit of the store, by name.

use std::time::Duration;

/// The most octets of one name of a collection or item.
pub const NAME_BYTES_MAX: usize = 512;
/// How deep collections may nest.
pub const COLLECTION_DEPTH_MAX: usize = 64;
/// The most collections in one account.
pub const COLLECTION_COUNT_MAX: u64 = 100_000;
/// The most octets of all properties of a collection's own record.
pub const COLLECTION_PROPERTIES_BYTES_MAX: usize = 256 * 1024;
/// The most grants on one collection.
pub const GRANT_COUNT_MAX: usize = 1_000;
/// The most accounts whose shared collections one principal is shown.
pub const SHARING_ACCOUNT_COUNT_MAX: usize = 1_000;
/// The most annotations of one mailbox, or of the account itself, shared or private to one principal.
pub const METADATA_ENTRY_COUNT_MAX: usize = 250;
/// The longest name of an annotation, in octets.
pub const METADATA_NAME_BYTES_MAX: usize = 255;
/// The longest value of an annotation, in octets.
pub const METADATA_VALUE_BYTES_MAX: usize = 64 * 1024;
/// The most octets of names and values of those annotations together.
pub const METADATA_TOTAL_BYTES_MAX: usize = 1024 * 1024;
/// UIDs whose \Seen of one principal stands in one row.
pub const SEEN_PAGE_UIDS: u32 = 4_096;
/// The most messages that become seen to somebody in the one commit that makes \Seen one flag for all again.
pub const SEEN_JOINED_COUNT_MAX: usize = 100_000;
/// Bodies up to this size live in the batch that commits them, larger ones in blobs.
pub const INLINE_BYTES_MAX: usize = 4 * 1024;
/// Size of a body's chunks up to [`SMALL_CHUNKS_MAX`] of them; the blob store's own maximum after that.
pub const SMALL_CHUNK_BYTES: usize = 256 * 1024;
/// How many chunks are small, so that an upload costs little memory until it is known to be large.
pub const SMALL_CHUNKS_MAX: usize = 64;
/// How many chunks one blob of a body's list names; bodies of more have lists of several blobs.
pub const LIST_CHUNK_COUNT_MAX: usize = 16_384;
/// How many ways are tried to put a list of several blobs together, when there are several of a number.
pub const LIST_TRIES_MAX: usize = 16;
/// How many rows cross from the engine at once.
pub const SCAN_PAGE_COUNT: usize = 1_000;
/// How many blobs collection forgets or moves in one batch.
pub const COLLECT_BATCH_COUNT: usize = 64;
/// How many removed items are purged in one commit: the account's writers wait no longer than that.
pub const PURGE_BATCH_COUNT: usize = 500;
/// Octets of one part of a message that searches look at.
pub const SEARCH_PART_BYTES_MAX: u64 = 64 << 20;
/// The most terms of one message in the search index; one with more is read whenever it comes into question.
pub const SEARCH_TERM_COUNT_MAX: usize = 100_000;
/// New messages of an account that are read by searches before it is worth to index them.
pub const SEARCH_TAIL_COUNT_MAX: usize = 256;
/// Messages of which records are read at once for the search index.
pub const SEARCH_PAGE_COUNT: usize = 64;
/// Memory that building the search index may take, about; one account is built at a time.
pub const SEARCH_BUILD_BYTES_MAX: usize = 32 << 20;
/// The most messages that enter the search index in one step.
pub const SEARCH_BUILD_COUNT_MAX: usize = 16_384;
/// A segment of the search index is written anew when more than one in so many of its messages has been purged.
pub const SEARCH_GONE_PART_MAX: u64 = 4;
/// How long what was purged may stay in a segment of the search index that is not written anew for anything else.
pub const SEARCH_GONE_TIME_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Chunks of segments that are read for one merged from them before it is let go of the state that is read from.
pub const SEARCH_STATE_COUNT: usize = 64;
/// Octets of the search index that are written in one batch.
pub const SEARCH_BATCH_BYTES: usize = 2 << 20;
/// Octets of terms that are looked through in the time that reading one message takes, beside its octets.
pub const SEARCH_COST_OF_MESSAGE: u64 = 20_000;
/// The same of each octet of a message.
pub const SEARCH_COST_OF_OCTET: u64 = 14;
/// Octets of an index below which it is not asked for whom the search is: all of it is looked through.
pub const SEARCH_NARROW_BYTES: u64 = 8 << 20;
/// Chunks of terms that cross from the engine at once.
pub const SEARCH_CHUNKS_AT_ONCE: usize = 16;
/// Dead bytes in a segment below which collecting it is not worth a new file.
pub const COLLECT_DEAD_BYTES_MIN: u64 = 64 * 1024;
/// One of so many bytes of all segments may be dead before more is collected than what is half dead.
pub const WASTE_SHARE_MAX: u64 = 5;

/// How long writers of one process keep an account from those of another that wait for it.
pub const LEASE_TENURE_MAX: Duration = Duration::from_millis(250);
/// How long a lease may be used after it was taken; a batch that takes longer may collide.
pub const LEASE_KEPT_MAX: Duration = Duration::from_secs(3);
/// A lease that has been seen unchanged for so long is taken away from whoever has it.
pub const LEASE_AGE_MAX: Duration = Duration::from_secs(5);
/// How long a writer waits for another process (`Unavailable` past it).
pub const LEASE_WAIT_MAX: Duration = Duration::from_secs(15);
/// How often other processes' commits are looked for.
pub const FOLLOW_INTERVAL: Duration = Duration::from_secs(1);
/// How old an upload may be when it is committed, in a blob store that removes by age (`Unavailable` past it).
pub const UPLOAD_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How many blobs a check of octets reads before it lets go of the state it has their places from.
pub const OCTETS_STATE_COUNT: usize = 64;
/// How many findings of one account a check tells one by one; the others are counted.
pub const FINDING_COUNT_MAX: usize = 10_000;
/// How many rows repair looks at in one turn of an account.
pub const REPAIR_PAGE_COUNT: usize = 256;
/// How often repair looks at an account before it takes what is left for lost.
pub const REPAIR_PASS_COUNT: usize = 8;
