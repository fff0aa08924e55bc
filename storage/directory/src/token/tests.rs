//! Good tokens, and everything an attacker has tried on others: swapped algorithms, foreign keys, foreign
//! audiences, old tokens, keys that the token brings itself.

use super::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn encode(octets: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { key, random }
    }

    fn jwk(&self, kid: &str) -> Value {
        let point = self.key.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
               "x": encode(&point[1..33]), "y": encode(&point[33..])})
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.key.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature))
    }
}

fn issuer(keys: &Value) -> Issuer {
    let keys = json!({ "keys": keys }).to_string();
    Issuer::new("https://sso", "collegium", "email", TokenAlgorithm::Es256, keys.as_bytes()).unwrap()
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": "k1"})
}

fn claims() -> Value {
    json!({"iss": "https://sso", "aud": "collegium", "exp": 1_800_000_600, "email": "Alice@example.org"})
}

fn with(mut base: Value, name: &str, value: Value) -> Value {
    base.as_object_mut().unwrap().insert(name.to_owned(), value);
    base
}

fn without(mut base: Value, name: &str) -> Value {
    base.as_object_mut().unwrap().remove(name);
    base
}

#[test]
fn good_tokens() {
    let signer = Signer::new();
    let issuer = issuer(&json!([signer.jwk("k1")]));
    let good = Address::parse("alice@example.org").ok();
    for (header, claims) in [
        (header(), claims()),
        (without(header(), "kid"), claims()),
        (with(header(), "jku", json!("https://evil/keys")), claims()),
        (header(), with(claims(), "aud", json!(["other", "collegium"]))),
        (header(), with(claims(), "nbf", json!(1_799_999_999))),
        (header(), with(claims(), "email_verified", json!(true))),
        (header(), with(claims(), "exp", json!(1_800_000_000 - i64::from(TOKEN_LEEWAY_SECONDS) + 1))),
    ] {
        assert_eq!(issuer.verify(&signer.token(&header, &claims), NOW), good, "{header} {claims}");
    }
}

#[test]
fn claims_that_are_not_for_us_or_not_for_now() {
    let signer = Signer::new();
    let issuer = issuer(&json!([signer.jwk("k1")]));
    for claims in [
        with(claims(), "iss", json!("https://evil")),
        with(claims(), "aud", json!("other")),
        with(claims(), "aud", json!(["other"])),
        with(claims(), "aud", json!("collegium2")),
        with(claims(), "exp", json!(1_800_000_000 - i64::from(TOKEN_LEEWAY_SECONDS))),
        with(claims(), "exp", json!("1900000000")),
        with(claims(), "nbf", json!(1_800_000_000 + i64::from(TOKEN_LEEWAY_SECONDS) + 1)),
        with(claims(), "email", json!("nobody")),
        with(claims(), "email", json!(7)),
        with(claims(), "email_verified", json!(false)),
        without(claims(), "iss"),
        without(claims(), "aud"),
        without(claims(), "exp"),
        without(claims(), "email"),
    ] {
        assert_eq!(issuer.verify(&signer.token(&header(), &claims), NOW), None, "{claims}");
    }
}

#[test]
fn headers_that_choose_for_themselves() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let both = issuer(&json!([signer.jwk("k1"), stranger.jwk("k2")]));
    let issuer = issuer(&json!([signer.jwk("k1")]));
    for header in [
        with(header(), "alg", json!("none")),
        with(header(), "alg", json!("None")),
        with(header(), "alg", json!("HS256")),
        with(header(), "alg", json!("RS256")),
        with(header(), "alg", json!("EdDSA")),
        with(header(), "kid", json!("k2")),
        with(header(), "kid", json!("../../dev/null")),
        with(header(), "kid", json!("")),
        with(header(), "crit", json!(["exp"])),
        without(header(), "alg"),
    ] {
        assert_eq!(issuer.verify(&signer.token(&header, &claims()), NOW), None, "{header}");
    }
    // Signed by somebody else, with the key brought along.
    let own = with(header(), "jwk", stranger.jwk("k1"));
    assert_eq!(issuer.verify(&stranger.token(&own, &claims()), NOW), None);
    // Of two keys none is guessed, and each signs only under its own name.
    assert_eq!(both.verify(&signer.token(&without(header(), "kid"), &claims()), NOW), None);
    assert_eq!(both.verify(&stranger.token(&header(), &claims()), NOW), None);
    // The public key as the secret of an HMAC.
    let signed = format!(
        "{}.{}",
        encode(with(header(), "alg", json!("HS256")).to_string()),
        encode(claims().to_string())
    );
    let point = signer.key.public_key().as_ref();
    let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, point), signed.as_bytes());
    assert_eq!(issuer.verify(&format!("{signed}.{}", encode(tag)), NOW), None);
}

