//! Bearer tokens of an issuer that the installation trusts: JWTs (RFC 7519) signed with one pinned algorithm.
//!
//! Everything that a token could choose for itself is fixed here instead (RFC 8725): the algorithm, the keys, the
//! issuer, the audience. `kid` only picks among the configured keys; `jku`, `jwk`, `x5u` and the like are not
//! looked at, and a token with `crit` is refused.

use crate::limits::{TOKEN_BYTES_MAX, TOKEN_KEY_COUNT_MAX, TOKEN_LEEWAY_SECONDS};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use model::{Address, Error, Result, Timestamp};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

/// How tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TokenAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256, SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl TokenAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// An issuer and what its tokens must be like.
#[derive(Clone, Debug)]
pub struct Issuer {
    issuer: String,
    audience: String,
    claim: String,
    algorithm: TokenAlgorithm,
    keys: Vec<(Option<String>, PublicKey)>,
}

#[derive(Clone, Debug)]
enum PublicKey {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

/// RFC 7517 4, RFC 7518 6, RFC 8037 2.
#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    email_verified: Option<bool>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

fn octets(text: Option<&String>) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text?).ok()
}

impl Key {
    /// The key, where it is one for this algorithm and for signatures.
    fn public(&self, algorithm: TokenAlgorithm) -> Option<PublicKey> {
        let fits = self.alg.as_deref().is_none_or(|alg| alg == algorithm.name());
        if !fits || self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            (TokenAlgorithm::Rs256, "RSA", None) => {
                Some(PublicKey::Rsa { n: octets(self.n.as_ref())?, e: octets(self.e.as_ref())? })
            }
            (TokenAlgorithm::Es256, "EC", Some("P-256")) => {
                let (x, y) = (octets(self.x.as_ref())?, octets(self.y.as_ref())?);
                (x.len() == 32 && y.len() == 32).then(|| PublicKey::P256([&[4], &x[..], &y[..]].concat()))
            }
            (TokenAlgorithm::EdDsa, "OKP", Some("Ed25519")) => {
                octets(self.x.as_ref()).filter(|x| x.len() == 32).map(PublicKey::Ed25519)
            }
            _ => None,
        }
    }
}

impl PublicKey {
    fn verify(&self, message: &[u8], signed: &[u8]) -> bool {
        let verified = match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &signature::RSA_PKCS1_2048_8192_SHA256,
                message,
                signed,
            ),
            Self::P256(point) => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signed)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&signature::ED25519, key).verify(message, signed),
        };
        verified.is_ok()
    }
}

impl Issuer {
    /// An issuer with its key set (RFC 7517) as JSON; keys that are not for this algorithm are passed over.
    ///
    /// # Errors
    /// `Invalid` when it is no key set or holds no key for the algorithm; `TooLarge` past
    /// [`TOKEN_KEY_COUNT_MAX`] keys.
    pub fn new(
        issuer: &str,
        audience: &str,
        claim: &str,
        algorithm: TokenAlgorithm,
        keys: &[u8],
    ) -> Result<Self> {
        let set: KeySet = serde_json::from_slice(keys).map_err(|_| Error::Invalid("not a JWK set"))?;
        if set.keys.len() > TOKEN_KEY_COUNT_MAX {
            return Err(Error::TooLarge(TOKEN_KEY_COUNT_MAX as u64));
        }
        let usable = set.keys.into_iter().filter_map(|key| Some((key.kid.clone(), key.public(algorithm)?)));
        let keys: Vec<_> = usable.collect();
        if keys.is_empty() {
            return Err(Error::Invalid("no key for that algorithm in the JWK set"));
        }
        let (issuer, audience, claim) = (issuer.to_owned(), audience.to_owned(), claim.to_owned());
        Ok(Self { issuer, audience, claim, algorithm, keys })
    }

    /// Whose token it is, if it is good now.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Option<Address> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
        if header.alg != self.algorithm.name() || header.crit.is_some() {
            return None;
        }
        let key = self.key(header.kid.as_deref())?;
        if !key.verify(signed.as_bytes(), &decode(signature)?) {
            return None;
        }
        // Only now is anything of it believed.
        let claims: Claims = serde_json::from_slice(&decode(claims)?).ok()?;
        self.accepts(&claims, now).then_some(())?;
        Address::parse(claims.others.get(&self.claim)?.as_str()?).ok()
    }

    /// The key of that name; without a name, the only one there is.
    fn key(&self, kid: Option<&str>) -> Option<&PublicKey> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => {
                keys.iter().find(|(name, _)| name.as_deref() == Some(kid)).map(|(_, key)| key)
            }
            (None, [(_, only)]) => Some(only),
            (None, _) => None,
        }
    }

    fn accepts(&self, claims: &Claims, now: Timestamp) -> bool {
        #[allow(clippy::cast_precision_loss)]
        let now = now.seconds() as f64;
        let leeway = f64::from(TOKEN_LEEWAY_SECONDS);
        let for_us = match &claims.aud {
            Audience::One(one) => *one == self.audience,
            Audience::Many(many) => many.contains(&self.audience),
        };
        claims.iss == self.issuer
            && for_us
            && claims.exp + leeway > now
            && claims.nbf.is_none_or(|from| from <= now + leeway)
            && claims.email_verified != Some(false)
    }
}

#[cfg(test)]
mod tests;
