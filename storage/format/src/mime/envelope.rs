//! ENVELOPE as it goes onto the wire, from a raw header block (RFC 9051 7.5.2): nothing is decoded.

use super::address::{Item, parse};
use super::header::{Field, fields, unfold};
use super::limits::ENVELOPE_BYTES_MAX;
use super::wire::{nil, nstring, string};

/// The value of the fetch item ENVELOPE for a message with this header block.
///
/// A field that occurs more than once counts where it is first, but the destination fields are joined
/// (RFC 5322 4.5.3). Past [`ENVELOPE_BYTES_MAX`] address lists are cut.
pub fn envelope(block: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    write(&mut out, block, ENVELOPE_BYTES_MAX);
    out
}

/// Appends an envelope; address lists end where `out` has `limit` octets.
pub(crate) fn write(out: &mut Vec<u8>, block: &[u8], limit: usize) {
    let found = Found::of(block);
    out.push(b'(');
    text(out, found.date, limit);
    out.push(b' ');
    text(out, found.subject, limit);
    let from = list(found.from.iter());
    let sender = Some(list(found.sender.iter())).filter(|items| !items.is_empty());
    let reply_to = Some(list(found.reply_to.iter())).filter(|items| !items.is_empty());
    for items in [&from, sender.as_ref().unwrap_or(&from), reply_to.as_ref().unwrap_or(&from)] {
        out.push(b' ');
        list_out(out, items, limit);
    }
    for values in [&found.to, &found.cc, &found.bcc] {
        out.push(b' ');
        list_out(out, &list(values.iter()), limit);
    }
    out.push(b' ');
    text(out, found.in_reply_to, limit);
    out.push(b' ');
    text(out, found.message_id, limit);
    out.push(b')');
}

/// The raw values that an envelope is made of.
#[derive(Default)]
struct Found<'a> {
    date: Option<&'a [u8]>,
    subject: Option<&'a [u8]>,
    from: Option<&'a [u8]>,
    sender: Option<&'a [u8]>,
    reply_to: Option<&'a [u8]>,
    to: Vec<&'a [u8]>,
    cc: Vec<&'a [u8]>,
    bcc: Vec<&'a [u8]>,
    in_reply_to: Option<&'a [u8]>,
    message_id: Option<&'a [u8]>,
}

impl<'a> Found<'a> {
    fn of(block: &'a [u8]) -> Found<'a> {
        let mut found = Found::default();
        for field in fields(block) {
            found.take(&field);
        }
        found
    }

    fn take(&mut self, field: &Field<'a>) {
        let slot = match field.name.to_ascii_lowercase().as_slice() {
            b"date" => &mut self.date,
            b"subject" => &mut self.subject,
            b"from" => &mut self.from,
            b"sender" => &mut self.sender,
            b"reply-to" => &mut self.reply_to,
            b"in-reply-to" => &mut self.in_reply_to,
            b"message-id" => &mut self.message_id,
            b"to" => return self.to.push(field.value),
            b"cc" => return self.cc.push(field.value),
            b"bcc" => return self.bcc.push(field.value),
            _ => return,
        };
        slot.get_or_insert(field.value);
    }
}

/// The addresses of all these values.
fn list<'v>(values: impl Iterator<Item = &'v &'v [u8]>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for value in values {
        let room = super::limits::ADDRESSES_MAX.saturating_sub(items.len());
        if room == 0 {
            break;
        }
        items.extend(parse(value));
    }
    items
}

/// A text field: NIL when absent, empty when empty, cut where it would pass the limit.
fn text(out: &mut Vec<u8>, value: Option<&[u8]>, limit: usize) {
    let value = value.map(unfold);
    let room = limit.saturating_sub(out.len());
    nstring(out, value.as_ref().map(|value| value.get(..room).unwrap_or(value)));
}

/// `"(" 1*address ")" / nil`; ends before the address that would pass the limit.
fn list_out(out: &mut Vec<u8>, items: &[Item], limit: usize) {
    let start = out.len();
    out.push(b'(');
    let mut in_group = false;
    for item in items {
        let end = out.len();
        address(out, item);
        if out.len() > limit {
            out.truncate(end);
            break;
        }
        in_group = matches!(item, Item::GroupStart(_)) || (in_group && !matches!(item, Item::GroupEnd));
    }
    if in_group {
        address(out, &Item::GroupEnd);
    }
    if out.len() == start + 1 {
        out.truncate(start);
        return nil(out);
    }
    out.push(b')');
}

/// `"(" name SP adl SP mailbox SP host ")"`. A missing domain is empty, since NIL there means a group.
fn address(out: &mut Vec<u8>, item: &Item) {
    match item {
        Item::Mailbox { name, route, local, domain } => {
            out.push(b'(');
            nstring(out, name.as_deref());
            out.push(b' ');
            nstring(out, route.as_deref());
            out.push(b' ');
            string(out, local);
            out.push(b' ');
            string(out, domain);
            out.push(b')');
        }
        Item::GroupStart(name) => {
            out.extend_from_slice(b"(NIL NIL ");
            string(out, name);
            out.extend_from_slice(b" NIL)");
        }
        Item::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
    }
}

#[cfg(test)]
mod tests;
