//! Modified UTF-7 of mailbox names (RFC 3501 5.1.3), as Maildir++ folders are named.

/// Decodes a name; one that is not encoded properly stays as it is.
pub(super) fn decode(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some((plain, coded)) = rest.split_once('&') {
        out.push_str(plain);
        let Some((coded, after)) = coded.split_once('-') else { return name.to_owned() };
        if coded.is_empty() {
            out.push('&');
        } else {
            match units(coded) {
                Some(text) => out.push_str(&text),
                None => return name.to_owned(),
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Base64 (with `,` for `/`, without padding) of UTF-16.
fn units(coded: &str) -> Option<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut units = Vec::new();
    for octet in coded.bytes() {
        let value = LETTERS.iter().position(|letter| *letter == octet)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xffff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    if bits != 0 || count >= 6 { None } else { String::from_utf16(&units).ok() }
}
