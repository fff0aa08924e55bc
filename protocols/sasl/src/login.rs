//! Carrying an exchange through: between the client, by the door's own lines, and the directory.

use crate::door::Peer;
use crate::mechanism::{Exchange, Mechanism, Next};
use directory::{Admitted, Directory, Proof};
use model::{Error, Result, wipe};
use std::future::Future;

/// How a door talks to its client during an exchange.
pub trait Dialogue: Send {
    /// Why there is nobody to talk to any more, or no use in it.
    type End: Send;

    /// Sends a challenge (base64, may be empty) behind the door's own mark and returns the client's line,
    /// without its CRLF.
    fn ask(&mut self, challenge: &str) -> impl Future<Output = Result<Vec<u8>, Self::End>> + Send;

    /// Waits for the directory, as long as the door lets a stranger wait.
    fn within<T: Send>(
        &mut self,
        work: impl Future<Output = T> + Send,
    ) -> impl Future<Output = Result<T, Self::End>> + Send;
}

/// Runs a mechanism to its end.
///
/// # Errors
/// Inner: `Invalid` or `TooLarge` for what is not the mechanism's, `Forbidden` for every wrong login alike,
/// `Unavailable`. Outer: the dialogue's own.
pub async fn log_in<D: Dialogue>(
    dialogue: &mut D,
    mechanism: &Mechanism,
    initial: Option<&[u8]>,
    peer: &Peer,
    directory: &dyn Directory,
) -> Result<Result<Admitted>, D::End> {
    let mut exchange = Exchange::start(mechanism, peer);
    let mut next = exchange.initial(initial);
    loop {
        next = match next {
            Err(error) => return Ok(Err(error)),
            Ok(Next::Challenge(text)) => {
                let line = dialogue.ask(&text).await?;
                let next = exchange.respond(&line);
                wipe(line);
                next
            }
            Ok(Next::Offer(login, hash)) => match dialogue.within(directory.scram(&login, hash)).await? {
                Ok(offer) => exchange.offered(&offer),
                Err(error) => Err(error),
            },
            Ok(Next::Credentials(credentials)) => {
                let proof = Proof::Password { login: &credentials.login, secret: &credentials.secret };
                return dialogue.within(directory.admit(proof, peer.addr.ip())).await;
            }
            Ok(Next::Certificate(login)) => {
                let addresses = peer.channel.as_ref().map(|channel| channel.addresses.as_slice());
                let proof = Proof::Certificate { addresses: addresses.unwrap_or_default(), login: &login };
                return dialogue.within(directory.admit(proof, peer.addr.ip())).await;
            }
            Ok(Next::Token { login, token }) => {
                let proof = Proof::Token { login: &login, token: &token };
                let outcome = dialogue.within(directory.admit(proof, peer.addr.ip())).await?;
                wipe(token.into_bytes());
                if matches!(outcome, Err(Error::Forbidden(_))) {
                    dialogue.ask(&Exchange::token_refused()).await?;
                }
                return Ok(outcome);
            }
            Ok(Next::Scram(given)) => {
                let proof = Proof::Scram {
                    login: &given.login,
                    hash: given.hash,
                    message: &given.message,
                    proof: &given.proof,
                };
                let admitted = match dialogue.within(directory.admit(proof, peer.addr.ip())).await? {
                    Ok(admitted) => admitted,
                    Err(error) => return Ok(Err(error)),
                };
                // The client checks the signature and says so with an empty line (RFC 4422 5.1, 4954 4).
                let line = dialogue.ask(&Exchange::signed(&admitted.signature)).await?;
                return Ok(if line.is_empty() || line == b"=" {
                    Ok(admitted)
                } else {
                    Err(Error::Invalid("authentication cancelled"))
                });
            }
        };
    }
}

#[cfg(test)]
mod tests;
