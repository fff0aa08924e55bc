//! Everything in this crate that grows from the network, named. Each has a test at the limit and one past it.

use std::time::Duration;

/// The most octets of an XML request body.
pub const XML_BYTES_MAX: u64 = 1024 * 1024;
/// The deepest nesting of elements in a request body.
pub const XML_DEPTH_MAX: usize = 64;
/// The most attributes (namespace declarations among them) on one element.
pub const XML_ATTRIBUTE_COUNT_MAX: usize = 256;
/// The most namespace bindings in scope at once.
pub const XML_NAMESPACE_COUNT_MAX: usize = 256;
/// The most elements in a request body: a multiget of 10,000 hrefs fits.
pub const XML_ELEMENT_COUNT_MAX: usize = 50_000;
/// The most properties one request may name, set or remove.
pub const PROPERTY_COUNT_MAX: usize = 1_000;
/// The most octets of one dead property's value.
pub const DEAD_PROPERTY_BYTES_MAX: usize = 64 * 1024;
/// The most dead properties on one resource.
pub const DEAD_PROPERTY_COUNT_MAX: usize = 256;
/// The most octets of an `If` header.
pub const IF_HEADER_BYTES_MAX: usize = 16 * 1024;
/// The most conditions in an `If` header.
pub const IF_CONDITION_COUNT_MAX: usize = 200;
/// The most octets of a lock's `owner` element.
pub const LOCK_OWNER_BYTES_MAX: usize = 4 * 1024;
/// The longest lock, in seconds; also what `Infinite` becomes. Office refreshes each 45 s and loses data when
/// a lock lapses, so a day.
pub const LOCK_TIMEOUT_SECONDS_MAX: u64 = 24 * 3600;
/// The lock's life when the client names none, in seconds.
pub const LOCK_TIMEOUT_SECONDS_DEFAULT: u64 = 3600;
/// Octets of a multistatus that are gathered before they go out.
pub const STREAM_CHUNK_BYTES: usize = 32 * 1024;
/// How long a multistatus may take from its beginning to its last octets. It holds a snapshot, and what is written
/// meanwhile stays in memory for its sake; a client that takes it for longer gets the beginning of it only.
pub const LISTING_TIME_MAX: Duration = Duration::from_secs(600);
/// Rows taken from the store at once while a listing is streamed.
pub const LISTING_PAGE_COUNT: usize = 128;
/// The largest bound that a client of sync-collection can set to one answer, in resources: so many changes are held at
/// once, and the rest comes by the token of the 507. Without a bound all are told, [`LISTING_PAGE_COUNT`] at a time.
pub const SYNC_RESULT_COUNT_MAX: usize = 10_000;
/// The most octets of a file.
pub const FILE_BYTES_MAX: u64 = 1 << 40;
/// How deep expand-property follows hrefs.
pub const EXPANSION_DEPTH_MAX: usize = 3;
/// The most hrefs that one expand-property follows.
pub const EXPANSION_COUNT_MAX: usize = 200;
/// The most searches in one principal-property-search.
pub const SEARCH_COUNT_MAX: usize = 20;
/// The longest media type that is kept for a file, in octets.
pub const MEDIA_TYPE_BYTES_MAX: usize = 128;
/// Objects' octets that are held at once while a report writes them.
pub const BODY_PAGE_COUNT: usize = 50;
