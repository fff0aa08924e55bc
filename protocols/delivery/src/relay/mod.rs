//! The relay's client: one transaction of SMTP (RFC 5321, 2920, 3207, 4954), spoken carefully.

mod connection;
mod reply;
mod transaction;

pub(crate) use reply::Reply;
pub(crate) use transaction::{Mail, transact};

use crate::config::{RelayConfig, RelayTls};
use crate::limits::CONNECT_TIME_MAX;
use connection::Connection;
use model::{Error, Result, SECRET_BYTES_MAX, Secret};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::sync::Arc;
use tokio::{io, net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

/// A relay that is ready to be connected to.
pub(crate) struct Relay {
    host: String,
    port: u16,
    tls: RelayTls,
    name: ServerName<'static>,
    connector: TlsConnector,
    credentials: Option<(String, Secret)>,
    /// The name this server greets with.
    hostname: String,
}

impl Relay {
    /// Reads what the configuration points to.
    pub(crate) fn new(config: &RelayConfig, hostname: &str) -> Result<Self> {
        let name = ServerName::try_from(config.host.clone());
        let name = name.map_err(|_| Error::Invalid("the relay's host is no name and no address"))?;
        let mut roots = RootCertStore::empty();
        match &config.ca_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                let unread = Error::Invalid("the relay's ca_file cannot be read");
                for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unread)? {
                    roots.add(certificate.map_err(|_| unread)?).map_err(|_| unread)?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::Invalid("no TLS version to speak"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            host: config.host.clone(),
            port: config.port,
            tls: config.tls,
            name,
            connector: TlsConnector::from(Arc::new(tls)),
            credentials: credentials(config)?,
            hostname: hostname.to_owned(),
        })
    }

    /// Its name.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// A connection, inside TLS already where that is implicit.
    async fn connect(&self) -> io::Result<Connection> {
        let connect = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            let _ = stream.set_nodelay(true);
            let local = stream.peer_addr().is_ok_and(|addr| addr.ip().is_loopback());
            if self.tls == RelayTls::Implicit {
                let tls = self.connector.connect(self.name.clone(), Box::new(stream)).await?;
                return Ok(Connection::new(Box::new(tls), true, local));
            }
            Ok(Connection::new(Box::new(stream), false, local))
        };
        timeout(CONNECT_TIME_MAX, connect).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

fn credentials(config: &RelayConfig) -> Result<Option<(String, Secret)>> {
    match (&config.login, &config.password_file) {
        (None, None) => Ok(None),
        (Some(login), Some(path)) => {
            let unread = Error::Invalid("the relay's password_file cannot be read");
            let text = std::fs::read_to_string(path).map_err(|_| unread)?;
            let line = text.lines().next().unwrap_or_default();
            if line.is_empty() || line.len() > SECRET_BYTES_MAX {
                return Err(unread);
            }
            Ok(Some((login.clone(), Secret::new(line))))
        }
        _ => Err(Error::Invalid("the relay needs both login and password_file, or neither")),
    }
}
