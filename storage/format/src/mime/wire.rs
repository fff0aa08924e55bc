//! IMAP strings as they go onto the wire (RFC 9051 4.3, 9): quoted where that is legal, a literal otherwise.

/// Appends `value` as a `string`.
///
/// Quoted strings hold 7-bit octets but CR, LF and NUL; everything else goes as a literal. NUL is legal in
/// neither form (`literal` is of CHAR8) and cannot be told by IMAP at all; it is sent as `?`.
pub(crate) fn string(out: &mut Vec<u8>, value: &[u8]) {
    if value.iter().all(|&byte| matches!(byte, 1..=127) && byte != b'\r' && byte != b'\n') {
        out.push(b'"');
        for &byte in value {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(format!("{{{}}}\r\n", value.len()).as_bytes());
        out.extend(value.iter().map(|&byte| if byte == 0 { b'?' } else { byte }));
    }
}

/// Appends `value` as an `nstring`.
pub(crate) fn nstring(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => string(out, value),
        None => nil(out),
    }
}

/// Appends NIL.
pub(crate) fn nil(out: &mut Vec<u8>) {
    out.extend_from_slice(b"NIL");
}

/// Appends a number.
pub(crate) fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(value.to_string().as_bytes());
}

/// Writes something optional with `write`; where that passes `limit` octets in all, NIL instead.
pub(crate) fn within(out: &mut Vec<u8>, limit: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    if out.len() > limit {
        out.truncate(start);
        nil(out);
    }
}
