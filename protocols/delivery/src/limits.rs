//! Limits and times of queue, relay and bounces.

use std::time::Duration;

/// How long an entry belongs to the process that accepted it before the queue's index calls for it: after a
/// crash it waits no longer than this (a restart looks at once).
pub const LEASE: Duration = Duration::from_secs(60);
/// How often the index is looked at when nothing calls earlier.
pub const SCAN_INTERVAL: Duration = Duration::from_secs(15);
/// How often a process asks whether it is the one that looks through the index.
pub const SHARED_SCAN_INTERVAL: Duration = Duration::from_secs(2);
/// How soon it is looked at again when one look did not show everything that is due.
pub const FULL_SCAN_INTERVAL: Duration = Duration::from_millis(100);
/// How long the runner waits for what it has begun when the server stops.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// The least time between two tries.
pub const RETRY_WAIT_MIN: Duration = Duration::from_secs(1);
/// How many entries one look takes.
pub const SCAN_COUNT_MAX: usize = 256;
/// How many entries are told to the runner directly before the rest is left to the index.
pub const HANDOFF_COUNT_MAX: usize = 4_096;
/// How many entries are delivered locally at once.
pub const LOCAL_COUNT_MAX: usize = 64;
/// How many members of one entry are delivered to at once.
pub const FAN_OUT_COUNT_MAX: usize = 16;
/// How many connections to the relay are open at once.
pub const RELAY_CONNECTION_COUNT_MAX: usize = 8;
/// How many entries wait for such a connection in memory; the rest waits in the index.
pub const RELAY_WAITING_COUNT_MAX: usize = 256;
/// The most recipients of one transaction with the relay (RFC 5321 4.5.3.1.8: every server takes 100).
pub const RELAY_RECIPIENT_COUNT_MAX: usize = 100;
/// The longest line of a reply that is taken, in octets (RFC 5321 4.5.3.1.5 says 512).
pub const REPLY_LINE_BYTES_MAX: usize = 2_048;
/// The most lines of one reply.
pub const REPLY_LINE_COUNT_MAX: usize = 128;
/// How much of a reply is kept and shown in bounces, in characters.
pub const REPLY_KEPT_CHARS_MAX: usize = 300;
/// Connecting, TLS included.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(30);
/// Waiting for the greeting or a reply (RFC 5321 4.5.3.2: 5 minutes).
pub const REPLY_TIME_MAX: Duration = Duration::from_secs(300);
/// Waiting for the reply to the final dot (RFC 5321 4.5.3.2.6: 10 minutes).
pub const FINAL_TIME_MAX: Duration = Duration::from_secs(600);
/// Writing one piece of a message (RFC 5321 4.5.3.2.5: 3 minutes).
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(180);
/// How much of the original header a bounce gives back, in octets.
pub const BOUNCE_HEADER_BYTES_MAX: u64 = 32 * 1024;
/// How many recipients one bounce names; the rest is counted.
pub const BOUNCE_RECIPIENT_COUNT_MAX: usize = 100;
/// How long the runner waits with an entry whose look could not be settled, as the store was away.
pub(crate) const UNSETTLED_WAIT: Duration = Duration::from_secs(2);
