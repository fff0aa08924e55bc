//! SCRAM-SHA-1 (RFC 5802), SCRAM-SHA-256 (RFC 7677), and both with channel binding (`-PLUS`): `tls-exporter`
//! (RFC 9266) and `tls-server-end-point` (RFC 5929 4).
//!
//! Client and server prove to each other that they know the password, or a hash of it, without saying either.
//! A client that could bind and was made to believe that the server cannot is refused: somebody stands between.

use super::{Decoded, Mechanism, ScramProof, Step, may_act_as, name};
use crate::door::{Channel, Peer};
use crate::limits::{SCRAM_MESSAGE_BYTES_MAX, SCRAM_NONCE_BYTES_MAX};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use directory::{Directory, ScramHash, ScramOffer};
use model::{Error, Result};
use std::sync::Arc;

pub(super) const SHA_1: Mechanism = Mechanism {
    name: "SCRAM-SHA-1",
    in_imap: true,
    usable: |_, directory| directory.offers_scram(),
    start: |peer| Scram::start(ScramHash::Sha1, false, peer),
};

pub(super) const SHA_256: Mechanism = Mechanism {
    name: "SCRAM-SHA-256",
    in_imap: true,
    usable: |_, directory| directory.offers_scram(),
    start: |peer| Scram::start(ScramHash::Sha256, false, peer),
};

pub(super) const SHA_1_PLUS: Mechanism = Mechanism {
    name: "SCRAM-SHA-1-PLUS",
    in_imap: true,
    usable: binds,
    start: |peer| Scram::start(ScramHash::Sha1, true, peer),
};

pub(super) const SHA_256_PLUS: Mechanism = Mechanism {
    name: "SCRAM-SHA-256-PLUS",
    in_imap: true,
    usable: binds,
    start: |peer| Scram::start(ScramHash::Sha256, true, peer),
};

fn binds(peer: &Peer, directory: &dyn Directory) -> bool {
    directory.offers_scram() && peer.channel.as_ref().is_some_and(|channel| channel.can_bind())
}

/// What the client has said in its first message.
struct First {
    /// As it was: it comes back in `c=`.
    gs2_header: Vec<u8>,
    /// client-first-message-bare.
    bare: Vec<u8>,
    /// What the channel is bound to.
    binding: Vec<u8>,
    login: String,
    nonce: String,
}

enum State {
    Begun,
    /// The client's first message is here, the offer is asked for.
    Asked(First),
    /// The server's first message was sent: with it, the whole nonce.
    Answered {
        first: First,
        server: String,
        nonce: String,
    },
    Over,
}

struct Scram {
    hash: ScramHash,
    plus: bool,
    channel: Option<Arc<Channel>>,
    state: State,
}

const BAD: Error = Error::Invalid("not a SCRAM message");
const REFUSED: Error = Error::Forbidden(model::Rights::empty());

impl Scram {
    fn start(hash: ScramHash, plus: bool, peer: &Peer) -> Box<dyn Step> {
        Box::new(Self { hash, plus, channel: peer.channel.clone(), state: State::Begun })
    }

