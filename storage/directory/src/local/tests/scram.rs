//! SCRAM against the directory: which secrets prove themselves, and that nobody learns which names there are.

use super::{PEER, add, add_group, directory, open, options};
use crate::limits::SCRAM_ITERATION_COUNT;
use crate::{Directory, LocalDirectory, Options, Proof, ScramHash};
use engine::sim::{SimDisk, SimEnv};
use model::{Error, Rights, Secret};
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::time::Instant;

const REFUSED: Error = Error::Forbidden(Rights::empty());

/// A client's proof and what it expects of the server.
async fn prove(
    directory: &LocalDirectory,
    login: &str,
    hash: ScramHash,
    secret: &str,
) -> model::Result<Option<u32>> {
    let offer = directory.scram(login, hash).await.unwrap();
    assert_eq!((offer.salt.len(), offer.iteration_count), (16, SCRAM_ITERATION_COUNT));
    let (derive, sign, digest, size) = match hash {
        ScramHash::Sha1 => (
            pbkdf2::PBKDF2_HMAC_SHA1,
            hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
            20,
        ),
        ScramHash::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256, 32),
    };
    let mut salted = vec![0; size];
    let rounds = NonZeroU32::new(offer.iteration_count).unwrap();
    pbkdf2::derive(derive, rounds, &offer.salt, secret.as_bytes(), &mut salted);
    let sign = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(sign, key), text);
    let key = sign(&salted, b"Client Key");
    let stored = digest::digest(digest, key.as_ref());
    let message = offer.nonce.as_bytes();
    let signature = sign(stored.as_ref(), message);
    let proof: Vec<u8> = key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
    let admitted = directory.admit(Proof::Scram { login, hash, message, proof: &proof }, PEER).await?;
    assert_eq!(admitted.signature, sign(sign(&salted, b"Server Key").as_ref(), message).as_ref());
    Ok(admitted.app_password)
}

#[tokio::test(start_paused = true)]
async fn passwords_and_app_passwords_prove_themselves_until_they_are_changed() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let (number, secret) = directory.add_app_password(alice, "phone").await.unwrap().into_inner();
    let bare = secret.expose().replace('-', "");
    for hash in [ScramHash::Sha1, ScramHash::Sha256] {
        for (login, secret, expect) in [
            ("alice@example.org", "correct horse", Ok(None)),
            ("Alice@Example.org", "correct horse", Ok(None)),
            ("alice@example.org", secret.expose(), Ok(Some(number))),
            ("alice@example.org", bare.as_str(), Ok(Some(number))),
            ("alice@example.org", "wrong horse", Err(REFUSED)),
            ("alice@example.org", "", Err(REFUSED)),
        ] {
            assert_eq!(prove(&directory, login, hash, secret).await, expect, "{hash:?} {login} {secret}");
        }
    }
    let hash = ScramHash::Sha256;
    directory.remove_app_password(alice, number).await.unwrap().into_inner();
    assert_eq!(prove(&directory, "alice@example.org", hash, secret.expose()).await, Err(REFUSED));
    directory.set_password(alice, Some(&Secret::new("battery staple"))).await.unwrap().into_inner();
    assert_eq!(prove(&directory, "alice@example.org", hash, "correct horse").await, Err(REFUSED));
    assert_eq!(prove(&directory, "alice@example.org", hash, "battery staple").await, Ok(None));
    directory.set_disabled(alice, true).await.unwrap().into_inner();
    assert_eq!(prove(&directory, "alice@example.org", hash, "battery staple").await, Err(REFUSED));
    directory.set_disabled(alice, false).await.unwrap().into_inner();
    directory.set_password(alice, None).await.unwrap().into_inner();
    assert_eq!(prove(&directory, "alice@example.org", hash, "battery staple").await, Err(REFUSED));
}

#[tokio::test(start_paused = true)]
async fn names_nobody_has_look_like_any_other() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    add_group(&directory, "team@example.org").await;
    let offer = async |login: &str| directory.scram(login, ScramHash::Sha256).await.unwrap();
    let known = offer("alice@example.org").await;
    let unknown = offer("nobody@example.org").await;
    // The same every time, also after a change of password, and different for each name and hash.
    assert_eq!(offer("nobody@example.org").await.salt, unknown.salt);
    directory.set_password(alice, Some(&Secret::new("battery staple"))).await.unwrap().into_inner();
    assert_eq!(offer("alice@example.org").await.salt, known.salt);
    assert_ne!(known.salt, unknown.salt);
    assert_ne!(directory.scram("alice@example.org", ScramHash::Sha1).await.unwrap().salt, known.salt);
    assert_ne!(offer("alice@example.org").await.nonce, known.nonce);
    for login in ["alice@example.org", "nobody@example.org", "team@example.org", "no address"] {
        let began = Instant::now();
        assert_eq!(prove(&directory, login, ScramHash::Sha256, "wrong").await, Err(REFUSED));
        let took = began.elapsed().as_millis();
        assert!((1500..=1510).contains(&took), "{login}: {took} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn salts_outlast_the_process() {
    let disk = SimDisk::new(1);
    let salt = open(&disk).await.scram("a@b", ScramHash::Sha256).await.unwrap().salt;
    assert_eq!(open(&disk).await.scram("a@b", ScramHash::Sha256).await.unwrap().salt, salt);
}

#[tokio::test(start_paused = true)]
async fn an_installation_may_keep_no_keys_of_passwords() {
    let disk = SimDisk::new(1);
    let options = Options { scram: false, ..options() };
    let directory = LocalDirectory::open(disk.engine(), Arc::new(SimEnv::new(7)), options).await.unwrap();
    assert!(!directory.offers_scram());
    directory.add_domain("example.org", None).await.unwrap().into_inner();
    let alice = add(&directory, "alice@example.org").await;
    let (number, secret) = directory.add_app_password(alice, "phone").await.unwrap().into_inner();
    let directory = open(&disk).await;
    assert!(directory.offers_scram());
    let hash = ScramHash::Sha256;
    assert_eq!(prove(&directory, "alice@example.org", hash, "correct horse").await, Err(REFUSED));
    assert_eq!(prove(&directory, "alice@example.org", hash, secret.expose()).await, Ok(Some(number)));
}

#[tokio::test(start_paused = true)]
async fn a_hundred_logins_at_once_never_get_another_ones_answer() {
    let directory = Arc::new(directory().await);
    for at in 0..20 {
        let name = format!("u{at}@example.org");
        let id = add(&directory, &name).await;
        let password = Secret::new(format!("password of {at}"));
        directory.set_password(id, Some(&password)).await.unwrap().into_inner();
    }
    let mut running = tokio::task::JoinSet::new();
    for at in 0..100 {
        let directory = directory.clone();
        running.spawn(async move {
            let (user, right) = (at % 20, at % 3 != 0);
            let secret = Secret::new(format!("password of {}", if right { user } else { user + 1 }));
            let login = format!("u{user}@example.org");
            let by_scram = prove(&directory, &login, ScramHash::Sha256, secret.expose()).await;
            assert_eq!(by_scram.is_ok(), right, "{login}");
            let by_password = directory.authenticate(&login, &secret, PEER).await;
            assert_eq!(by_password.map(|found| found.address.to_string()).ok(), right.then_some(login));
        });
    }
    running.join_all().await;
}
