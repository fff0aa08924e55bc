//! Faults on demand: the n-th write on a full disk, the n-th sync that fails, lies or cuts the power, on the files
//! that a pattern names.

use crate::cut::Loss;
use serde::{Deserialize, Serialize};

/// What programs do, as counters and faults name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deed {
    Open,
    Read,
    Write,
    Truncate,
    /// fsync or fdatasync of a file.
    Sync,
    /// fsync of a directory.
    SyncDir,
    Create,
    MkDir,
    Rename,
    Unlink,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Harm {
    /// "Input/output error". After a sync that failed so, what it should have written is lost.
    Eio,
    /// "No space left on device".
    Enospc,
    /// A sync that answers without doing anything.
    Lie,
    /// A write of which one bit turns over.
    Flip,
    /// It takes `delay_ms` longer.
    Delay,
    /// The power is cut before it is done.
    Cut,
}

/// A fault to come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The deeds it strikes.
    pub(crate) on: Vec<Deed>,
    pub(crate) harm: Harm,
    /// Paths it strikes, below the mount, with `*` for anything.
    #[serde(default = "everything")]
    pub(crate) path: String,
    /// Strikes only when the last deed in the same directory, as `deed path`, fits this pattern: so that of two calls
    /// on one directory one can be meant.
    #[serde(default = "everything")]
    pub(crate) after: String,
    /// The first of those deeds to be struck, from 1.
    #[serde(default = "one")]
    pub(crate) nth: u64,
    /// How many are struck from there on; 0 is all.
    #[serde(default)]
    pub(crate) times: u64,
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// For a cut.
    #[serde(default)]
    pub(crate) seed: u64,
    #[serde(default = "any")]
    pub(crate) loss: Loss,
    /// Deeds that matched so far, and those that were struck.
    #[serde(default)]
    pub(crate) seen: u64,
    #[serde(default)]
    pub(crate) struck: u64,
}

fn everything() -> String {
    "*".to_owned()
}

fn one() -> u64 {
    1
}

fn any() -> Loss {
    Loss::Any
}

impl Deed {
    /// Every deed.
    pub(crate) const ALL: [Self; 10] = [
        Self::Open,
        Self::Read,
        Self::Write,
        Self::Truncate,
        Self::Sync,
        Self::SyncDir,
        Self::Create,
        Self::MkDir,
        Self::Rename,
        Self::Unlink,
    ];

    /// As counters and faults name it.
    pub(crate) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl Fault {
    /// Counts a deed; true when it is to be struck. `before` is the last deed in the same directory.
    pub(crate) fn strikes(&mut self, deed: Deed, path: &str, before: &str) -> bool {
        if !self.on.contains(&deed) || !matches(&self.path, path) || !matches(&self.after, before) {
            return false;
        }
        self.seen += 1;
        let strikes = self.seen >= self.nth.max(1) && (self.times == 0 || self.struck < self.times);
        self.struck += u64::from(strikes);
        strikes
    }
}

/// Whether a path fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == path };
    let Some(rest) = path.strip_prefix(before) else { return false };
    let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.filter_map(|at| rest.get(at..)).any(|rest| matches(after, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, fits) in [
            ("*", "", true),
            ("*.jnl", "data/index/0.jnl", true),
            ("*.jnl", "data/index/0.jnl.x", false),
            ("data/*/tables/*", "data/index/keyspaces/1/tables/4", true),
            ("data/blobs", "data/blobs", true),
            ("data/blobs", "data/blobs/00000001.seg", false),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn the_nth_and_so_many() {
        let text = r#"{"on": ["sync"], "harm": "eio", "path": "*.seg", "nth": 2, "times": 2}"#;
        let mut fault: Fault = serde_json::from_str(text).expect("a fault");
        assert!(!fault.strikes(Deed::Write, "1.seg", "") && !fault.strikes(Deed::Sync, "1.jnl", ""));
        let struck: Vec<bool> = (0..4).map(|_| fault.strikes(Deed::Sync, "1.seg", "")).collect();
        assert_eq!(struck, [false, true, true, false]);
        let text = r#"{"on": ["syncdir"], "harm": "lie", "after": "sync *.gone"}"#;
        let mut fault: Fault = serde_json::from_str(text).expect("a fault");
        assert!(!fault.strikes(Deed::SyncDir, "blobs", "sync blobs/1.seg"));
        assert!(fault.strikes(Deed::SyncDir, "blobs", "sync blobs/1.gone"));
    }
}
