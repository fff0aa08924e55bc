//! Nothing is served that is not proved: each extension, command, method and report has a conformance file, each
//! limit a test.

use crate::tree::{self, File};
use std::path::Path;

/// The doors whose features are one file each.
const DOORS: &[&str] = &["imap", "smtp", "pop3", "webdav", "caldav", "carddav"];
/// The folders of a door that hold one feature a file.
const FEATURES: &[&str] = &["extension", "command", "method", "report"];

/// Complaints: a feature file without `conformance/<door>/<name>.txt` or `conformance/<door>/test_<name>.py`.
#[must_use]
pub fn check(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for door in DOORS {
        for feature in FEATURES {
            let folder = root.join("protocols").join(door).join("src").join(feature);
            for name in names(&folder) {
                let at = root.join("conformance").join(door);
                let file = name.replace('_', "-");
                let candidates = [
                    format!("{name}.txt"),
                    format!("{file}.txt"),
                    format!("test_{name}.py"),
                    format!("{name}.py"),
                ];
                if !candidates.iter().any(|candidate| at.join(candidate).is_file()) {
                    found.push(format!(
                        "{door} {feature} {name}: no conformance/{door}/{name}.txt or test_{name}.py"
                    ));
                }
            }
        }
    }
    found
}

/// The features in a folder: `name.rs` or `name/mod.rs`, without the registry and the tests.
fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let is_feature = if path.is_dir() {
            path.join("mod.rs").is_file()
        } else {
            path.extension().is_some_and(|extension| extension == "rs")
        };
        if is_feature && !["mod", "tests", "common"].contains(&stem.as_str()) && !found.contains(&stem) {
            found.push(stem);
        }
    }
    found.sort();
    found
}

/// Where the limits stand that no test names; it may only become shorter.
const UNTESTED: &str = "conformance/tidy/untested-limits.txt";

/// Complaints: a limit of a `limits.rs` that neither a test of its crate nor one in `conformance` names and that is not
/// written down as such, and one that is written down and has a test or is no limit any more.
#[must_use]
pub fn limits(root: &Path) -> Vec<String> {
    let rust = tree::rust(root);
    let told = std::fs::read_to_string(root.join(UNTESTED)).unwrap_or_default();
    let outside = tree::files(&root.join("conformance"), |name| name.ends_with(".py"));
    let mut found = Vec::new();
    let mut untested: Vec<String> =
        told.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    for file in rust.iter().filter(|file| file.path.ends_with("/limits.rs")) {
        let Some((home, _)) = file.path.split_once("/src/") else { continue };
        let names = |other: &&File| other.path.starts_with(&format!("{home}/")) && other.is_test();
        let tests: Vec<&File> = rust.iter().filter(names).chain(&outside).collect();
        for limit in limits_of(&file.text) {
            let entry = format!("{home} {limit}");
            let written = untested.iter().position(|line| *line == entry).map(|at| untested.swap_remove(at));
            let tested = tests.iter().any(|test| has_word(&test.text, limit));
            if !tested && written.is_none() {
                found.push(format!("{entry}: no test at the limit and one past it names it"));
            }
            if tested && written.is_some() {
                found.push(format!("{entry}: has a test, so its line in {UNTESTED} goes"));
            }
        }
    }
    found.extend(
        untested.iter().map(|entry| format!("{entry}: no such limit, so its line in {UNTESTED} goes")),
    );
    found.sort();
    found
}

/// The names of a file's limits: what is no limit but a size of pages or a pause does not end so.
fn limits_of(text: &str) -> impl Iterator<Item = &str> {
    let names =
        text.lines().filter_map(|line| line.split_once("const ")?.1.split_once(':')).map(|(name, _)| name);
    names.filter(|name| name.ends_with("_MAX") || name.ends_with("_MIN"))
}

fn has_word(text: &str, word: &str) -> bool {
    let part =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at + word.len()..).unwrap_or_default());
        !part(before.chars().next_back()) && !part(after.chars().next())
    })
}

/// Complaints about files that no module names: they are not compiled.
#[must_use]
pub fn dead_files(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let Some((folder, name)) = file.path.rsplit_once('/') else { continue };
        let Some((_, inside)) = folder.split_once("src") else { continue };
        let stem = name.trim_end_matches(".rs");
        if matches!(stem, "lib" | "main") || inside.starts_with("/bin") {
            continue;
        }
        let (module, home) = match stem {
            "mod" => match folder.rsplit_once('/') {
                Some((parent, module)) => (module, parent),
                None => continue,
            },
            _ => (stem, folder),
        };
        let parents = [
            format!("{home}/mod.rs"),
            format!("{home}/lib.rs"),
            format!("{home}/main.rs"),
            format!("{home}.rs"),
        ];
        let named = files
            .iter()
            .filter(|other| parents.contains(&other.path))
            .any(|other| declares(&other.text, module));
        if !named {
            found.push(format!("{}: no `mod {module};` in its parent", file.path));
        }
    }
    found
}

fn declares(text: &str, module: &str) -> bool {
    // A module named after a word of the language (`move`) is declared raw.
    let spellings = [format!("mod {module};"), format!("mod r#{module};")];
    text.lines().any(|line| spellings.iter().any(|spelling| line.trim().ends_with(spelling)))
}

/// The files whose feature names are checked, for a test that the check sees anything at all.
#[must_use]
pub fn feature_count(root: &Path) -> usize {
    tree::rust(root)
        .iter()
        .filter(|file| FEATURES.iter().any(|feature| file.path.contains(&format!("/src/{feature}/"))))
        .count()
}
