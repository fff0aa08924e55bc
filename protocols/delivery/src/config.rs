//! The section `[delivery]` of the configuration file.

use serde::Deserialize;
use std::path::PathBuf;

/// What an installation sets about delivery. Everything has a default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server that takes mail for others. Without one, remote recipients are refused.
    pub relay: Option<RelayConfig>,
}

/// A relay (smart host).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port: 587 for `starttls`, 465 for `implicit`.
    #[serde(default = "submission_port")]
    pub port: u16,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: RelayTls,
    /// Account there; needs `password_file`.
    #[serde(default)]
    pub login: Option<String>,
    /// File with the password, a line.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Certificate authorities to trust instead of the public ones (PEM).
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// How the connection to the relay is protected. What is configured is demanded: there is no fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// TLS after STARTTLS.
    #[default]
    Starttls,
    /// TLS from the first octet.
    Implicit,
    /// Not at all; no password is sent then, unless the relay is on this machine (a loopback address).
    None,
}

const fn submission_port() -> u16 {
    587
}