    /// `gs2-cbind-flag , [a=authzid] , n=user , r=nonce [, extensions]` (RFC 5802 7).
    fn first(&self, message: &[u8]) -> Result<First> {
        let text = str::from_utf8(message).map_err(|_| BAD)?;
        let mut fields = text.splitn(3, ',');
        let (Some(flag), Some(authzid), Some(bare)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(BAD);
        };
        let binding = self.binding(flag)?;
        let authzid = match authzid {
            "" => String::new(),
            other => said_name(other.strip_prefix("a=").ok_or(BAD)?)?,
        };
        let mut attributes = bare.split(',');
        // `m=` in front would be an extension that must be understood; none is.
        let user = attributes.next().and_then(|field| field.strip_prefix("n=")).ok_or(BAD)?;
        let nonce = attributes.next().and_then(|field| field.strip_prefix("r=")).ok_or(BAD)?;
        if !(1..=SCRAM_NONCE_BYTES_MAX).contains(&nonce.len()) || !nonce.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(BAD);
        }
        let login = name(said_name(user)?.as_bytes())?;
        may_act_as(authzid.as_bytes(), login.as_bytes())?;
        let header = text.len() - bare.len();
        Ok(First {
            gs2_header: text.as_bytes().get(..header).unwrap_or_default().to_vec(),
            bare: bare.as_bytes().to_vec(),
            binding,
            login,
            nonce: nonce.to_owned(),
        })
    }

    /// What the flag says the channel is bound to (RFC 5802 6).
    fn binding(&self, flag: &str) -> Result<Vec<u8>> {
        match (flag, self.plus) {
            ("n", false) => Ok(Vec::new()),
            // It could, and thinks that we cannot: but we said so, if we can.
            ("y", false) if !self.channel.as_ref().is_some_and(|channel| channel.can_bind()) => {
                Ok(Vec::new())
            }
            ("y", false) => Err(REFUSED),
            (other, true) => {
                let kind = other.strip_prefix("p=").ok_or(BAD)?;
                let data = self.channel.as_ref().and_then(|channel| channel.binding(kind));
                data.map(<[u8]>::to_vec).ok_or(REFUSED)
            }
            _ => Err(BAD),
        }
    }

    /// `c=binding , r=nonce [, extensions] , p=proof` (RFC 5802 7).
    fn last(&self, message: &[u8], first: First, server: &str, nonce: &str) -> Result<Decoded> {
        let text = str::from_utf8(message).map_err(|_| BAD)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(BAD)?;
        let proof = BASE64_STANDARD.decode(proof).map_err(|_| BAD)?;
        let mut fields = without_proof.split(',');
        let bound = fields.next().and_then(|field| field.strip_prefix("c=")).ok_or(BAD)?;
        let bound = BASE64_STANDARD.decode(bound).map_err(|_| BAD)?;
        let said = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(BAD)?;
        if bound != [first.gs2_header, first.binding].concat() || said != nonce {
            return Err(REFUSED);
        }
        let message =
            [first.bare.as_slice(), b",", server.as_bytes(), b",", without_proof.as_bytes()].concat();
        Ok(Decoded::Scram(ScramProof { login: first.login, hash: self.hash, message, proof }))
    }
}

/// `=2C` is a comma and `=3D` an equals sign; nothing else may follow one (RFC 5802 5.1).
pub(super) fn said_name(text: &str) -> Result<String> {
    let mut parts = text.split('=');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(BAD),
        };
        name.push(sign);
        name.push_str(rest);
    }
    Ok(name)
}

impl Step for Scram {
    fn step(&mut self, message: Option<&[u8]>) -> Result<Decoded> {
        let Some(message) = message else { return Ok(Decoded::Challenge(Vec::new())) };
        if message.len() > SCRAM_MESSAGE_BYTES_MAX {
            return Err(Error::TooLarge(SCRAM_MESSAGE_BYTES_MAX as u64));
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Begun => {
                let first = self.first(message)?;
                let login = first.login.clone();
                self.state = State::Asked(first);
                Ok(Decoded::Offer(login, self.hash))
            }
            State::Answered { first, server, nonce } => self.last(message, first, &server, &nonce),
            State::Asked(_) | State::Over => Err(BAD),
        }
    }

    fn offered(&mut self, offer: &ScramOffer) -> Result<Decoded> {
        let State::Asked(first) = std::mem::replace(&mut self.state, State::Over) else { return Err(BAD) };
        let nonce = format!("{}{}", first.nonce, offer.nonce);
        let salt = BASE64_STANDARD.encode(&offer.salt);
        let server = format!("r={nonce},s={salt},i={}", offer.iteration_count);
        let challenge = server.clone().into_bytes();
        self.state = State::Answered { first, server, nonce };
        Ok(Decoded::Challenge(challenge))
    }
}

#[cfg(test)]
mod tests;