#[test]
fn what_is_no_token() {
    let signer = Signer::new();
    let issuer = issuer(&json!([signer.jwk("k1")]));
    let good = signer.token(&header(), &claims());
    let (signed, _) = good.rsplit_once('.').unwrap();
    for token in
        ["", ".", "..", "a.b.c", &format!("{signed}."), signed, &format!("{good}="), &format!("{good}.x")]
    {
        assert_eq!(issuer.verify(token, NOW), None, "{token}");
    }
    let twice =
        format!("{}.{}", encode(r#"{"alg":"ES256","alg":"ES256","kid":"k1"}"#), encode(claims().to_string()));
    let signature = signer.key.sign(&signer.random, twice.as_bytes()).unwrap();
    assert_eq!(issuer.verify(&format!("{twice}.{}", encode(signature)), NOW), None);
}

#[test]
fn the_longest_token_and_one_longer() {
    let signer = Signer::new();
    let issuer = issuer(&json!([signer.jwk("k1")]));
    let sized = |size: usize| {
        let mut fill = size / 2;
        loop {
            let token = signer.token(&header(), &with(claims(), "fill", json!("x".repeat(fill))));
            if token.len() >= size {
                return token;
            }
            fill += 1;
        }
    };
    let token = sized(TOKEN_BYTES_MAX);
    // Base64 leaves out one length in four.
    assert!(token.len() <= TOKEN_BYTES_MAX + 1);
    assert_eq!(issuer.verify(&token, NOW).is_some(), token.len() <= TOKEN_BYTES_MAX);
    assert!(issuer.verify(&sized(TOKEN_BYTES_MAX - 8), NOW).is_some());
    assert_eq!(issuer.verify(&sized(TOKEN_BYTES_MAX + 1), NOW), None);
}

#[test]
fn key_sets() {
    let signer = Signer::new();
    let of = |algorithm, keys: Value| {
        Issuer::new("i", "a", "email", algorithm, json!({ "keys": keys }).to_string().as_bytes()).is_ok()
    };
    assert!(of(TokenAlgorithm::Es256, json!([signer.jwk("k")])));
    assert!(!of(TokenAlgorithm::Rs256, json!([signer.jwk("k")])));
    assert!(!of(TokenAlgorithm::Es256, json!([with(signer.jwk("k"), "use", json!("enc"))])));
    assert!(!of(TokenAlgorithm::Es256, json!([with(signer.jwk("k"), "alg", json!("ES384"))])));
    assert!(!of(TokenAlgorithm::Es256, json!([{"kty": "oct", "k": "c2VjcmV0"}])));
    assert!(!of(TokenAlgorithm::Es256, json!([])));
    let many = |count: usize| json!(vec![signer.jwk("k"); count]);
    assert!(of(TokenAlgorithm::Es256, many(TOKEN_KEY_COUNT_MAX)));
    assert!(!of(TokenAlgorithm::Es256, many(TOKEN_KEY_COUNT_MAX + 1)));
    assert!(Issuer::new("i", "a", "email", TokenAlgorithm::Es256, b"{}").is_err());
}

#[test]
fn a_token_signed_with_ed25519() {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let key = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key())}]}).to_string();
    let issuer =
        Issuer::new("https://sso", "collegium", "email", TokenAlgorithm::EdDsa, key.as_bytes()).unwrap();
    let header = json!({"alg": "EdDSA"});
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims().to_string()));
    let token = format!("{signed}.{}", encode(pair.sign(signed.as_bytes())));
    assert!(issuer.verify(&token, NOW).is_some());
}
