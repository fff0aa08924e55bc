//! Where an export goes: a directory, or standard output as one tar archive.

use crate::export::{MANIFEST, tar::Archive};
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Stdout, Write};
use std::path::{Path, PathBuf};

/// See the module. Paths in it are relative, with slashes.
pub(super) enum Out {
    /// A directory that was made for it.
    Tree(PathBuf),
    /// The archive so far.
    Stream(Archive<BufWriter<Stdout>>),
}

impl Out {
    /// Makes the directory; `-` is standard output.
    ///
    /// # Errors
    /// `AlreadyExists` for a directory that is there; when standard output is a terminal.
    pub(super) fn begin(to: &Path) -> io::Result<Self> {
        if to != Path::new("-") {
            fs::create_dir(to)?;
            return Ok(Self::Tree(to.to_path_buf()));
        }
        let stdout = io::stdout();
        if io::IsTerminal::is_terminal(&stdout) {
            return Err(io::Error::other("an archive is not for a terminal: send it to a file or a program"));
        }
        Ok(Self::Stream(Archive::new(BufWriter::new(stdout))))
    }

    /// Where something lies, for people.
    pub(super) fn name_of(&self, path: &str) -> PathBuf {
        match self {
            Self::Tree(root) => root.join(path),
            Self::Stream(_) => Path::new("standard output").to_path_buf(),
        }
    }

    /// A directory, with those above it.
    ///
    /// # Errors
    /// Of the disk or the stream.
    pub(super) fn directory(&mut self, path: &str) -> io::Result<()> {
        match self {
            Self::Tree(root) => fs::create_dir_all(root.join(path)),
            Self::Stream(archive) => archive.directory(path),
        }
    }

    /// A file that is known as a whole.
    ///
    /// # Errors
    /// As [`Self::directory`].
    pub(super) fn small_file(&mut self, path: &str, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Tree(root) => fs::write(root.join(path), octets),
            Self::Stream(archive) => {
                archive.file(path, octets.len() as u64, 0)?;
                archive.write_all(octets)
            }
        }
    }

    /// The manifest of a directory, to be filled. An archive tells a file's length before its octets, so that it waits
    /// in a file without a name until then.
    ///
    /// # Errors
    /// Of the disk.
    pub(super) fn begin_manifest(&self, directory: &str) -> io::Result<BufWriter<File>> {
        let file = match self {
            Self::Tree(root) => File::create(root.join(directory).join(MANIFEST)),
            Self::Stream(_) => tempfile::tempfile(),
        };
        file.map(BufWriter::new)
    }

    /// The manifest is whole.
    ///
    /// # Errors
    /// As [`Self::directory`].
    pub(super) fn end_manifest(&mut self, directory: &str, manifest: BufWriter<File>) -> io::Result<()> {
        let mut file = manifest.into_inner().map_err(io::IntoInnerError::into_error)?;
        match self {
            Self::Tree(_) => file.sync_all(),
            Self::Stream(archive) => {
                file.rewind()?;
                archive.file(&format!("{directory}/{MANIFEST}"), file.metadata()?.len(), 0)?;
                io::copy(&mut file, archive).map(drop)
            }
        }
    }

    /// Everything is written.
    ///
    /// # Errors
    /// Of the stream.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Tree(_) => Ok(()),
            Self::Stream(archive) => archive.finish()?.flush(),
        }
    }
}
