//! Limits on what a peer may send before it is known, and on what a door of verbs and lines bears.

use std::time::Duration;

/// The longest base64 line of a SASL exchange, in octets without its CRLF (RFC 4954 4 asks for 12,288).
pub const RESPONSE_BYTES_MAX: usize = 12_288;
/// The longest login name, in octets: an address of 254 with room for spellings that are then refused.
pub const LOGIN_BYTES_MAX: usize = 320;
/// The longest message of a SCRAM client, in octets.
pub const SCRAM_MESSAGE_BYTES_MAX: usize = 4_096;
/// The longest nonce of a SCRAM client, in octets.
pub const SCRAM_NONCE_BYTES_MAX: usize = 512;
/// The most addresses of a client's certificate that are looked at.
pub const CERTIFICATE_ADDRESS_COUNT_MAX: usize = 16;
/// The most octets of a TLS handshake message with its records, and of anything else that rustls leaves for later: it
/// bounds the message alone, which may come octet by octet in padded records.
pub const TLS_WAITING_BYTES_MAX: usize = 64 * 1024;
/// How long a TLS handshake may take before the connection is closed.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// Errors after which every further error waits [`ERROR_DELAY`].
pub const SOFT_ERROR_COUNT_MAX: u32 = 10;
/// Errors after which the connection is closed.
pub const HARD_ERROR_COUNT_MAX: u32 = 20;
/// What an error costs beyond [`SOFT_ERROR_COUNT_MAX`].
pub const ERROR_DELAY: Duration = Duration::from_secs(1);
/// How long a client of a mail door may stay without logging in, all told: a person who is asked for the password finds it
/// meanwhile (RFC 1939 3 gives 10 minutes). What strangers hold is bounded by the connections of one address.
pub const STRANGER_TIME_MAX: Duration = Duration::from_secs(600);
/// The same where few places for connections are left.
pub const STRANGER_TIME_CROWDED: Duration = Duration::from_secs(30);
/// How long a line may take from its first octet to its last.
pub const LINE_TIME_MAX: Duration = Duration::from_secs(60);
/// How long a client may take to read [`WRITE_PIECE_BYTES`] of what it was told, or all where that is less (RFC 5321
/// 4.5.3.2 has minutes for everything). Linux tells of room in a socket in steps of some 128 KiB, which so are 440 octets
/// a second.
pub const WRITE_TIME_MAX: Duration = Duration::from_secs(300);
/// See [`WRITE_TIME_MAX`]. It does not grow with what is said: on a slow line a large message takes long.
pub const WRITE_PIECE_BYTES: usize = 16 * 1024;
/// Output gathered before it is sent in the middle of a reply.
pub const OUTPUT_BYTES: usize = 64 * 1024;
/// The longest line of a trace, in octets; the rest of it is left out.
pub const TRACE_LINE_BYTES_MAX: usize = 4 * 1024;
/// The largest file of a trace; then it says that it is full.
pub const TRACE_BYTES_MAX: u64 = 16 * 1024 * 1024;
