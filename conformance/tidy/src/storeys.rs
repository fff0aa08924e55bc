//! The storeys: who may depend on whom. A new edge is a change to this table first.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Storage crates and their storey: each may use only those strictly below.
const STORAGE: &[(&str, u8)] =
    &[("model", 0), ("format", 1), ("engine", 1), ("store", 2), ("directory", 2), ("backup", 3)];

/// The doors and what they share. Each may use all of storage, and each other only along `SIDEWAYS`.
const PROTOCOLS: &[&str] = &[
    "sasl",
    "http-door",
    "delivery",
    "sieve",
    "scheduling",
    "imap",
    "smtp",
    "pop3",
    "webdav",
    "caldav",
    "carddav",
];

/// The only edges between protocol crates.
const SIDEWAYS: &[(&str, &str)] = &[
    ("caldav", "webdav"),
    ("carddav", "webdav"),
    ("caldav", "http-door"),
    ("carddav", "http-door"),
    ("webdav", "http-door"),
    ("http-door", "sasl"), // the stream, peer and drain that every door shares
    ("imap", "sasl"),
    ("smtp", "sasl"),
    ("pop3", "sasl"),
    ("delivery", "sasl"),
    ("smtp", "delivery"),
    ("delivery", "sieve"),
    ("caldav", "scheduling"),
    ("delivery", "scheduling"),
];

/// Black-box crates: they know none of ours.
const CONFORMANCE: &[&str] = &["tidy", "load", "stress", "lossyfs"];

/// The composition root, which may use everything but the black-box crates.
const ROOT: &str = "collegium";

/// Whether `from` may depend on `to`; `for_tests` is a dev-dependency, which may reach all of storage.
#[must_use]
pub fn allowed(from: &str, to: &str, for_tests: bool) -> bool {
    let storey = |name: &str| STORAGE.iter().find(|(known, _)| *known == name).map(|(_, level)| *level);
    let protocol = |name: &str| PROTOCOLS.contains(&name);
    match (storey(from), storey(to)) {
        (Some(upper), Some(lower)) => lower < upper,
        (Some(_), None) => false,
        (None, Some(_)) => protocol(from) || from == ROOT,
        (None, None) if from == ROOT => protocol(to),
        (None, None) => protocol(from) && (SIDEWAYS.contains(&(from, to)) || for_tests && to == "sasl"),
    }
}

/// Complaints about the workspace as `cargo metadata` tells it.
#[must_use]
pub fn check(root: &Path) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output();
    match output {
        Ok(output) if output.status.success() => match serde_json::from_slice(&output.stdout) {
            Ok(metadata) => complaints(&metadata),
            Err(error) => vec![format!("cargo metadata is not JSON: {error}")],
        },
        Ok(output) => vec![format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr))],
        Err(error) => vec![format!("cargo metadata did not run: {error}")],
    }
}

/// Complaints about one `cargo metadata` document.
#[must_use]
pub fn complaints(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for package in list(metadata, "packages") {
        let from = text(package, "name");
        let known = from == ROOT || PROTOCOLS.contains(&from) || CONFORMANCE.contains(&from);
        if !known && !STORAGE.iter().any(|(name, _)| *name == from) {
            found.push(format!("crate {from} has no storey in conformance/tidy/src/storeys.rs"));
        }
        for dependency in list(package, "dependencies") {
            let ours = dependency.get("path").is_some_and(Value::is_string);
            let for_tests = dependency.get("kind").and_then(Value::as_str) == Some("dev");
            let to = text(dependency, "name");
            if ours && !allowed(from, to, for_tests) {
                found.push(format!("{from} may not depend on {to}"));
            }
        }
    }
    found
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
