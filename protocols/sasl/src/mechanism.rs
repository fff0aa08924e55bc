//! SASL exchanges (RFC 4422) as text doors see them: base64 lines in, base64 challenges or a proof out.
//!
//! A mechanism is one file and one line in [`ALL`]; what doors advertise derives from it. Mechanisms do no I/O:
//! [`crate::login`] carries their questions to the client and to the directory.

mod bearer;
mod external;
mod login;
mod plain;
mod scram;

use crate::door::Peer;
use crate::limits::{LOGIN_BYTES_MAX, RESPONSE_BYTES_MAX};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use directory::{Directory, ScramHash, ScramOffer};
use model::{Error, Result, SECRET_BYTES_MAX, Secret, wipe};

/// A mechanism as the registry knows it.
#[derive(Clone, Copy, Debug)]
pub struct Mechanism {
    /// Its IANA name.
    pub name: &'static str,
    /// Whether IMAP offers it (LOGIN is there for old SMTP clients only).
    pub in_imap: bool,
    /// Whether it can be used with this peer and this directory.
    usable: fn(&Peer, &dyn Directory) -> bool,
    start: fn(&Peer) -> Box<dyn Step>,
}

/// Every mechanism, best first.
pub const ALL: &[Mechanism] = &[
    external::MECHANISM,
    scram::SHA_256_PLUS,
    scram::SHA_1_PLUS,
    scram::SHA_256,
    scram::SHA_1,
    bearer::OAUTHBEARER,
    bearer::XOAUTH2,
    plain::MECHANISM,
    login::MECHANISM,
];

impl Mechanism {
    /// The mechanism of this name, if it can be used now. Names are compared without case.
    #[must_use]
    pub fn find(name: &str, peer: &Peer, directory: &dyn Directory) -> Option<&'static Self> {
        ALL.iter().find(|known| known.name.eq_ignore_ascii_case(name) && known.is_usable(peer, directory))
    }

    /// Whether it can be used with this peer and this directory.
    #[must_use]
    pub fn is_usable(&self, peer: &Peer, directory: &dyn Directory) -> bool {
        (self.usable)(peer, directory)
    }
}

/// What a client claims; the directory says whether it is true.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The full address it logs in with.
    pub login: String,
    /// Its password.
    pub secret: Secret,
}

/// What a SCRAM client has proved with, to be checked against its keys.
#[derive(Clone, Debug)]
pub struct ScramProof {
    /// The full address it logs in with.
    pub login: String,
    /// Of the mechanism.
    pub hash: ScramHash,
    /// AuthMessage.
    pub message: Vec<u8>,
    /// ClientProof.
    pub proof: Vec<u8>,
}

/// What comes after a client's line.
#[derive(Debug)]
pub enum Next {
    /// To be sent in base64 as it is, behind the door's own mark (`+ ` or `334 `).
    Challenge(String),
    /// The directory is to be asked what SCRAM begins with for this name; then [`Exchange::offered`].
    Offer(String, ScramHash),
    /// The exchange is complete.
    Credentials(Credentials),
    /// The exchange is complete but for the signature, which goes into [`Exchange::signed`].
    Scram(ScramProof),
    /// Who the bearer of the peer's certificate wants to be; empty for who it says.
    Certificate(String),
    /// A bearer token, and who its bearer says to be.
    Token {
        /// Empty for who the token says.
        login: String,
        /// As it was given.
        token: String,
    },
}

/// One mechanism's steps on decoded octets.
trait Step: Send {
    /// Takes the client's next message; `None` is "the client waits for the first challenge".
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded>;

    /// Takes what SCRAM begins with.
    fn offered(&mut self, _offer: &ScramOffer) -> Result<Decoded> {
        Err(Error::Invalid("not asked for"))
    }
}

/// As [`Next`], before base64.
enum Decoded {
    Challenge(Vec<u8>),
    Offer(String, ScramHash),
    Credentials(Credentials),
    Scram(ScramProof),
    Certificate(String),
    Token { login: String, token: String },
}

/// An exchange that runs.
pub struct Exchange(Box<dyn Step>);

impl Exchange {
    /// Begins an exchange.
    #[must_use]
    pub fn start(mechanism: &Mechanism, peer: &Peer) -> Self {
        Self((mechanism.start)(peer))
    }

