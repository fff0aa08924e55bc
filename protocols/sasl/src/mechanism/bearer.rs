//! OAUTHBEARER (RFC 7628) and XOAUTH2, its ancestor that most clients still speak: a token of an issuer that the
//! installation trusts, in place of a password.
//!
//! A refused token is answered with a line of JSON first, which the client acknowledges; only then comes the
//! failure itself (RFC 7628 3.2.3).

use super::{Decoded, Mechanism, Step, name};
use model::{Error, Result};

pub(super) const OAUTHBEARER: Mechanism = Mechanism {
    name: "OAUTHBEARER",
    in_imap: true,
    usable: |_, directory| directory.offers_tokens(),
    start: |_| Box::new(Bearer { read: oauthbearer }),
};

pub(super) const XOAUTH2: Mechanism = Mechanism {
    name: "XOAUTH2",
    in_imap: true,
    usable: |_, directory| directory.offers_tokens(),
    start: |_| Box::new(Bearer { read: xoauth2 }),
};

/// What a refused client is told before the failure.
pub(crate) const REFUSED: &str = r#"{"status":"invalid_token"}"#;

const BAD: Error = Error::Invalid("not a bearer token message");

struct Bearer {
    read: fn(&str) -> Result<(String, String)>,
}

impl Step for Bearer {
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded> {
        let Some(message) = message else { return Ok(Decoded::Challenge(Vec::new())) };
        let (login, token) = (self.read)(str::from_utf8(message).map_err(|_| BAD)?)?;
        Ok(Decoded::Token { login, token })
    }
}

/// The token among `key=value` pairs behind ^A, which end with an empty one.
fn token<'a>(mut pairs: impl Iterator<Item = &'a str>) -> Result<String> {
    let mut found = None;
    for pair in pairs.by_ref() {
        if pair.is_empty() {
            // The last ^A of two ends the message.
            let over = pairs.next() == Some("") && pairs.next().is_none();
            return if over { found.ok_or(BAD) } else { Err(BAD) };
        }
        let (key, value) = pair.split_once('=').ok_or(BAD)?;
        if key == "auth" {
            let (scheme, token) = value.split_once(' ').ok_or(BAD)?;
            if !scheme.eq_ignore_ascii_case("Bearer") || found.is_some() {
                return Err(BAD);
            }
            found = Some(token.trim().to_owned());
        }
    }
    Err(BAD)
}

/// `n,a=login,^Ahost=h^Aport=p^Aauth=Bearer token^A^A` (RFC 7628 3.1).
fn oauthbearer(text: &str) -> Result<(String, String)> {
    let mut pairs = text.split('\x01');
    let mut header = pairs.next().unwrap_or_default().splitn(3, ',');
    // RFC 7628 3.1: there is no channel binding, so that a client that could do it says `y`.
    if !matches!(header.next(), Some("n" | "y")) {
        return Err(BAD);
    }
    let login = match header.next().ok_or(BAD)? {
        "" => String::new(),
        other => name(super::scram::said_name(other.strip_prefix("a=").ok_or(BAD)?)?.as_bytes())?,
    };
    if header.next() != Some("") {
        return Err(BAD);
    }
    Ok((login, token(pairs)?))
}

/// `user=login^Aauth=Bearer token^A^A`.
fn xoauth2(text: &str) -> Result<(String, String)> {
    let mut pairs = text.split('\x01');
    let user = pairs.next().and_then(|first| first.strip_prefix("user=")).ok_or(BAD)?;
    Ok((name(user.as_bytes())?, token(pairs)?))
}

#[cfg(test)]
mod tests;
