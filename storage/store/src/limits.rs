//! Every limit of the store, by name.

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
/// Bodies up to this size live in the batch that commits them, larger ones in blobs.
pub const INLINE_BYTES_MAX: usize = 4 * 1024;
/// Size of a body's chunks up to [`SMALL_CHUNKS_MAX`] of them; the blob store's own maximum after that.
pub const SMALL_CHUNK_BYTES: usize = 256 * 1024;
/// How many chunks are small, so that an upload costs little memory until it is known to be large.
pub const SMALL_CHUNKS_MAX: usize = 64;
/// How many rows cross from the engine at once.
pub const SCAN_PAGE_COUNT: usize = 1_000;
/// How many blobs collection forgets or moves in one batch.
pub const COLLECT_BATCH_COUNT: usize = 64;
/// How many removed items are purged in one commit: the account's writers wait no longer than that.
pub const PURGE_BATCH_COUNT: usize = 500;
/// The most collections that are brought back in one act: a whole tree of folders.
pub const REVIVE_COUNT_MAX: usize = 100_000;
