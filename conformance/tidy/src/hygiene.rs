//! What must be in the tree and what must not: licences; registries' hosts, this or that machine's paths,
//! promises without a number.

use crate::tree::{self, File};
use std::path::Path;

/// Files that must be there.
const REQUIRED: &[&str] =
    &["LICENSE-MIT", "LICENSE-APACHE", "Cargo.toml", "Cargo.lock", ".ci/run", "conformance/run"];

/// Endings of the files that are read.
const TEXT: &[&str] =
    &[".rs", ".py", ".md", ".toml", ".txt", ".sh", ".service", ".socket", ".conf", ".cnf", "run"];

/// Complaints about the whole tree.
#[must_use]
pub fn check(root: &Path) -> Vec<String> {
    let mut found: Vec<String> = REQUIRED
        .iter()
        .filter(|name| !root.join(name).is_file())
        .map(|name| format!("{name} is missing"))
        .collect();
    for file in tree::files(root, |name| TEXT.iter().any(|ending| name.ends_with(ending))) {
        found.extend(words(&file));
    }
    found
}

/// Complaints about the words of one file. The words are put together here so that this file has none of them.
#[must_use]
pub fn words(file: &File) -> Vec<String> {
    let hosts = ["crates", "static.crates", "index.crates"].map(|name| format!("{name}{}io", '.'));
    let others =
        [format!("pypi{}org", '.'), format!("files.pythonhosted{}org", '.'), format!("deb.debian{}org", '.')];
    let paths = ["main", "shared", ".library", "plan"].map(|name| format!("/{}/{name}", "work"));
    let promises = ["TO", "FIX", "XX"].iter().zip(["DO", "ME", "X"]).map(|(a, b)| format!("{a}{b}"));
    let macros = ["to", "unimple"].iter().zip(["do!(", "mented!("]).map(|(a, b)| format!("{a}{b}"));

    let mut found = Vec::new();
    for word in hosts.iter().chain(&others).chain(&paths) {
        if file.text.contains(word.as_str()) {
            found.push(format!("{}: names {word}", file.path));
        }
    }
    for word in promises.chain(macros) {
        let unnumbered =
            file.text.lines().any(|line| standing(line, &word) && !line.contains(&format!("{word}(#")));
        if unnumbered && file.path.ends_with(".rs") {
            found.push(format!("{}: {word} without an issue number", file.path));
        }
    }
    found
}

/// Whether a word stands alone in a line: `VTODO` holds no promise.
fn standing(line: &str, word: &str) -> bool {
    let mut rest = line;
    let mut before = ' ';
    while let Some(at) = rest.find(word) {
        let (head, tail) = rest.split_at(at);
        before = head.chars().next_back().unwrap_or(before);
        let after = tail.get(word.len()..).unwrap_or_default();
        let open_end = after
            .chars()
            .next()
            .is_none_or(|next| !next.is_alphanumeric() && next != '_' || word.ends_with('('));
        if !before.is_alphanumeric() && before != '_' && open_end {
            return true;
        }
        before = word.chars().next_back().unwrap_or(' ');
        rest = after;
    }
    false
}
