//! Every bound of this crate, by name.

/// A pack is sealed when it is longer than this.
pub const PACK_BYTES: u64 = 64 << 20;
/// Objects in one pack at the most: its index is read whole.
pub const PACK_OBJECT_COUNT_MAX: usize = 100_000;
/// A chunk of rows is not cut below this.
pub const CHUNK_BYTES_MIN: usize = 64 << 10;
/// A chunk of rows is cut here at the latest, with the row that passes it.
pub const CHUNK_BYTES_MAX: usize = 1 << 20;
/// One row in so many may end a chunk.
pub const CHUNK_ROWS: u64 = 256;
/// The largest object that is read: the largest row, some more, and a chunk before it.
pub const OBJECT_BYTES_MAX: u32 = 96 << 20;
/// Octets of rows and bodies that are loaded in one batch.
pub const LOAD_BATCH_BYTES: usize = 4 << 20;
/// Rows that cross from the engine at once.
pub const SCAN_COUNT: usize = 1_000;
/// Items that are brought back in one commit.
pub const BRING_BATCH_COUNT: usize = 100;
/// A pack of which less than this share is still needed is written anew by prune, in percent.
pub const PACK_LIVE_PERCENT: u64 = 50;
/// Names that are tried for an item whose own is taken.
pub const NAME_TRIES_MAX: u32 = 1_000;
/// Damages that are told one by one.
pub const DAMAGE_COUNT_MAX: usize = 1_000;
