//! `tls-exporter` (RFC 9266): 32 octets that both ends of a TLS 1.3 connection can derive and nobody else.
//!
//! rustls' unbuffered connection does not export keying material. It does hand the secret that exporters are derived
//! from to a key log; one that keeps this secret alone, and only until the handshake is over, and RFC 8446 7.5 do
//! the rest.

use ring::hkdf::{self, HKDF_SHA256, HKDF_SHA384, Prk};
use ring::{digest, hkdf::KeyType};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use tokio_rustls::rustls::KeyLog;

/// The label of `tls-exporter` (RFC 9266 2).
const LABEL: &[u8] = b"EXPORTER-Channel-Binding";
/// The secret's name in a key log.
const SECRET: &str = "EXPORTER_SECRET";

/// What one handshake told: its exporter secret.
#[derive(Default)]
pub(super) struct Kept(Mutex<Vec<u8>>);

impl Drop for Kept {
    fn drop(&mut self) {
        wipe(self.0.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Leaves no copy of a secret in memory that is given back.
fn wipe(secret: &mut [u8]) {
    secret.fill(0);
    std::hint::black_box(secret);
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl KeyLog for Kept {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if label == SECRET {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = secret.to_vec();
        }
    }

    fn will_log(&self, label: &str) -> bool {
        label == SECRET
    }
}

impl Kept {
    /// The data to bind with; the secret is forgotten.
    pub(super) fn channel_binding(&self) -> Option<[u8; 32]> {
        let mut secret = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // The suite's hash is told by its length.
        let (hkdf, hash) = match secret.len() {
            32 => (HKDF_SHA256, &digest::SHA256),
            48 => (HKDF_SHA384, &digest::SHA384),
            _ => return None,
        };
        let nothing = digest::digest(hash, b"");
        let mut derived = vec![0; secret.len()];
        let mut binding = [0; 32];
        let made = expand(hkdf, &secret, LABEL, nothing.as_ref(), &mut derived)
            .and_then(|()| expand(hkdf, &derived, b"exporter", nothing.as_ref(), &mut binding));
        wipe(&mut secret);
        wipe(&mut derived);
        made.map(|()| binding)
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label (RFC 8446 7.1).
fn expand(
    algorithm: hkdf::Algorithm,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Option<()> {
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let label_length = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let context_length = [u8::try_from(context.len()).ok()?];
    let info: [&[u8]; 6] = [&length, &label_length, PREFIX, label, &context_length, context];
    let secret = Prk::new_less_safe(algorithm, secret);
    secret.expand(&info, Length(out.len())).ok()?.fill(out).ok()
}
