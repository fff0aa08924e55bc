//! A file's bytes in pages that copies share, so that what is durable and what a program sees cost one memory, and
//! a snapshot of everything costs next to nothing.

use std::sync::Arc;

/// Bytes in a page.
pub(crate) const PAGE_BYTES: usize = 4096;

type Page = Arc<[u8; PAGE_BYTES]>;

/// Bytes with holes, which read as zeros.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pages: Vec<Option<Page>>,
    size: u64,
}

/// The pages that a range of bytes touches, as `first..end`.
fn touched(offset: u64, length: usize) -> std::ops::Range<usize> {
    let page = PAGE_BYTES as u64;
    let end = offset.saturating_add(length as u64);
    index(offset / page)..index(end.div_ceil(page))
}

/// A number of a page as an index; files here are far below 2^44 bytes.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Content {
    /// Length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Pages that hold bytes, which is what the file takes on the disk.
    pub(crate) fn pages_held(&self) -> u64 {
        self.pages.iter().flatten().count() as u64
    }

    /// Pages that a write would have to add.
    pub(crate) fn pages_wanted(&self, offset: u64, length: usize) -> u64 {
        touched(offset, length).filter(|at| !matches!(self.pages.get(*at), Some(Some(_)))).count() as u64
    }

    /// Up to `length` bytes from `offset`.
    pub(crate) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let end = offset.saturating_add(length as u64).min(self.size);
        let mut bytes = Vec::with_capacity(index(end.saturating_sub(offset)));
        let mut at = offset;
        while at < end {
            let within = index(at % PAGE_BYTES as u64);
            let part = (PAGE_BYTES - within).min(index(end - at));
            match self.pages.get(index(at / PAGE_BYTES as u64)) {
                Some(Some(page)) => {
                    bytes.extend_from_slice(page.get(within..within + part).unwrap_or_default())
                }
                _ => bytes.resize(bytes.len() + part, 0),
            }
            at += part as u64;
        }
        bytes
    }

    /// Puts bytes at `offset`, which makes the file longer where needed.
    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) {
        let range = touched(offset, data.len());
        if self.pages.len() < range.end {
            self.pages.resize(range.end, None);
        }
        let mut rest = data;
        let mut within = index(offset % PAGE_BYTES as u64);
        for slot in self.pages.get_mut(range).unwrap_or_default() {
            let (part, after) = rest.split_at(rest.len().min(PAGE_BYTES - within));
            let page = Arc::make_mut(slot.get_or_insert_with(|| Arc::new([0; PAGE_BYTES])));
            if let Some(held) = page.get_mut(within..within + part.len()) {
                held.copy_from_slice(part);
            }
            (rest, within) = (after, 0);
        }
        self.size = self.size.max(offset + data.len() as u64);
    }

    /// Sets the length. What is cut off reads as zeros when the file grows again.
    pub(crate) fn resize(&mut self, size: u64) {
        let within = index(size % PAGE_BYTES as u64);
        self.pages.truncate(index(size.div_ceil(PAGE_BYTES as u64)));
        if size < self.size
            && within > 0
            && let Some(Some(page)) = self.pages.get_mut(index(size / PAGE_BYTES as u64))
        {
            Arc::make_mut(page).iter_mut().skip(within).for_each(|byte| *byte = 0);
        }
        self.size = size;
    }

    /// Takes over the pages that a write touched from what a program sees: that write is durable now.
    pub(crate) fn adopt(&mut self, seen: &Self, offset: u64, length: usize) {
        let range = touched(offset, length);
        if self.pages.len() < range.end {
            self.pages.resize(range.end, None);
        }
        let from = seen.pages.get(range.clone()).unwrap_or_default();
        for (held, new) in self.pages.get_mut(range).unwrap_or_default().iter_mut().zip(from) {
            held.clone_from(new);
        }
        self.size = self.size.max((offset + length as u64).min(seen.size));
    }

    /// Turns one bit over. False when there is no such byte.
    pub(crate) fn flip(&mut self, bit: u64) -> bool {
        let (offset, mask) = (bit / 8, 1_u8 << (bit % 8));
        let mut byte = self.read(offset, 1);
        match byte.first_mut() {
            Some(held) => *held ^= mask,
            None => return false,
        }
        self.write(offset, &byte);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_ends_and_edges_of_pages() {
        let mut content = Content::default();
        content.write(4090, b"0123456789");
        assert_eq!((content.size(), content.pages_held()), (4100, 2));
        assert_eq!(content.read(4088, 100), b"\0\x000123456789");
        content.resize(4093);
        content.resize(5000);
        assert_eq!(content.read(4090, 6), b"012\0\0\0");
        content.write(20_000, b"x");
        assert_eq!((content.pages_held(), content.pages_wanted(8192, 4097)), (2, 2));
        assert_eq!(content.read(19_999, 9), b"\0x");
    }

    #[test]
    fn a_copy_does_not_change_with_the_original() {
        let mut content = Content::default();
        content.write(0, &[7; 10_000]);
        let copy = content.clone();
        content.write(4000, &[8; 200]);
        assert_eq!(copy.read(0, 20_000), [7; 10_000]);
        let mut durable = copy;
        durable.adopt(&content, 4000, 200);
        assert_eq!(durable.read(0, 20_000), content.read(0, 20_000));
        assert!(content.flip(8 * 4000 + 3) && !content.flip(8 * 10_000));
        assert_eq!(content.read(4000, 1), [0]);
    }
}
