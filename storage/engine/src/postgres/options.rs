//! Where the database is, and how it may be spoken to.

use super::tls::Rustls;
use crate::limits::POSTGRES_BLOB_REST;
use model::{Error, Result};
use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};
use tokio_postgres::config::{Config, Host, SslMode};

/// What an installation sets. Printing it shows no password.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgresql://user@host/database`, or libpq's words `host=... dbname=...`.
    pub url: String,
    /// The password, kept out of the URL.
    pub password: Option<String>,
    /// PEM file of the authorities that may vouch for the server; the public ones when `None`.
    pub authorities: Option<PathBuf>,
    /// The schema that holds the tables: letters, digits and underscores.
    pub schema: String,
    /// Connections that readers may hold; some ten more are used besides.
    pub reader_count_max: usize,
    /// How long a blob that no record refers to is kept after it was last brought; far longer than an upload may
    /// wait for its commit.
    pub blob_rest: Duration,
}

impl PostgresOptions {
    /// The schema of an installation that names none.
    pub const SCHEMA: &'static str = "collegium";
    /// Connections for readers of an installation that sets none.
    pub const READER_COUNT_MAX: usize = 24;

    /// Options with everything else at its default.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            password: None,
            authorities: None,
            schema: Self::SCHEMA.to_owned(),
            reader_count_max: Self::READER_COUNT_MAX,
            blob_rest: POSTGRES_BLOB_REST,
        }
    }

    /// Whether they hold together; connects to nothing.
    ///
    /// # Errors
    /// `Invalid`, saying what does not.
    pub fn check(&self) -> Result<()> {
        self.target().map(drop)
    }

    pub(super) fn target(&self) -> Result<Target> {
        let name = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_';
        let named = self.schema.bytes().all(name) && self.schema.len() <= 60;
        if !named || !self.schema.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err(Error::Invalid("the schema's name: lower-case letters, digits and underscores"));
        }
        // libpq's word for what is done here in any case.
        let url = self.url.replace("sslmode=verify-full", "sslmode=require");
        let mut config =
            Config::from_str(&url).map_err(|_| Error::Invalid("the URL of the database does not parse"))?;
        if config.get_hosts().is_empty() {
            return Err(Error::Invalid("the URL of the database names no host"));
        }
        if let Some(password) = &self.password {
            config.password(password);
        }
        let near =
            config.get_hosts().iter().all(is_near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        let plain = match config.get_ssl_mode() {
            SslMode::Disable if near => true,
            SslMode::Disable => {
                return Err(Error::Invalid("sslmode=disable is for a unix socket or loopback only"));
            }
            // Nothing is gained by TLS to a socket in the file system.
            _ => config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))),
        };
        config.ssl_mode(if plain { SslMode::Disable } else { SslMode::Require });
        config.application_name("collegium");
        config.target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
        config.keepalives(true).keepalives_idle(Duration::from_secs(10));
        config.tcp_user_timeout(Duration::from_secs(20));
        let tls = if plain { None } else { Some(Rustls::new(self.authorities.as_deref())?) };
        Ok(Target { config, tls, schema: self.schema.clone() })
    }
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Options that hold together.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) tls: Option<Rustls>,
    pub(super) schema: String,
}
