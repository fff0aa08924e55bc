//! `collegium support`: what this build serves, as the tables of README.md, read from the registries.

use crate::doors::plugins;
use crate::failure::Failure;
use clap::Args;
use std::fmt::Write as _;
use webdav::support::{self, Support as Served};

/// See [`super::Verb::Support`].
#[derive(Debug, Args)]
pub(super) struct Support {}

impl Support {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let tables = tables().map_err(|cause| Failure::of("tables", cause))?;
        print!("{tables}");
        Ok(())
    }
}

fn tables() -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "| IMAP | source | capability |\n|---|---|---|")?;
    for row in imap::extension::table() {
        writeln!(text, "| {} | {} | {} |", row.name, row.rfc, row.capability.map_or("-".to_owned(), code))?;
    }
    writeln!(text, "\n| SMTP submission | source |\n|---|---|")?;
    for (name, rfc) in smtp::extensions() {
        writeln!(text, "| {name} | {rfc} |")?;
    }
    writeln!(text, "\n| POP3 | source |\n|---|---|")?;
    for (name, rfc) in pop3::capabilities() {
        writeln!(text, "| {name} | {rfc} |")?;
    }
    writeln!(text, "\n| DAV | methods | reports | live properties |\n|---|---|---|---|")?;
    dav_row(&mut text, "core", &support::core())?;
    for plugin in plugins() {
        let served = support::of_plugin(&plugin);
        if !(served.methods.is_empty() && served.reports.is_empty() && served.properties.is_empty()) {
            dav_row(&mut text, plugin.name(), &served)?;
        }
    }
    Ok(text)
}

fn dav_row(text: &mut String, name: &str, served: &Served) -> std::fmt::Result {
    let list = |names: &mut dyn Iterator<Item = &str>| names.map(code).collect::<Vec<_>>().join(" ");
    let methods = list(&mut served.methods.iter().copied());
    let reports = list(&mut served.reports.iter().map(String::as_str));
    let properties = list(&mut served.properties.iter().map(String::as_str));
    writeln!(text, "| {name} | {methods} | {reports} | {properties} |")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
