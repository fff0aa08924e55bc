//! The one TOML file: facts of this node. Accounts, domains and policies live in the store.
//!
//! Every section denies keys it does not know, so that a misspelt limit is never a limit that silently does
//! not hold. [`load`] reports each problem with its line.

mod check;
mod problem;
#[cfg(test)]
mod tests;

pub(crate) use check::load;
pub(crate) use problem::{Problem, report};

use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) server: Server,
    #[serde(default)]
    pub(crate) store: StoreSection,
    pub(crate) tls: Option<Tls>,
    #[serde(default)]
    pub(crate) listener: Vec<Spanned<Listener>>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) login: Login,
    #[serde(default = "no_delivery")]
    pub(crate) delivery: Spanned<delivery::Config>,
    #[serde(default)]
    pub(crate) imap: imap::Config,
    #[serde(default)]
    pub(crate) submission: smtp::Config,
    #[serde(default)]
    pub(crate) log: Log,
}

fn no_delivery() -> Spanned<delivery::Config> {
    Spanned::new(0..0, delivery::Config::default())
}

/// `[server]`: who and where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// The name this server tells others: in greetings, Message-IDs, bounces.
    pub(crate) hostname: Spanned<String>,
    /// Everything the server writes is below this directory; relative to the file.
    pub(crate) data: PathBuf,
}

/// Where everything is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineKind {
    /// In the data directory, for one process.
    #[default]
    Fjall,
    /// In a PostgreSQL database, for several processes on several machines.
    Postgres,
}

/// `[store]`: the engine of this node.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreSection {
    /// `fjall` or `postgres`.
    pub(crate) engine: Spanned<EngineKind>,
    /// The database: `postgresql://user@host/database`. Without `sslmode=disable`, which only a unix socket or
    /// loopback may have, its certificate is verified.
    pub(crate) url: Option<Spanned<String>>,
    /// File with the password for it.
    pub(crate) password_file: Option<Spanned<PathBuf>>,
    /// PEM file of authorities for its certificate; the public ones when there is none.
    pub(crate) ca_file: Option<Spanned<PathBuf>>,
    /// The schema of its tables.
    pub(crate) schema: Option<Spanned<String>>,
    /// Connections that readers may hold; some ten more are used besides.
    pub(crate) reader_count_max: Option<Spanned<usize>>,
    /// Memory for cached blocks, in MiB.
    pub(crate) cache_mib: u64,
    /// How long a client may stay away and still be told what was removed meanwhile; then it reads anew.
    pub(crate) tombstone_days: u32,
    /// A segment of bodies is sealed at this size, in MiB; space comes back a segment at a time.
    pub(crate) segment_mib: Spanned<u64>,
    /// Memory for what each of the engine's five keyspaces has not written out yet, in KiB; decided when the store
    /// is made.
    pub(crate) memtable_kib: Spanned<u64>,
    /// How long what was removed or overwritten can be brought back; 0 is not at all.
    pub(crate) undelete_days: u32,
}

impl Default for StoreSection {
    fn default() -> Self {
        let whole = |value| Spanned::new(0..0, value);
        Self {
            cache_mib: 128,
            tombstone_days: 90,
            undelete_days: 14,
            segment_mib: whole(engine::limits::SEGMENT_BYTES_MAX >> 20),
            memtable_kib: whole(engine::limits::MEMTABLE_BYTES_MAX >> 10),
            engine: Spanned::new(0..0, EngineKind::default()),
            url: None,
            password_file: None,
            ca_file: None,
            schema: None,
            reader_count_max: None,
        }
    }
}

/// `[login]`: how people prove who they are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Login {
    /// Whether SCRAM is offered, and its keys kept of every password that is set from now on.
    pub(crate) scram: bool,
    /// An issuer whose tokens let people in.
    pub(crate) oauth: Option<Spanned<Oauth>>,
}

/// `[login.oauth]`: JWTs of one issuer, signed with one algorithm.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Oauth {
    /// The `iss` of its tokens.
    pub(crate) issuer: String,
    /// The `aud` that means this installation.
    pub(crate) audience: String,
    /// RS256, ES256 or EdDSA.
    pub(crate) algorithm: directory::TokenAlgorithm,
    /// Its JWK set; read when the server starts.
    pub(crate) keys: PathBuf,
    /// The claim that names the account.
    #[serde(default = "email")]
    pub(crate) claim: String,
}

