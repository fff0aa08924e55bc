//! Logins: right and wrong, remembered and forgotten, slow and bounded.

use super::{PEER, add, add_group, address, directory};
use crate::limits::{APP_PASSWORD_COUNT_MAX, HASH_WAITING_PER_PEER_MAX};
use crate::{Directory, LocalDirectory};
use model::{Error, Rights, SECRET_BYTES_MAX, Secret};
use std::sync::Arc;
use tokio::time::Instant;

const REFUSED: Error = Error::Forbidden(Rights::empty());

async fn login(directory: &LocalDirectory, login: &str, secret: &str) -> model::Result<u32> {
    let principal = directory.authenticate(login, &Secret::new(secret), PEER).await?;
    Ok(principal.account.0)
}

#[tokio::test(start_paused = true)]
async fn the_right_password_of_the_full_address_lets_in() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    directory.add_alias(alice, &address("a@example.org")).await.unwrap().into_inner();
    add_group(&directory, "team@example.org").await;
    assert_eq!(login(&directory, "Alice@Example.org", "correct horse").await, Ok(alice.0));
    let too_long = "x".repeat(SECRET_BYTES_MAX + 1);
    for (name, secret) in [
        ("alice@example.org", "wrong horse"),
        ("alice@example.org", "Correct horse"),
        ("alice@example.org", ""),
        ("alice@example.org", too_long.as_str()),
        ("alice", "correct horse"),
        ("a@example.org", "correct horse"),
        ("nobody@example.org", "correct horse"),
        ("team@example.org", "correct horse"),
        ("alice@example.net", "correct horse"),
        ("\0\r\n", "correct horse"),
    ] {
        assert_eq!(login(&directory, name, secret).await, Err(REFUSED), "{name} {secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_refusal_takes_the_same_time() {
    let directory = directory().await;
    add(&directory, "alice@example.org").await;
    for (name, secret) in [
        ("alice@example.org", "wrong"),
        ("alice@example.org", "wrong"),
        ("nobody@example.org", "wrong"),
        ("no address", "wrong"),
    ] {
        let began = Instant::now();
        assert_eq!(login(&directory, name, secret).await, Err(REFUSED));
        let took = began.elapsed().as_millis();
        assert!((1500..=1510).contains(&took), "{name}: {took} ms");
    }
    let began = Instant::now();
    login(&directory, "alice@example.org", "correct horse").await.unwrap();
    assert!(began.elapsed().as_millis() < 100);
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_follows_every_change() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    for _ in 0..3 {
        login(&directory, "alice@example.org", "correct horse").await.unwrap();
    }
    directory.set_password(alice, Some(&Secret::new("battery staple"))).await.unwrap().into_inner();
    assert_eq!(login(&directory, "alice@example.org", "correct horse").await, Err(REFUSED));
    assert_eq!(login(&directory, "alice@example.org", "battery staple").await, Ok(alice.0));
    directory.set_disabled(alice, true).await.unwrap().into_inner();
    assert_eq!(login(&directory, "alice@example.org", "battery staple").await, Err(REFUSED));
    assert!(directory.identities(alice).await.unwrap().is_empty(), "whoever is logged in sends nothing more");
    directory.set_disabled(alice, false).await.unwrap().into_inner();
    assert_eq!(directory.identities(alice).await.unwrap().len(), 1);
    assert_eq!(login(&directory, "alice@example.org", "battery staple").await, Ok(alice.0));
    directory.set_password(alice, None).await.unwrap().into_inner();
    assert_eq!(login(&directory, "alice@example.org", "battery staple").await, Err(REFUSED));
    directory.remove_account(alice).await.unwrap().into_inner();
    add(&directory, "alice@example.org").await;
    assert_eq!(login(&directory, "alice@example.org", "battery staple").await, Err(REFUSED));
}

/// A reconnect must not cost a hash: with one that takes long, a thousand reconnects are still quick.
#[tokio::test]
async fn a_reconnect_costs_no_hash() {
    let directory = directory().await;
    add(&directory, "alice@example.org").await;
    login(&directory, "alice@example.org", "correct horse").await.unwrap();
    let hashed = directory.hash_count();
    for _ in 0..1000 {
        login(&directory, "alice@example.org", "correct horse").await.unwrap();
    }
    assert_eq!(directory.hash_count(), hashed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_opened_at_once_share_one_hash() {
    let disk = engine::sim::SimDisk::new(1);
    let options = super::Options { hash_count_max: Some(1), ..super::options() };
    let env = Arc::new(engine::sim::SimEnv::new(7));
    let directory = LocalDirectory::open(disk.engine(), env, options).await.unwrap();
    directory.add_domain("example.org", None).await.unwrap().into_inner();
    add(&directory, "alice@example.org").await;
    let directory = Arc::new(directory);
    let before = directory.hash_count();
    let mut sessions = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let directory = directory.clone();
        sessions.spawn(async move { login(&directory, "alice@example.org", "correct horse").await });
    }
    while let Some(done) = sessions.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(directory.hash_count(), before + 1);
}

/// craft.md row 38: verdicts are kept by account and whole secret, so no one's verdict is another's.
#[tokio::test(start_paused = true)]
async fn a_hundred_people_right_and_wrong_by_turns() {
    let directory = directory().await;
    for at in 0..100 {
        let mut new = super::new(&format!("u{at}@example.org"));
        new.password = Some(Secret::new(format!("password {at}")));
        directory.add_account(new).await.unwrap().into_inner();
    }
    let directory = Arc::new(directory);
    let mut sessions = tokio::task::JoinSet::new();
    for round in 0..4_usize {
        for at in 0..100_usize {
            let directory = directory.clone();
            sessions.spawn(async move {
                let right = (at + round).is_multiple_of(2);
                let secret = format!("password {}", if right { at } else { (at + 1) % 100 });
                let done = loop {
                    match login(&directory, &format!("u{at}@example.org"), &secret).await {
                        // The queue is bounded for one peer.
                        Err(Error::Unavailable) => {
                            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                        }
                        done => break done,
                    }
                };
                assert_eq!(done.is_ok(), right, "{at} {round}");
            });
        }
    }
    while let Some(done) = sessions.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn those_who_wait_for_a_hash_are_bounded() {
    let directory = directory().await;
    let gate = &directory.gate;
    let places: Vec<_> = (0..HASH_WAITING_PER_PEER_MAX).map(|_| gate.wait(PEER).unwrap()).collect();
    assert_eq!(gate.wait(PEER).err(), Some(Error::Unavailable));
    let elsewhere: std::net::IpAddr = "192.0.2.1".parse().unwrap();
    drop(gate.wait(elsewhere).unwrap());
    drop(places);
    drop(gate.wait(PEER).unwrap());
    let mut places = Vec::new();
    for at in 0..crate::limits::HASH_WAITING_MAX {
        let peer = std::net::Ipv4Addr::from(u32::try_from(at / 8).unwrap());
        places.push(gate.wait(peer.into()).unwrap());
    }
    assert_eq!(gate.wait(elsewhere).err(), Some(Error::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn app_passwords_let_in_until_revoked() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let bob = add(&directory, "bob@example.org").await;
    let (number, secret) = directory.add_app_password(alice, "phone").await.unwrap().into_inner();
    assert!(secret.expose().chars().filter(|c| *c != '-').count() * 5 >= 128);
    let bare: String = secret.expose().replace('-', "");
    for form in [secret.expose(), &bare, &secret.expose().replace('-', " ")] {
        assert_eq!(login(&directory, "alice@example.org", form).await, Ok(alice.0));
        assert_eq!(login(&directory, "bob@example.org", form).await, Err(REFUSED));
    }
    assert_eq!(login(&directory, "alice@example.org", "correct horse").await, Ok(alice.0));
    assert_eq!(directory.app_passwords(alice).await.unwrap()[0].label, "phone");
    assert_eq!(directory.remove_app_password(bob, number).await.unwrap_err(), Error::NotFound);
    directory.remove_app_password(alice, number).await.unwrap().into_inner();
    assert_eq!(login(&directory, "alice@example.org", secret.expose()).await, Err(REFUSED));
    let (next, _) = directory.add_app_password(alice, "phone").await.unwrap().into_inner();
    assert_ne!(next, number);
}

#[tokio::test]
async fn app_passwords_are_bounded() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    for _ in 0..APP_PASSWORD_COUNT_MAX {
        directory.add_app_password(alice, "x").await.unwrap().into_inner();
    }
    let one_more = directory.add_app_password(alice, "x").await.unwrap_err();
    assert_eq!(one_more, Error::TooLarge(APP_PASSWORD_COUNT_MAX as u64));
}

#[tokio::test]
async fn short_and_long_passwords_are_not_set() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let set = async |text: &str| directory.set_password(alice, Some(&Secret::new(text))).await;
    assert!(matches!(set("1234567").await, Err(Error::Invalid(_))));
    set("12345678").await.unwrap().into_inner();
    set(&"x".repeat(SECRET_BYTES_MAX)).await.unwrap().into_inner();
    let long = set(&"x".repeat(SECRET_BYTES_MAX + 1)).await.unwrap_err();
    assert_eq!(long, Error::TooLarge(SECRET_BYTES_MAX as u64));
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let cache = super::super::credential::Cache::default();
    let name = |at: usize| *blake3::hash(&at.to_be_bytes()).as_bytes();
    let max = crate::limits::CACHE_COUNT_MAX;
    (0..max).for_each(|at| cache.put(name(at), at.is_multiple_of(2)));
    assert_eq!((cache.get(&name(0)), cache.get(&name(1))), (Some(true), Some(false)));
    cache.put(name(max), true);
    assert_eq!((cache.get(&name(0)), cache.get(&name(1))), (Some(true), None), "refusals go first");
    (0..max).for_each(|at| cache.put(name(max + at), true));
    assert_eq!(cache.get(&name(0)), None);
}
