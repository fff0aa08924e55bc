//! Reads the tree: which files there are and what is in them.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", ".venv", "__pycache__"];

/// One text file of the tree.
#[derive(Debug)]
pub struct File {
    /// Path relative to the root, with `/` between its parts.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl File {
    /// Whether this is test code: a `tests.rs`, anything under a `tests` folder, or a black-box test.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            // A suite is what tests of several engines have in common.
            || self.path.split('/').any(|part| matches!(part, "tests" | "suite"))
            || self.path.ends_with("_tests.rs")
    }
}

/// The root of the repository: as cargo tells when it runs the test, since clones share one target directory and a
/// path that was compiled in may be another clone's.
#[must_use]
pub fn root() -> PathBuf {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}

/// Every text file below `root` whose name passes, sorted by path. Files that are not UTF-8 are left out.
#[must_use]
pub fn files(root: &Path, wanted: impl Fn(&str) -> bool) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if wanted(&name)
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file.
#[must_use]
pub fn rust(root: &Path) -> Vec<File> {
    files(root, |name| name.ends_with(".rs"))
}
