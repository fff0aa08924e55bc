//! Everything that grows from the network, and every time a client may take, with its bound.
//!
//! Errors, strangers, and the times of lines and of writes have the bounds of [`sasl::limits`].

use std::time::Duration;

/// The longest line, in octets with its CRLF: RFC 2449 4 wants 255, an initial response of AUTH (RFC 5034 4) may be as
/// long as any response.
pub(crate) const LINE_BYTES_MAX: usize = sasl::limits::RESPONSE_BYTES_MAX + 64;
/// The most messages that a session lists, the oldest first: 12 octets each are held.
pub(crate) const MESSAGE_COUNT_MAX: usize = 1_000_000;
/// Rows read from the store at a time.
pub(crate) const ROWS_AT_ONCE: usize = 1_000;
/// Failed logins after which the connection is closed.
pub(crate) const LOGIN_FAILURE_COUNT_MAX: u32 = 3;
/// How long a client may say nothing between commands (RFC 1939 3: 10 minutes at least).
pub(crate) const IDLE_TIME_MAX: Duration = Duration::from_secs(600);
