//! A tar archive as it goes into a stream: ustar headers, and pax records (POSIX.1-2001, pax Interchange Format) before them
//! for what they do not hold. Nothing is kept but the block that is being filled.

use std::io::{self, Write};

const BLOCK_BYTES: usize = 512;
/// What the name's field holds.
const NAME_BYTES_MAX: usize = 100;
/// What eleven octal digits hold.
const SIZE_MAX: u64 = 8 << 30;

/// What an entry is, as its header says it.
#[derive(Clone, Copy)]
enum Kind {
    File,
    Directory,
    Records,
}

impl Kind {
    fn flag(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::Directory => b'5',
            Self::Records => b'x',
        }
    }

    fn mode(self) -> &'static [u8] {
        if matches!(self, Self::Directory) { b"0000700" } else { b"0000600" }
    }
}

/// An archive that is being written.
pub(crate) struct Archive<W> {
    out: W,
    /// Octets that the entry still wants.
    left: u64,
    /// Zeros behind it, up to the next block.
    padding: usize,
}

impl<W: Write> Archive<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, left: 0, padding: 0 }
    }

    /// A directory; its path is relative and has no slash at its end.
    ///
    /// # Errors
    /// Of the stream.
    pub(crate) fn directory(&mut self, path: &str) -> io::Result<()> {
        self.entry(Kind::Directory, &format!("{path}/"), 0, 0)
    }

    /// Begins a file of so many octets, changed at a time in seconds since 1970.
    ///
    /// # Errors
    /// Of the stream.
    pub(crate) fn file(&mut self, path: &str, size: u64, modified: i64) -> io::Result<()> {
        self.entry(Kind::File, path, size, modified)
    }

    /// Ends the archive. What its last file lacks is zeros.
    ///
    /// # Errors
    /// Of the stream.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.close()?;
        self.out.write_all(&[0; 2 * BLOCK_BYTES])?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// Ends an entry: whoever could not write all of it has told so, and what follows must be found.
    fn close(&mut self) -> io::Result<()> {
        while self.left > 0 {
            let some = usize::try_from(self.left).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
            self.out.write_all([0; BLOCK_BYTES].get(..some).unwrap_or_default())?;
            self.left -= some as u64;
        }
        let padding = std::mem::take(&mut self.padding);
        self.out.write_all([0; BLOCK_BYTES].get(..padding).unwrap_or_default())
    }

    fn entry(&mut self, kind: Kind, path: &str, size: u64, modified: i64) -> io::Result<()> {
        let mut records = Vec::new();
        if path.len() > NAME_BYTES_MAX || !path.is_ascii() {
            record(&mut records, "path", path);
        }
        if size >= SIZE_MAX {
            record(&mut records, "size", &size.to_string());
        }
        if !records.is_empty() {
            self.header(Kind::Records, b"pax", records.len() as u64, 0)?;
            self.write_all(&records)?;
        }
        self.header(kind, path.as_bytes(), size, modified)
    }

    fn header(&mut self, kind: Kind, name: &[u8], size: u64, modified: i64) -> io::Result<()> {
        self.close()?;
        let name = name.get(..NAME_BYTES_MAX).unwrap_or(name);
        let octal = |value: u64| format!("{:011o}", value.min(SIZE_MAX - 1)).into_bytes();
        let fields: [(usize, &[u8]); 9] = [
            (0, name),
            (100, kind.mode()),
            (108, b"0000000"),
            (116, b"0000000"),
            (124, &octal(size)),
            (136, &octal(u64::try_from(modified).unwrap_or(0))),
            // The sum is made with its own field blank.
            (148, b"        "),
            (156, &[kind.flag()]),
            (257, b"ustar\x0000"),
        ];
        let mut block = [0; BLOCK_BYTES];
        for (at, field) in fields {
            put(&mut block, at, field);
        }
        let sum: u32 = block.iter().map(|octet| u32::from(*octet)).sum();
        put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
        self.left = size;
        self.padding = (BLOCK_BYTES - (size % BLOCK_BYTES as u64) as usize) % BLOCK_BYTES;
        self.out.write_all(&block)
    }
}

/// The next octets of the file; `InvalidInput` for more than it was said to have.
impl<W: Write> Write for Archive<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if octets.len() as u64 > self.left {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let written = self.out.write(octets)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn put(block: &mut [u8; BLOCK_BYTES], at: usize, field: &[u8]) {
    block.iter_mut().skip(at).zip(field).for_each(|(place, octet)| *place = *octet);
}

/// A record: its own length in digits, a key, a value.
fn record(records: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
}

#[cfg(test)]
mod tests;
