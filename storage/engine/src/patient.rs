//! Reading from a disk that fails: pages that it does not give any more read as zeros, so that whoever knows what sound
//! octets look like goes on behind them.

use std::{cell::RefCell, collections::BTreeSet, fs::File, io, os::unix::fs::FileExt, path::Path};

/// Octets of a file that are given up together when the disk does not give one of them.
pub(crate) const PAGE_BYTES: u64 = 4096;

/// What can be read at any place.
pub(crate) trait ReadAt {
    /// Fills all of `octets` from this offset.
    fn read_exact_at(&self, octets: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, octets: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, octets, offset)
    }
}

/// Reads zeros where the disk gives nothing.
pub(crate) struct Patient<'a, F> {
    file: &'a F,
    /// Pages that were tried: a dying disk takes seconds for each.
    bad: RefCell<BTreeSet<u64>>,
}

impl<'a, F> Patient<'a, F> {
    pub(crate) fn new(file: &'a F) -> Self {
        Self { file, bad: RefCell::default() }
    }
}

impl<F: ReadAt> ReadAt for Patient<'_, F> {
    fn read_exact_at(&self, octets: &mut [u8], offset: u64) -> io::Result<()> {
        let mut bad = self.bad.borrow_mut();
        let end = offset + octets.len() as u64;
        if bad.range(offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES)).next().is_none() {
            match self.file.read_exact_at(octets, offset) {
                Err(error) if is_bad_disk(&error) => {}
                done => return done,
            }
        }
        let (mut from, mut rest) = (offset, octets);
        while !rest.is_empty() {
            let page = from / PAGE_BYTES;
            let wanted =
                usize::try_from((page + 1) * PAGE_BYTES - from).unwrap_or(rest.len()).min(rest.len());
            let (part, behind) = rest.split_at_mut(wanted);
            let done = if bad.contains(&page) { None } else { Some(self.file.read_exact_at(part, from)) };
            match done {
                Some(Ok(())) => {}
                Some(Err(error)) if !is_bad_disk(&error) => return Err(error),
                _ => {
                    bad.insert(page);
                    part.fill(0);
                }
            }
            (from, rest) = (from + wanted as u64, behind);
        }
        Ok(())
    }
}

/// All of a file. Blocks for as long as the disk takes.
///
/// # Errors
/// Of the system; one for which [`is_bad_disk`] holds when the disk does not even give the file's name or length.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut octets = vec![0; length];
    Patient::new(&file).read_exact_at(&mut octets, 0)?;
    Ok(octets)
}

/// Whether the disk did not give what was asked for.
pub(crate) fn is_bad_disk(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

#[cfg(test)]
pub(crate) mod tests;
