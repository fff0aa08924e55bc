//! Every bound of this crate, by name. What is past one is refused, never cut.

use std::time::Duration;

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
/// Bytes of one key (`TooLarge` past it): what PostgreSQL's index takes of octets that do not compress.
pub const KEY_BYTES_MAX: usize = 2_560;
/// Rows a scan may ask for and still be answered on the calling thread; longer ones move to the blocking pool.
pub const SCAN_INLINE_ROWS_MAX: usize = 512;

/// Of a file system this part is never taken by the engine: its background work needs it, and so does whoever
/// must make room. Bodies leave twice as much.
pub const RESERVE_PART: u64 = 64;
/// And at most so much.
pub const RESERVE_BYTES_MAX: u64 = 1 << 30;
/// And at least so much.
pub const RESERVE_BYTES_MIN: u64 = 2 << 20;
/// Bytes of tables for whose rewriting room is kept besides.
pub const REWRITE_BYTES_MAX: u64 = 512 << 20;
/// How long a look at the file system's free space is good for.
pub const SPACE_LOOK: Duration = Duration::from_millis(20);
/// How long after a full disk tore the journal the engine tries again.
pub const REVIVE_PAUSE: Duration = Duration::from_millis(500);
/// How long it waits for readers to let go of the state before that, at each try.
pub const REVIVE_DRAIN_MAX: Duration = Duration::from_millis(500);
/// How long a reader waits while it is reopened; then `Unavailable`.
pub const REVIVE_READER_WAIT_MAX: Duration = Duration::from_secs(30);

/// How long a commit may take before the engine is asked from outside whether it has given up.
pub const STALL_LOOK: Duration = Duration::from_secs(5);

/// Bytes of one blob (`TooLarge` past it); larger bodies are chunked by the store.
pub const BLOB_BYTES_MAX: usize = 1 << 20;
/// A segment is sealed when the next frame would make it longer than this.
pub const SEGMENT_BYTES_MAX: u64 = 256 << 20;
/// Bytes of a blob that are read on the calling thread; longer ones move to the blocking pool.
pub const READ_INLINE_BYTES_MAX: usize = 64 << 10;
/// Blobs shorter than this are not compressed.
pub const SQUEEZE_BYTES_MIN: usize = 512;
/// How much of a longer blob is compressed to see whether the whole is worth it.
pub const SQUEEZE_SAMPLE_BYTES: usize = 8 << 10;
/// Blobs up to this length are compressed and expanded on the calling thread; longer ones on the blocking pool.
pub const SQUEEZE_INLINE_BYTES_MAX: usize = 64 << 10;
/// Rows of places that are read at once when an engine is counted for the first time.
pub const LEDGER_SCAN_ROWS: usize = 10_000;
/// Segment files held open for reading, where the process may have many descriptors.
pub const SEGMENT_HANDLES_MAX: usize = 256;
/// Table files held open, likewise.
pub const TABLE_HANDLES_MAX: usize = 900;
/// Segment files held open while segments are read without an engine.
pub const REMAINS_HANDLES_MAX: usize = 16;
/// Descriptors that the store may need besides those: journals, locks, tables that are being rewritten.
pub const WORK_HANDLES_MAX: usize = 48;

/// Bytes of one keyspace's memtable before it is written out (five keyspaces, at most four waiting each).
pub const MEMTABLE_BYTES_MAX: u64 = 24 << 20;
/// The least it may be set to; less writes more small tables than merging keeps up with.
pub const MEMTABLE_BYTES_MIN: u64 = 64 << 10;
/// Bytes of the engine's journals before old memtables are pushed out; bounds the replay at start.
pub const JOURNAL_BYTES_MAX: u64 = 128 << 20;

/// Threads that write memtables out and merge tables, where there are so many CPUs.
pub const WORKER_COUNT_MAX: usize = 4;
/// The fewest, however few CPUs there are: one waits for the rewriting of a keyspace, another has to write out meanwhile.
pub const WORKER_COUNT_MIN: usize = 2;

/// Bytes of rows that mending writes in one group.
pub const MEND_BATCH_BYTES: usize = 4 << 20;
/// The block cache of an engine that is being made anew, which is hardly read.
pub const MEND_CACHE_BYTES: u64 = 8 << 20;
/// A keyspace is written anew when more than one in so many of its rows is a removal.
pub const RECLAIM_REMOVED_PART: u64 = 5;
/// Bytes of a memtable from which it is written out to count the removals in it.
pub const RECLAIM_BUFFER_BYTES_MIN: u64 = 64 << 10;
/// How long that is waited for; what is not there by then is counted the next time.
pub const RECLAIM_FLUSH_TIME_MAX: Duration = Duration::from_secs(30);

/// The longest that reaching a database may take, TLS and login included.
pub const POSTGRES_CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest that one statement may take before its connection counts as lost.
pub const POSTGRES_STATEMENT_TIME_MAX: Duration = Duration::from_secs(15);
/// How long a write waits for a database that is away before it is refused.
pub const POSTGRES_WRITE_WAIT_MAX: Duration = Duration::from_secs(10);
/// How long a write waits to learn what became of it when the connection was lost on its way.
pub const POSTGRES_OUTCOME_WAIT_MAX: Duration = Duration::from_secs(60);
/// How long a read waits for a database that is away, or for a connection.
pub const POSTGRES_READ_WAIT_MAX: Duration = Duration::from_secs(10);
/// Between two attempts to reach a database that is away.
pub const POSTGRES_RETRY_WAIT: Duration = Duration::from_millis(100);
/// Statements prepared on one connection.
pub const POSTGRES_STATEMENT_COUNT_MAX: usize = 256;
/// A reader that asked nothing for so long loses its snapshot, and its next read is refused.
pub const POSTGRES_SNAPSHOT_IDLE_MAX: Duration = Duration::from_secs(60);
/// The same while others wait for a connection.
pub const POSTGRES_SNAPSHOT_IDLE_WANTED_MAX: Duration = Duration::from_secs(2);
/// The oldest that a snapshot may become: the database cannot clean up behind it.
pub const POSTGRES_SNAPSHOT_AGE_MAX: Duration = Duration::from_secs(30 * 60);
/// Octets of blobs that wait for the database; whoever brings more waits too.
pub const POSTGRES_BLOB_WAITING_BYTES_MAX: usize = 16 << 20;
/// Octets of blobs stored by one statement; a larger single blob goes alone.
pub const POSTGRES_BLOB_GROUP_BYTES_MAX: usize = 4 << 20;
/// Between two signs of life that a process gives to the others on its database.
pub const POSTGRES_BEAT: Duration = Duration::from_secs(1);
/// A process that gave none for so long (by the database's clock) has ended.
pub const POSTGRES_BEAT_MISSED_MAX: Duration = Duration::from_secs(5);
/// How long a blob without a record is kept in a database.
pub const POSTGRES_BLOB_REST: Duration = Duration::from_secs(48 * 3600);
