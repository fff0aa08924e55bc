//! The fields of the index. The numbers are part of its rows: a new one needs a new
//! [`LAYOUT`](super::index::LAYOUT).

/// Text of the body, and headers of its parts.
pub(crate) const BODY: u8 = 0;
/// Names of all header fields, values of those without a number of their own.
pub(crate) const HEADER: u8 = 1;
/// Values of header fields that are asked for by name.
const NAMED: [(u8, &str); 5] = [(2, "SUBJECT"), (3, "FROM"), (4, "TO"), (5, "CC"), (6, "BCC")];
/// Added to a field of addresses: what its addresses say without comments and quoting.
const PLAIN: u8 = 16;

/// The field that values of a header field (its name folded) are in.
pub(crate) fn of_name(name: &str) -> u8 {
    NAMED.iter().find(|(_, known)| *known == name).map_or(HEADER, |(field, _)| *field)
}

/// Where the plain form of a field's addresses is, if it is one of addresses.
pub(crate) fn plain(field: u8) -> Option<u8> {
    (3..=6).contains(&field).then_some(field + PLAIN)
}

/// Every field that TEXT looks at.
pub(crate) fn all() -> Vec<u8> {
    [BODY, HEADER].into_iter().chain(NAMED.map(|(field, _)| field)).collect()
}
