//! Basic authentication (RFC 7617), on every request by itself.

use crate::app::{Response, plain};
use crate::limits::CREDENTIALS_BYTES_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};
use directory::Directory;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::{Error, Principal, SECRET_BYTES_MAX, Secret};
use sasl::door::Peer;

const REALM: HeaderValue = HeaderValue::from_static("Basic realm=\"Collegium\", charset=\"UTF-8\"");

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Proves the sender, or makes the answer that refuses it.
pub(crate) async fn authenticate(
    directory: &dyn Directory,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<Principal, Response> {
    if !peer.may_authenticate() {
        // No challenge: the client must not be led to send a password over this connection.
        return Err(plain(StatusCode::FORBIDDEN, "TLS is required here\n"));
    }
    let Some((login, secret)) = credentials(headers) else { return Err(challenge()) };
    match directory.authenticate(&login, &secret, peer.addr.ip()).await {
        Ok(principal) => Ok(principal),
        Err(Error::Unavailable) => {
            let mut response =
                plain(StatusCode::SERVICE_UNAVAILABLE, "too many logins wait, try again later\n");
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            Err(response)
        }
        // Nobody can say that the password is wrong when what it is compared with cannot be read.
        Err(Error::Corrupt) => Err(plain(StatusCode::INTERNAL_SERVER_ERROR, "stored data is damaged\n")),
        Err(_) => Err(challenge()),
    }
}

fn challenge() -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, "log in with the full address and the password\n");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, REALM);
    response
}

fn credentials(headers: &HeaderMap) -> Option<(String, Secret)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    // Two sets of credentials: nobody can say which were meant.
    if values.next().is_some() || value.len() > CREDENTIALS_BYTES_MAX {
        return None;
    }
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
    let (login, secret) = decoded.split_once(':')?;
    (secret.len() <= SECRET_BYTES_MAX).then(|| (login.to_owned(), Secret::new(secret)))
}

#[cfg(test)]
mod tests;