    /// The initial response that stood in the command itself, if one did; `=` is an empty one (RFC 4954 4,
    /// RFC 4959 3).
    ///
    /// # Errors
    /// As [`Exchange::respond`].
    pub fn initial(&mut self, response: Option<&[u8]>) -> Result<Next> {
        match response {
            None => self.step(None),
            Some(b"=") => self.step(Some(b"")),
            Some(line) => self.respond(line),
        }
    }

    /// A line of the client, without its CRLF.
    ///
    /// # Errors
    /// `Invalid` when the client cancels with `*`, when the line is not base64 or not what the mechanism
    /// says; `TooLarge` past [`RESPONSE_BYTES_MAX`]. The exchange is over then.
    pub fn respond(&mut self, line: &[u8]) -> Result<Next> {
        if line.len() > RESPONSE_BYTES_MAX {
            return Err(Error::TooLarge(RESPONSE_BYTES_MAX as u64));
        }
        if line == b"*" {
            return Err(Error::Invalid("authentication cancelled"));
        }
        let message = BASE64_STANDARD.decode(line).map_err(|_| Error::Invalid("not base64"))?;
        let next = self.step(Some(&message));
        wipe(message);
        next
    }

    /// What the directory said to [`Next::Offer`].
    ///
    /// # Errors
    /// `Invalid` when it was not asked for.
    pub fn offered(&mut self, offer: &ScramOffer) -> Result<Next> {
        self.0.offered(offer).map(encoded)
    }

    /// What tells the client that the server knows it too (RFC 5802 7, server-final-message), in base64. The
    /// client has to answer it with an empty line.
    #[must_use]
    pub fn signed(signature: &[u8]) -> String {
        BASE64_STANDARD.encode(format!("v={}", BASE64_STANDARD.encode(signature)))
    }

    /// What a client whose token was refused is told before the failure, in base64; it answers with anything.
    #[must_use]
    pub fn token_refused() -> String {
        BASE64_STANDARD.encode(bearer::REFUSED)
    }

    fn step(&mut self, message: Option<&[u8]>) -> Result<Next> {
        self.0.step(message).map(encoded)
    }
}

fn encoded(decoded: Decoded) -> Next {
    match decoded {
        Decoded::Challenge(text) => Next::Challenge(BASE64_STANDARD.encode(text)),
        Decoded::Offer(login, hash) => Next::Offer(login, hash),
        Decoded::Credentials(credentials) => Next::Credentials(credentials),
        Decoded::Scram(proof) => Next::Scram(proof),
        Decoded::Certificate(login) => Next::Certificate(login),
        Decoded::Token { login, token } => Next::Token { login, token },
    }
}

/// Whether a line can be decoded.
#[must_use]
pub fn is_base64(line: &[u8]) -> bool {
    BASE64_STANDARD.decode(line).map(wipe).is_ok()
}

/// Makes credentials of decoded octets, for mechanisms and for commands that carry both in the clear
/// (IMAP LOGIN).
///
/// # Errors
/// `Invalid` for an empty or oversized login or password, one with NUL, or one that is not UTF-8 (RFC 4616 2).
pub fn credentials(login: &[u8], secret: &[u8]) -> Result<Credentials> {
    let bad = Error::Invalid("not a login and a password");
    if !(1..=SECRET_BYTES_MAX).contains(&secret.len()) || secret.contains(&0) {
        return Err(bad);
    }
    let (login, Ok(secret)) = (name(login).map_err(|_| bad)?, str::from_utf8(secret)) else {
        return Err(bad);
    };
    Ok(Credentials { login, secret: Secret::new(secret) })
}

/// A name that somebody logs in with.
fn name(login: &[u8]) -> Result<String> {
    let bad = Error::Invalid("not a login");
    if !(1..=LOGIN_BYTES_MAX).contains(&login.len()) || login.contains(&0) {
        return Err(bad);
    }
    str::from_utf8(login).map(str::to_owned).map_err(|_| bad)
}

/// Acting for somebody else is not offered: an authorization identity is empty or the login itself. (A server
/// that looked it up and forgot whose password it had checked is CVE-2023-27582.)
fn may_act_as(authzid: &[u8], login: &[u8]) -> Result<()> {
    if authzid.is_empty() || authzid.eq_ignore_ascii_case(login) {
        Ok(())
    } else {
        Err(Error::Forbidden(model::Rights::empty()))
    }
}

#[cfg(test)]
mod tests;
