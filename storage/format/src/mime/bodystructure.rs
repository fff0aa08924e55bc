//! BODY and BODYSTRUCTURE as they go onto the wire (RFC 9051 7.5.2), from what the scanner kept.

use super::content::{ContentType, Disposition, Params, encoding_token, languages};
use super::envelope;
use super::header::{fields, unfold};
use super::limits::{BODYSTRUCTURE_BYTES_MAX, ENVELOPE_BYTES_MAX};
use super::scanner::{Reading, Structure};
use super::section::{Kind, Part};
use super::wire::{nil, nstring, number, string, within};

/// The value of the fetch item BODYSTRUCTURE, extension data included.
pub fn body_structure(structure: &Structure) -> Vec<u8> {
    write(structure, true)
}

/// The value of the fetch item BODY: the same without extension data.
pub fn body(structure: &Structure) -> Vec<u8> {
    write(structure, false)
}

/// Writes the tree in document order. Heads are written when a part is met and tails when its subtree is
/// over, so depth costs a stack entry and no recursion.
fn write(structure: &Structure, extended: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut open: Vec<(usize, Part, Facts)> = Vec::new();
    for (index, part) in structure.parts.iter().enumerate() {
        while let Some((_, above, facts)) = open.pop_if(|(_, above, _)| above.end as usize <= index) {
            tail(&mut out, &above, &facts, extended);
        }
        let facts = Facts::of(structure, index);
        head(&mut out, part, &facts);
        if part.kind == Kind::Message {
            let limit = BODYSTRUCTURE_BYTES_MAX.min(out.len() + ENVELOPE_BYTES_MAX);
            out.push(b' ');
            envelope::write(&mut out, structure.header(index + 1), limit);
            out.push(b' ');
        }
        open.push((index, *part, facts));
    }
    while let Some((_, part, facts)) = open.pop() {
        tail(&mut out, &part, &facts, extended);
    }
    out
}

/// What the header of a part says about its content; text unfolded, the rest as written.
#[derive(Default)]
struct Facts {
    kind: Vec<u8>,
    subtype: Vec<u8>,
    params: Params,
    id: Option<Vec<u8>>,
    description: Option<Vec<u8>>,
    encoding: Option<Vec<u8>>,
    md5: Option<Vec<u8>>,
    disposition: Option<Disposition>,
    languages: Vec<Vec<u8>>,
    location: Option<Vec<u8>>,
}

impl Facts {
    fn of(structure: &Structure, index: usize) -> Facts {
        let mut facts = Facts::default();
        let mut content = None;
        for field in fields(structure.header(index)) {
            let slot = match field.name.to_ascii_lowercase().as_slice() {
                b"content-type" => {
                    content = content.or(Some(field.value));
                    continue;
                }
                b"content-disposition" => {
                    facts.disposition = facts.disposition.or_else(|| Disposition::parse(field.value));
                    continue;
                }
                b"content-language" => {
                    facts.languages.extend(languages(field.value));
                    continue;
                }
                b"content-transfer-encoding" => {
                    let token = encoding_token(field.value).map(<[u8]>::to_vec);
                    facts.encoding = facts.encoding.or(token);
                    continue;
                }
                b"content-id" => &mut facts.id,
                b"content-description" => &mut facts.description,
                b"content-md5" => &mut facts.md5,
                b"content-location" => &mut facts.location,
                _ => continue,
            };
            slot.get_or_insert_with(|| unfold(field.value));
        }
        let detail = structure.details.get(index);
        facts.read(content, detail.map(|detail| (detail.reading, detail.in_digest)));
        facts
    }

