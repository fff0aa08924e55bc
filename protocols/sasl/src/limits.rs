//! Limits on what a peer may send before it is known.

use std::time::Duration;

/// The longest base64 line of a SASL exchange, in octets without its CRLF (RFC 4954 4 asks for 12,288).
pub const RESPONSE_BYTES_MAX: usize = 12_288;
/// The longest login name, in octets: an address of 254 with room for spellings that are then refused.
pub const LOGIN_BYTES_MAX: usize = 320;
/// How long a TLS handshake may take before the connection is closed.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
