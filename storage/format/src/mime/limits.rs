//! Named limits of the MIME layer: everything that grows with a message stops at one of these.
//!
//! Past a limit nothing is refused here (the message is stored as it is); its *description* stops growing:
//! deeper parts stay opaque, longer lists are cut. `tests.rs` has a test at each limit and one past it.

/// Open multipart and message/rfc822 levels; a container deeper than this is an opaque leaf.
pub const DEPTH_MAX: usize = 100;
/// Parts of one message, containers included; further boundaries are text of the last part.
pub const PARTS_MAX: usize = 10_000;
/// Octets of one header block that are looked at; the offsets still cover the whole block.
pub const HEADER_BYTES_MAX: usize = 1 << 20;
/// Octets of all header blocks of one message that are looked at.
pub const HEADERS_BYTES_MAX: usize = 2 << 20;
/// Octets at the start of a line that decide what the line is: a longer line is never a boundary, and a
/// field name longer than this is none.
pub const LINE_HEAD_BYTES_MAX: usize = 1_024;
/// Octets of a multipart's boundary. RFC 2046 5.1.1 allows 70; programs have been seen with more.
pub const BOUNDARY_BYTES_MAX: usize = 256;
/// Octets of a type, subtype, disposition or encoding name (RFC 6838 4.2); a longer one is none.
pub const TYPE_BYTES_MAX: usize = 127;
/// Parameters of one Content-Type or Content-Disposition field; the rest is left out.
pub const PARAMS_MAX: usize = 128;
/// Languages of one Content-Language field; the rest is left out.
pub const LANGUAGES_MAX: usize = 64;
/// Addresses (group marks included) of one address list; the rest is left out.
pub const ADDRESSES_MAX: usize = 4_096;
/// Octets of an ENVELOPE after which optional content is left out.
pub const ENVELOPE_BYTES_MAX: usize = 256 << 10;
/// Octets of a BODYSTRUCTURE after which optional content (parameters, ids, inner envelopes) is NIL.
pub const BODYSTRUCTURE_BYTES_MAX: usize = 1 << 20;
/// Octets of a header field that is rewritten for a client that knows no UTF-8.
pub const DOWNGRADED_FIELD_BYTES_MAX: usize = 64 << 10;
/// Octets of a Date field that are looked at.
pub const DATE_BYTES_MAX: usize = 512;
/// Characters of a PREVIEW (RFC 8970 3.2 allows 256, suggests 200).
pub const PREVIEW_CHARS_MAX: usize = 200;
/// Message ids that a message is threaded by; the last ones of a longer References.
pub const REFERENCES_MAX: usize = 50;
/// Characters of a subject, name or message id that sorting and threading look at.
pub const SORT_TEXT_CHARS_MAX: usize = 500;
/// Octets of a body that are decoded to text at a time.
pub const TEXT_PIECE_BYTES_MAX: usize = 16 << 10;
/// Part numbers in one section specification; real ones cannot be deeper than the tree.
pub const SECTION_DEPTH_MAX: usize = DEPTH_MAX + 1;
/// Field names in one HEADER.FIELDS list.
pub const SECTION_FIELDS_MAX: usize = 256;

/// The limits a [`Scanner`](super::Scanner) works under; smaller ones are for tests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// See [`DEPTH_MAX`].
    pub depth_max: usize,
    /// See [`PARTS_MAX`].
    pub parts_max: usize,
    /// See [`HEADER_BYTES_MAX`].
    pub header_bytes_max: usize,
    /// See [`HEADERS_BYTES_MAX`].
    pub headers_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth_max: DEPTH_MAX,
            parts_max: PARTS_MAX,
            header_bytes_max: HEADER_BYTES_MAX,
            headers_bytes_max: HEADERS_BYTES_MAX,
        }
    }
}
