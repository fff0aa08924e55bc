//! The keys of SCRAM (RFC 5802 3, RFC 7677): what is kept of a password so that it can be proved without being
//! told, and the check of such a proof.
//!
//! Kept are StoredKey and ServerKey, never the password. They are weaker against guessing by a thief of the
//! store than Argon2id, since PBKDF2 costs a graphics card little; whoever minds turns it off for passwords.
//! Random app passwords cannot be guessed either way.

use crate::limits::SCRAM_ITERATION_COUNT;
use crate::proof::ScramHash;
use ring::{digest, hmac, pbkdf2};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

/// What is kept of one password for one hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    stored: Vec<u8>,
    /// `HMAC(SaltedPassword, "Server Key")`.
    server: Vec<u8>,
}

/// What is kept of one password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyPair {
    sha1: Keys,
    sha256: Keys,
}

struct Algorithms {
    pbkdf2: pbkdf2::Algorithm,
    hmac: hmac::Algorithm,
    digest: &'static digest::Algorithm,
}

fn algorithms(hash: ScramHash) -> Algorithms {
    match hash {
        ScramHash::Sha1 => Algorithms {
            pbkdf2: pbkdf2::PBKDF2_HMAC_SHA1,
            hmac: hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            digest: &digest::SHA1_FOR_LEGACY_USE_ONLY,
        },
        ScramHash::Sha256 => Algorithms {
            pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
            hmac: hmac::HMAC_SHA256,
            digest: &digest::SHA256,
        },
    }
}

fn sign(algorithm: hmac::Algorithm, key: &[u8], message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(algorithm, key), message)
}

impl Keys {
    /// Derives them.
    pub(crate) fn derive(hash: ScramHash, secret: &str, salt: &[u8], iterations: NonZeroU32) -> Self {
        let with = algorithms(hash);
        let mut salted = vec![0; with.digest.output_len()];
        pbkdf2::derive(with.pbkdf2, iterations, salt, prepared(secret).as_bytes(), &mut salted);
        let client = sign(with.hmac, &salted, b"Client Key");
        let keys = Self {
            stored: digest::digest(with.digest, client.as_ref()).as_ref().to_vec(),
            server: sign(with.hmac, &salted, b"Server Key").as_ref().to_vec(),
        };
        model::wipe(salted);
        keys
    }

    /// ServerSignature when the proof is right.
    pub(crate) fn verify(&self, hash: ScramHash, message: &[u8], proof: &[u8]) -> Option<Vec<u8>> {
        let with = algorithms(hash);
        if proof.len() != with.digest.output_len() {
            return None;
        }
        let signature = sign(with.hmac, &self.stored, message);
        let client: Vec<u8> = proof.iter().zip(signature.as_ref()).map(|(one, other)| one ^ other).collect();
        let stored = digest::digest(with.digest, &client);
        let right: bool = stored.as_ref().ct_eq(&self.stored).into();
        right.then(|| sign(with.hmac, &self.server, message).as_ref().to_vec())
    }
}

impl KeyPair {
    /// Of a password, with the salts of its owner.
    pub(crate) fn derive(secret: &str, salt: impl Fn(ScramHash) -> Vec<u8>) -> Self {
        let of = |hash| Keys::derive(hash, secret, &salt(hash), ITERATIONS);
        Self { sha1: of(ScramHash::Sha1), sha256: of(ScramHash::Sha256) }
    }

    /// Keys of nothing, for records that are compared octet by octet.
    #[cfg(test)]
    pub(crate) fn sample(octet: u8) -> Self {
        let of = |size| Keys { stored: vec![octet; size], server: vec![octet + 100; size] };
        Self { sha1: of(20), sha256: of(32) }
    }

    /// Of this hash.
    pub(crate) fn of(&self, hash: ScramHash) -> &Keys {
        match hash {
            ScramHash::Sha1 => &self.sha1,
            ScramHash::Sha256 => &self.sha256,
        }
    }
}

/// See [`SCRAM_ITERATION_COUNT`].
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(SCRAM_ITERATION_COUNT) {
    Some(count) => count,
    None => NonZeroU32::MIN,
};

/// SASLprep (RFC 4013) as far as it changes a password: other spaces become spaces, what is mapped to nothing
/// goes, compatibility forms are composed. What it forbids is left as it is: such a password proves itself with
/// the octets its owner typed.
fn prepared(secret: &str) -> String {
    if secret.is_ascii() {
        return secret.to_owned();
    }
    let spaced = secret.chars().filter(|c| !is_nothing(*c)).map(|c| if is_space(c) { ' ' } else { c });
    spaced.nfkc().collect()
}

/// RFC 3454 B.1.
fn is_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{1806}' | '\u{180b}'..='\u{180d}' | '\u{200b}'..='\u{200d}' | '\u{2060}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

/// RFC 3454 C.1.2.
fn is_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests;
