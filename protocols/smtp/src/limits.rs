//! Everything that grows from the network, and every time a client may take, with its bound.
//!
//! Sources: RFC 5321 4.5.3 for the least one must take, Postfix's defaults for what experience allows. Errors, strangers,
//! and the times of lines and of writes have the bounds of [`sasl::limits`].

use std::time::Duration;

/// The longest command line, in octets with its CRLF: RFC 4954 4 asks for 12,288 for AUTH, whose tokens clients send
/// on the command's own line.
pub const LINE_BYTES_MAX: usize = 12_288;
/// The most recipients of one message (RFC 5321 4.5.3.1.8 asks for 100).
pub const RECIPIENT_COUNT_MAX: usize = 1_000;
/// The most people and remote addresses that the recipients of one message may reach, groups counted by their members:
/// what the queue takes.
pub const REACH_COUNT_MAX: usize = store::QUEUE_RECIPIENT_COUNT_MAX;
/// The largest message unless configured otherwise, in octets as they cross the wire, dots unstuffed.
pub const MESSAGE_BYTES_DEFAULT: u64 = 50 * 1024 * 1024;
/// The largest header section, in octets; it is the part held in memory.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// The most header fields of one message.
pub const HEADER_COUNT_MAX: usize = 2_000;
/// The most addresses in one From or Sender field.
pub const ORIGINATOR_COUNT_MAX: usize = 100;
/// How deep comments may nest in an address field.
pub const COMMENT_DEPTH_MAX: usize = 16;
/// Received fields beyond which a message goes in circles (RFC 5321 6.3 asks for at least 100 hops in
/// theory; Postfix and sendmail cut at 50 and 25).
pub const HOP_COUNT_MAX: usize = 50;
/// Failed logins after which the connection is closed.
pub const LOGIN_FAILURE_COUNT_MAX: u32 = 5;
/// How long a client may say nothing between commands (RFC 5321 4.5.3.2.7).
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(300);
/// In every window of this length a message in transfer must bring [`DATA_WINDOW_BYTES_MIN`].
pub const DATA_WINDOW: Duration = Duration::from_secs(60);
/// See [`DATA_WINDOW`]; about 270 octets a second.
pub const DATA_WINDOW_BYTES_MIN: u64 = 16 * 1024;
/// How much of a message that is too large is still read and thrown away, so that the client hears why; then
/// the connection is closed.
pub const OVERRUN_BYTES_MAX: u64 = 64 * 1024 * 1024;
