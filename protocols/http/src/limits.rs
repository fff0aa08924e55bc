//! Everything in this crate that grows from the network, or waits for it, named.

use std::time::Duration;

/// The most octets of a request's head (HTTP/1.1: the read buffer; HTTP/2: the header list).
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// The most header fields of a request.
pub const HEADER_COUNT_MAX: usize = 100;
/// The longest wait for a whole request head, from its first octet.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a connection may lie idle between requests once one of them has proved who sends it: clients that look again
/// every few minutes find it open. Many of them are bounded as connections are, in all and by address.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
/// How long a connection may lie idle of which nobody knows whose it is.
pub const STRANGERS_IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// The longest wait for the next octets of a body.
pub const BODY_IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// A body may always take this long; after it, [`BODY_RATE_MIN`] counts.
pub const BODY_GRACE_TIME: Duration = Duration::from_secs(30);
/// The slowest average of a body, in octets per second.
pub const BODY_RATE_MIN: u64 = 1024;
/// HTTP/2: how long a peer may take for [`WRITE_PIECE_BYTES`] of each single answer, whatever it takes of others.
pub const WRITE_STALL_TIME_MAX: Duration = sasl::limits::WRITE_TIME_MAX;
/// See [`WRITE_STALL_TIME_MAX`].
pub const WRITE_PIECE_BYTES: usize = sasl::limits::WRITE_PIECE_BYTES;
/// HTTP/2: the most requests at once on one connection.
pub const STREAM_COUNT_MAX: u32 = 64;
/// HTTP/2: the most streams that a peer may reset before they were accepted (RUSTSEC-2023-0034).
pub const STREAM_RESET_PENDING_MAX: usize = 20;
/// HTTP/2: the most streams that we may reset for a peer's faults (RUSTSEC-2024-0003).
pub const STREAM_RESET_LOCAL_MAX: usize = 100;
/// HTTP/2: octets that one stream may send before we have taken them.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// HTTP/2: octets that all streams of a connection may send before we have taken them.
pub const CONNECTION_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// HTTP/2: octets of one answer that wait for a peer that does not take them.
pub const STREAM_SEND_BYTES_MAX: usize = 128 * 1024;
/// HTTP/2: how often a quiet peer is pinged.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);
/// HTTP/2: how long a ping may go unanswered.
pub const PING_TIME_MAX: Duration = Duration::from_secs(20);
/// How long a connection may take to finish its requests once it is told to end.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(9);
/// The most octets of a request target.
pub const TARGET_BYTES_MAX: usize = 8 * 1024;
/// The most octets of Basic credentials, encoded.
pub const CREDENTIALS_BYTES_MAX: usize = 4 * 1024;
/// The most octets of a content that no one wants that are read all the same, so that its client can read
/// the answer.
pub const REST_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// As [`REST_BYTES_MAX`], for those who have not logged in.
pub const STRANGERS_REST_BYTES_MAX: u64 = 1024 * 1024;
/// How long that may take.
pub const REST_TIME_MAX: Duration = Duration::from_secs(10);
