//! SASL exchanges (RFC 4422) as text doors see them: base64 lines in, base64 challenges or credentials out.
//!
//! A mechanism is one file and one line in [`ALL`]; what doors advertise derives from it.

mod login;
mod plain;

use crate::limits::{LOGIN_BYTES_MAX, RESPONSE_BYTES_MAX};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use model::{Error, Result, SECRET_BYTES_MAX, Secret, wipe};

/// A mechanism as the registry knows it.
#[derive(Clone, Copy, Debug)]
pub struct Mechanism {
    /// Its IANA name.
    pub name: &'static str,
    /// Whether IMAP offers it (LOGIN is there for old SMTP clients only).
    pub in_imap: bool,
    start: fn() -> Box<dyn Step>,
}

/// Every mechanism, best first.
pub const ALL: &[Mechanism] = &[plain::MECHANISM, login::MECHANISM];

/// What a client claims; the directory says whether it is true.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The full address it logs in with.
    pub login: String,
    /// Its password.
    pub secret: Secret,
}

/// What comes after a client's line.
#[derive(Debug)]
pub enum Next {
    /// To be sent in base64 as it is, behind the door's own mark (`+ ` or `334 `).
    Challenge(String),
    /// The exchange is complete.
    Credentials(Credentials),
}

/// One mechanism's steps on decoded octets.
trait Step: Send {
    /// Takes the client's next message; `None` is "the client waits for the first challenge".
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded>;
}

/// As [`Next`], before base64.
enum Decoded {
    Challenge(&'static [u8]),
    Credentials(Credentials),
}

/// An exchange that runs.
pub struct Exchange(Box<dyn Step>);

impl Exchange {
    /// Begins an exchange; `None` when there is no such mechanism. Names are compared without case.
    #[must_use]
    pub fn start(mechanism: &str) -> Option<Self> {
        let found = ALL.iter().find(|known| known.name.eq_ignore_ascii_case(mechanism))?;
        Some(Self((found.start)()))
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

    fn step(&mut self, message: Option<&[u8]>) -> Result<Next> {
        Ok(match self.0.step(message)? {
            Decoded::Challenge(text) => Next::Challenge(BASE64_STANDARD.encode(text)),
            Decoded::Credentials(credentials) => Next::Credentials(credentials),
        })
    }
}

/// Makes credentials of decoded octets, for mechanisms and for commands that carry both in the clear
/// (IMAP LOGIN).
///
/// # Errors
/// `Invalid` for an empty or oversized login or password, one with NUL, or one that is not UTF-8 (RFC 4616 2).
pub fn credentials(login: &[u8], secret: &[u8]) -> Result<Credentials> {
    let bad = Error::Invalid("not a login and a password");
    let lengths = 1..=LOGIN_BYTES_MAX;
    if !lengths.contains(&login.len()) || !(1..=SECRET_BYTES_MAX).contains(&secret.len()) {
        return Err(bad);
    }
    if login.contains(&0) || secret.contains(&0) {
        return Err(bad);
    }
    let (Ok(login), Ok(secret)) = (str::from_utf8(login), str::from_utf8(secret)) else { return Err(bad) };
    Ok(Credentials { login: login.to_owned(), secret: Secret::new(secret) })
}

#[cfg(test)]
mod tests;