    /// Sets type, subtype and parameters as the scanner read the part.
    fn read(&mut self, content: Option<&[u8]>, how: Option<(Reading, bool)>) {
        let claimed = content.and_then(ContentType::parse);
        let (reading, in_digest) = how.unwrap_or((Reading::Opaque, false));
        let (kind, subtype): (&[u8], &[u8]) = match (reading, claimed) {
            (Reading::Claimed, Some(claimed)) => {
                self.params = claimed.params;
                self.kind = claimed.kind;
                self.subtype = claimed.subtype;
                return;
            }
            (Reading::Opaque, claimed) => {
                self.params = claimed.map(|claimed| claimed.params).unwrap_or_default();
                (b"APPLICATION", b"OCTET-STREAM")
            }
            (Reading::Claimed, None) if in_digest => (b"MESSAGE", b"RFC822"),
            (Reading::Claimed | Reading::Text, _) => {
                // RFC 2045 5.2.
                self.params = Params(vec![(b"CHARSET".to_vec(), b"US-ASCII".to_vec())]);
                (b"TEXT", b"PLAIN")
            }
        };
        self.kind = kind.to_vec();
        self.subtype = subtype.to_vec();
    }
}

/// Writes what comes before a part's children.
fn head(out: &mut Vec<u8>, part: &Part, facts: &Facts) {
    out.push(b'(');
    if part.kind == Kind::Multipart {
        return;
    }
    string(out, &facts.kind);
    out.push(b' ');
    string(out, &facts.subtype);
    out.push(b' ');
    params(out, &facts.params);
    for value in [&facts.id, &facts.description] {
        out.push(b' ');
        optional(out, value);
    }
    out.push(b' ');
    string(out, facts.encoding.as_deref().unwrap_or(b"7BIT"));
    out.push(b' ');
    number(out, part.body.len);
    if part.kind == Kind::Text {
        out.push(b' ');
        number(out, part.lines);
    }
}

/// Writes what comes behind a part's children.
fn tail(out: &mut Vec<u8>, part: &Part, facts: &Facts, extended: bool) {
    match part.kind {
        Kind::Multipart => {
            out.push(b' ');
            string(out, &facts.subtype);
        }
        Kind::Message => {
            out.push(b' ');
            number(out, part.lines);
        }
        Kind::Basic | Kind::Text => {}
    }
    if extended {
        out.push(b' ');
        match part.kind {
            Kind::Multipart => params(out, &facts.params),
            _ => optional(out, &facts.md5),
        }
        extension(out, facts);
    }
    out.push(b')');
}

/// ` dsp SP lang SP loc`
fn extension(out: &mut Vec<u8>, facts: &Facts) {
    out.push(b' ');
    match &facts.disposition {
        None => nil(out),
        Some(disposition) => within(out, BODYSTRUCTURE_BYTES_MAX, |out| {
            out.push(b'(');
            string(out, &disposition.kind);
            out.push(b' ');
            params(out, &disposition.params);
            out.push(b')');
        }),
    }
    out.push(b' ');
    if facts.languages.is_empty() {
        nil(out);
    } else {
        within(out, BODYSTRUCTURE_BYTES_MAX, |out| strings(out, facts.languages.iter().map(Vec::as_slice)));
    }
    out.push(b' ');
    optional(out, &facts.location);
}

/// An `nstring` that is left out where it would pass the limit.
fn optional(out: &mut Vec<u8>, value: &Option<Vec<u8>>) {
    within(out, BODYSTRUCTURE_BYTES_MAX, |out| nstring(out, value.as_deref()));
}

/// `"(" name SP value *(SP name SP value) ")" / nil`
fn params(out: &mut Vec<u8>, params: &Params) {
    if params.0.is_empty() {
        return nil(out);
    }
    within(out, BODYSTRUCTURE_BYTES_MAX, |out| {
        strings(out, params.0.iter().flat_map(|(name, value)| [name.as_slice(), value.as_slice()]));
    });
}

/// `"(" string *(SP string) ")"`
fn strings<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a [u8]>) {
    for (at, value) in values.enumerate() {
        out.push(if at == 0 { b'(' } else { b' ' });
        string(out, value);
    }
    out.push(b')');
}

#[cfg(test)]
mod tests;
