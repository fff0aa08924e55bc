//! Every bound of this crate, by name. What is past one is refused, never cut.

/// Batches waiting for the committer; one more is refused with `Unavailable`.
pub const QUEUE_BATCHES_MAX: usize = 65_536;
/// Bytes of keys and values waiting for the committer; more is refused with `Unavailable`.
pub const QUEUE_BYTES_MAX: usize = 256 << 20;
/// Batches that share one sync.
pub const GROUP_BATCHES_MAX: usize = 1_024;
/// Bytes of keys and values that share one sync; a larger single batch goes alone.
pub const GROUP_BYTES_MAX: usize = 16 << 20;
/// Bytes of keys and values in one batch (`TooLarge` past it).
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Bytes of one key (`TooLarge` past it).
pub const KEY_BYTES_MAX: usize = 4_096;
/// Rows a scan may ask for and still be answered on the calling thread; longer ones move to the blocking pool.
pub const SCAN_INLINE_ROWS_MAX: usize = 512;

/// Bytes of one blob (`TooLarge` past it); larger bodies are chunked by the store.
pub const BLOB_BYTES_MAX: usize = 1 << 20;
/// A segment is sealed when the next frame would make it longer than this.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// Bytes of a blob that are read on the calling thread; longer ones move to the blocking pool.
pub const READ_INLINE_BYTES_MAX: usize = 64 << 10;
/// Segment files held open for reading.
pub const SEGMENT_HANDLES_MAX: usize = 256;

/// Bytes of one keyspace's memtable before it is written out (five keyspaces, at most four waiting each).
pub const MEMTABLE_BYTES_MAX: u64 = 24 << 20;
/// Bytes of the engine's journals before old memtables are pushed out; bounds the replay at start.
pub const JOURNAL_BYTES_MAX: u64 = 128 << 20;
