//! The card of how to connect: printed for people, `quickstart.json` for programs.

use super::write_private;
use crate::config::Protocol;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A door on a port.
pub(super) struct Port {
    /// Its key in `quickstart.json`.
    pub(super) name: &'static str,
    /// Added to the port base.
    pub(super) offset: u16,
    /// What is served there.
    pub(super) protocols: &'static [Protocol],
    /// As in the configuration.
    pub(super) tls: &'static str,
    /// For people.
    pub(super) text: &'static str,
}

impl Port {
    /// Its number over a base.
    pub(super) fn number(&self, base: u16) -> u16 {
        base.saturating_add(self.offset)
    }
}

/// An account and its password, which is kept nowhere else.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Login {
    pub(super) address: String,
    pub(super) password: String,
}

/// `quickstart.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Card {
    accounts: Vec<Login>,
    ports: BTreeMap<String, u16>,
    ca: PathBuf,
}

impl Card {
    pub(super) fn new(
        accounts: Vec<Login>,
        ports: impl Iterator<Item = &'static Port>,
        base: u16,
        ca: &Path,
    ) -> Self {
        let ports = ports.map(|port| (port.name.to_owned(), port.number(base))).collect();
        Self { accounts, ports, ca: ca.to_owned() }
    }

    /// Where it is.
    pub(super) fn path(data: &Path) -> PathBuf {
        data.join("quickstart.json")
    }

    /// The port base it was made with.
    pub(super) fn base(&self) -> Option<u16> {
        let (name, number) = self.ports.first_key_value()?;
        let port = super::PORTS.iter().find(|port| port.name == name)?;
        number.checked_sub(port.offset)
    }

    pub(super) fn write(&self, data: &Path) -> Result<(), Failure> {
        let text =
            serde_json::to_string_pretty(self).map_err(|cause| Failure::of("quickstart.json", cause))?;
        write_private(&Self::path(data), &(text + "\n"))
    }

    pub(super) fn read(data: &Path) -> Result<Self, Failure> {
        let path = Self::path(data);
        let text = std::fs::read_to_string(&path).map_err(|cause| Failure::of(path.display(), cause))?;
        serde_json::from_str(&text).map_err(|cause| Failure::of(path.display(), cause))
    }

    /// As it is printed.
    pub(super) fn text(&self, known: &[Port], config: &Path) -> String {
        let mut text = String::from("\nCollegium serves on this machine.\n\n  Accounts\n");
        for login in &self.accounts {
            line(&mut text, &login.address, &format!("password {}", login.password));
        }
        text.push_str("\n  Doors (server localhost, user name is the whole address)\n");
        for port in known {
            if let Some(number) = self.ports.get(port.name) {
                let http = port.protocols.iter().all(|one| one.is_http());
                let place =
                    if http { format!("https://localhost:{number}/") } else { format!("port {number}") };
                line(&mut text, &place, port.text);
            }
        }
        text.push_str("\n  The certificate is valid for clients that trust this CA\n");
        line(&mut text, &self.ca.display().to_string(), "");
        text.push_str("\n  More accounts\n");
        line(&mut text, &format!("collegium account add NAME@example.org --config {}", config.display()), "");
        text.push_str("\nCtrl-C ends it; the same command starts it again with everything in it.\n\n");
        text
    }
}

fn line(text: &mut String, left: &str, right: &str) {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "    {}", format!("{left:<28} {right}").trim_end());
}
