//! TLS by rustls: certificates from PEM files, read again on demand; TLS 1.2 and 1.3; ALPN by protocol.

use crate::config::{Listener, Protocol, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ProducesTickets, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use sasl::door::{Acceptor, ServerCertificate};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// Why a certificate and its key cannot be used.
#[derive(Debug)]
pub(crate) struct TlsProblem {
    /// Whether the key is at fault rather than the certificate.
    pub(crate) concerns_key: bool,
    /// For the person who configured it.
    pub(crate) message: String,
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Reads the pair and makes sure that it is one.
///
/// # Errors
/// Names the file at fault.
pub(crate) fn certified_key(tls: &Tls) -> Result<CertifiedKey, TlsProblem> {
    let of_certificate = |message: String| TlsProblem { concerns_key: false, message };
    let of_key = |message: String| TlsProblem { concerns_key: true, message };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(tls.certificate.get_ref())
        .and_then(Iterator::collect)
        .map_err(|cause| of_certificate(format!("certificate: {cause}")))?;
    if chain.is_empty() {
        return Err(of_certificate("certificate: the file holds none".to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_file(tls.key.get_ref()).map_err(|cause| of_key(format!("key: {cause}")))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
        .map_err(|cause| of_key(format!("key: does not fit the certificate: {cause}")))
}

/// The authorities in a PEM file.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(path).map_err(|cause| cause.to_string())?;
    for certificate in found {
        let certificate = certificate.map_err(|cause| cause.to_string())?;
        store.add(certificate).map_err(|cause| cause.to_string())?;
    }
    if store.is_empty() { Err("the file holds no certificate".to_owned()) } else { Ok(store) }
}

/// The certificate in use; [`Identity::reload`] changes it for the next handshakes.
#[derive(Debug)]
pub(crate) struct Identity {
    source: Tls,
    current: RwLock<Arc<CertifiedKey>>,
    /// Tickets of all listeners: a client that comes back resumes without a signature, and nothing is kept here
    /// for it. The keys turn over by themselves and live in this process only.
    tickets: Arc<dyn ProducesTickets>,
}

impl Identity {
    /// Reads the files.
    ///
    /// # Errors
    /// As [`certified_key`].
    pub(crate) fn load(source: Tls) -> Result<Arc<Self>, TlsProblem> {
        let current = RwLock::new(Arc::new(certified_key(&source)?));
        let of = |cause: rustls::Error| TlsProblem { concerns_key: false, message: cause.to_string() };
        let tickets = rustls::crypto::ring::Ticketer::new().map_err(of)?;
        Ok(Arc::new(Self { source, current, tickets }))
    }

    /// Reads the files again; what they held before stays in use when they are no good.
    ///
    /// # Errors
    /// As [`certified_key`].
    pub(crate) fn reload(&self) -> Result<(), TlsProblem> {
        let fresh = Arc::new(certified_key(&self.source)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What a listener of these protocols hands its handshakes to.
    ///
    /// # Errors
    /// Of rustls, for a provider without the protocol versions.
    pub(crate) fn acceptor(self: &Arc<Self>, listener: &Listener) -> Result<Acceptor, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
        let builder = match &listener.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => builder.with_client_cert_verifier(client_verifier(file.get_ref(), provider)?),
        };
        let mut config = builder.with_cert_resolver(Arc::new(Resolver(self.clone())));
        config.alpn_protocols = alpn(listener.protocol.get_ref().list());
        // A ticket would carry the client's certificate past its revocation.
        if listener.client_ca.is_none() {
            config.ticketer = self.tickets.clone();
        } else {
            config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Acceptor::new(Arc::new(config), self.clone()))
    }
}

impl ServerCertificate for Identity {
    fn leaf(&self) -> Option<Vec<u8>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.end_entity_cert().ok().map(|leaf| leaf.to_vec())
    }
}

/// Takes certificates of these authorities, and clients without one.
fn client_verifier(
    file: &Path,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, rustls::Error> {
    let roots = roots(file).map_err(rustls::Error::General)?;
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    builder.allow_unauthenticated().build().map_err(|cause| rustls::Error::General(cause.to_string()))
}

/// RFC 7301 names; a client that offers none of them but offers some is refused by rustls, so mail doors,
/// which old clients reach with odd offers, name none.
fn alpn(protocols: &[Protocol]) -> Vec<Vec<u8>> {
    if protocols.iter().all(|one| one.is_http()) {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    } else {
        Vec::new()
    }
}

#[derive(Debug)]
struct Resolver(Arc<Identity>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
