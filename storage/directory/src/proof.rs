//! What a login can be proved with, and what it is told when it succeeds.

use model::{Address, Principal, Secret};

/// The hash of a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramHash {
    /// RFC 5802.
    Sha1,
    /// RFC 7677.
    Sha256,
}

/// What a SCRAM exchange begins with: the same form for every name, known or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScramOffer {
    /// Of this name, for all its credentials.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iteration_count: u32,
    /// The server's share of the nonce; printable.
    pub nonce: String,
}

/// How somebody wants to come in.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// A password or an app password; `login` is the full primary address.
    Password {
        /// Full primary address.
        login: &'a str,
        /// What only its owner knows.
        secret: &'a Secret,
    },
    /// The last message of a SCRAM client (RFC 5802 3).
    Scram {
        /// Full primary address.
        login: &'a str,
        /// Of the mechanism.
        hash: ScramHash,
        /// AuthMessage: everything said so far, without the proof.
        message: &'a [u8],
        /// ClientProof.
        proof: &'a [u8],
    },
    /// A bearer token (RFC 6750) and who its bearer says to be; empty for "who the token says".
    Token {
        /// The authorization identity.
        login: &'a str,
        /// As the issuer made it.
        token: &'a str,
    },
    /// A certificate that TLS has verified: the addresses in it (RFC 5280 4.2.1.6, rfc822Name), and who its
    /// bearer wants to be, where that was said.
    Certificate {
        /// rfc822Names of the certificate.
        addresses: &'a [Address],
        /// The authorization identity; empty for "who the certificate says".
        login: &'a str,
    },
}

/// Somebody who was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who it is.
    pub principal: Principal,
    /// The number of the app password, where it was one.
    pub app_password: Option<u32>,
    /// SCRAM's ServerSignature; empty for other proofs.
    pub signature: Vec<u8>,
    /// Capabilities that doors shall not tell this one of, in capitals.
    pub hidden: Vec<String>,
}
