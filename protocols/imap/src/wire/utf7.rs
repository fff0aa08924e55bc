//! Modified UTF-7, the spelling of mailbox names before IMAP4rev2 (RFC 3501 5.1.3).
//!
//! Decoding is strict: two spellings of one name would be two names for a client's cache, so what an encoder
//! would not have written is refused.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// The modified UTF-7 of a name.
pub(crate) fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut pending: Vec<u16> = Vec::new();
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut out, &mut pending);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut pair = [0; 2];
            pending.extend_from_slice(c.encode_utf16(&mut pair));
        }
    }
    flush(&mut out, &mut pending);
    out
}

/// Writes the gathered UTF-16 units as one shifted run.
fn flush(out: &mut String, pending: &mut Vec<u16>) {
    if pending.is_empty() {
        return;
    }
    out.push('&');
    let (mut bits, mut count) = (0u32, 0u32);
    for unit in pending.drain(..) {
        bits = (bits << 16) | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            push_digit(out, bits >> count);
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        push_digit(out, bits << (6 - count));
    }
    out.push('-');
}

fn push_digit(out: &mut String, digit: u32) {
    if let Some(&byte) = ALPHABET.get((digit & 63) as usize) {
        out.push(char::from(byte));
    }
}

/// The name of a modified UTF-7 spelling; `None` when it is none.
pub(crate) fn decode(bytes: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut after_run = false;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'&' => {
                let end = rest.iter().position(|&b| b == b'-')?;
                let (run, tail) = rest.split_at_checked(end)?;
                rest = tail.get(1..)?;
                if run.is_empty() {
                    out.push('&');
                    after_run = false;
                } else if after_run {
                    // Two runs side by side have another spelling: one run.
                    return None;
                } else {
                    decode_run(run, &mut out)?;
                    after_run = true;
                }
            }
            b' '..=b'~' => {
                out.push(char::from(byte));
                after_run = false;
            }
            _ => return None,
        }
    }
    Some(out)
}

/// One shifted run, without its `&` and `-`.
fn decode_run(run: &[u8], out: &mut String) -> Option<()> {
    let (mut bits, mut count) = (0u32, 0u32);
    let mut units = Vec::with_capacity(run.len() / 2);
    for byte in run {
        let digit = u32::try_from(ALPHABET.iter().position(|b| b == byte)?).ok()?;
        bits = (bits << 6) | digit;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from((bits >> count) & 0xffff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    if count >= 6 || bits != 0 {
        return None;
    }
    for c in char::decode_utf16(units) {
        let c = c.ok()?;
        // A printable ASCII character stands for itself (RFC 3501 5.1.3).
        if (' '..='~').contains(&c) || c == '\0' {
            return None;
        }
        out.push(c);
    }
    Some(())
}

#[cfg(test)]
mod tests;