fn email() -> String {
    "email".to_owned()
}

impl Oauth {
    /// Reads the keys.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn load(&self) -> Result<directory::Issuer, String> {
        let keys = std::fs::read(&self.keys).map_err(|cause| format!("{}: {cause}", self.keys.display()))?;
        let issuer = directory::Issuer::new(&self.issuer, &self.audience, &self.claim, self.algorithm, &keys);
        issuer.map_err(|cause| format!("{}: {cause}", self.keys.display()))
    }
}

impl Default for Login {
    fn default() -> Self {
        Self { scram: true, oauth: None }
    }
}

/// `[tls]`: PEM files; read again on SIGHUP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// The certificate with its chain, leaf first.
    pub(crate) certificate: Spanned<PathBuf>,
    /// Its private key.
    pub(crate) key: Spanned<PathBuf>,
}

/// What a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    Imap,
    Submission,
    Pop3,
    Caldav,
    Carddav,
    Webdav,
}

impl Protocol {
    /// Whether it may share its listener with other HTTP doors.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Caldav | Self::Carddav | Self::Webdav)
    }

    /// As in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Submission => "submission",
            Self::Pop3 => "pop3",
            Self::Caldav => "caldav",
            Self::Carddav => "carddav",
            Self::Webdav => "webdav",
        }
    }
}

/// One protocol, or several HTTP ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Protocols {
    One(Protocol),
    Many(Vec<Protocol>),
}

impl Protocols {
    /// As a list.
    pub(crate) fn list(&self) -> &[Protocol] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// How a listener comes to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TlsMode {
    /// From the first octet.
    Implicit,
    /// By the client's command.
    Starttls,
    /// Never.
    None,
}

/// `[[listener]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// `imap`, `submission`, `pop3`, `caldav`, `carddav`, `webdav`, or a list of the last three.
    pub(crate) protocol: Spanned<Protocols>,
    /// Address and port; a socket that systemd hands over for the same address is taken instead.
    pub(crate) bind: Spanned<SocketAddr>,
    /// `implicit`, `starttls` or `none`.
    pub(crate) tls: Spanned<TlsMode>,
    /// Passwords may cross without TLS; on loopback only.
    #[serde(default)]
    pub(crate) cleartext_auth: Option<Spanned<bool>>,
    /// Authorities (PEM) whose certificates let a client log in by EXTERNAL, as the address in them.
    #[serde(default)]
    pub(crate) client_ca: Option<Spanned<PathBuf>>,
}

impl Listener {
    /// Whether passwords may cross without TLS.
    pub(crate) fn cleartext_auth(&self) -> bool {
        self.cleartext_auth.as_ref().is_some_and(|flag| *flag.get_ref())
    }

    /// For logs: `imap`, `caldav+webdav`.
    pub(crate) fn name(&self) -> String {
        self.protocol.get_ref().list().iter().map(|one| one.name()).collect::<Vec<_>>().join("+")
    }
}

/// `[limits]`: of this node as a whole; those of a protocol are in its crate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// The most connections of all listeners together.
    pub(crate) connection_count_max: Spanned<usize>,
    /// The most connections of one peer (an IPv4 address, or an IPv6 /64).
    pub(crate) connection_per_address_count_max: Spanned<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connection_count_max: Spanned::new(0..0, 20_000),
            connection_per_address_count_max: Spanned::new(0..0, 500),
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// `[log]`: to standard error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// `text` or `json`.
    pub(crate) format: LogFormat,
    /// Levels by target, as `info,imap=debug`.
    pub(crate) filter: Spanned<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: Spanned::new(0..0, FILTER_DEFAULT.to_owned()) }
    }
}

/// The engine tells of every file it opens: that is for those who look for a fault in it.
const FILTER_DEFAULT: &str = "info,fjall=warn,lsm_tree=warn";

/// The longest that sessions have to end after SIGTERM.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
