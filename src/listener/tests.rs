//! Who counts as one peer, and how many of it are let in.

use super::{Caps, network, same};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Semaphore;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn caps(per_peer_max: usize) -> Arc<Caps> {
    let all = Arc::new(Semaphore::new(100));
    Arc::new(Caps { all, all_max: 100, by_peer: std::sync::Mutex::default(), per_peer_max })
}

#[test]
fn one_customer_is_one_peer() {
    assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), network(ip("2001:db8:1:2::1")));
    assert_ne!(network(ip("2001:db8:1:2::1")), network(ip("2001:db8:1:3::1")));
    assert_ne!(network(ip("192.0.2.1")), network(ip("192.0.2.2")));
    assert_eq!(network(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
}

#[tokio::test]
async fn a_peer_gets_its_places_and_no_more() {
    let caps = caps(3);
    let enter = async |peer: &str| {
        let all = caps.all.clone().acquire_owned().await.unwrap();
        caps.enter(ip(peer), all)
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(enter("192.0.2.1").await.unwrap());
    }
    assert!(enter("192.0.2.1").await.is_none());
    let other = enter("192.0.2.2").await.unwrap();
    held.pop();
    held.push(enter("192.0.2.1").await.unwrap());
    assert!(enter("192.0.2.1").await.is_none());
    assert_eq!(caps.all.available_permits(), 96);
    drop((held, other));
    assert_eq!(caps.all.available_permits(), 100);
    assert!(caps.by_peer.lock().unwrap().is_empty());
}

#[test]
fn a_socket_of_systemd_is_known_by_its_address() {
    let addr = |text: &str| text.parse().unwrap();
    assert!(same(addr("127.0.0.1:143"), addr("127.0.0.1:143")));
    assert!(same(addr("[::]:143"), addr("0.0.0.0:143")));
    assert!(!same(addr("[::]:143"), addr("127.0.0.1:143")));
    assert!(!same(addr("127.0.0.1:143"), addr("127.0.0.1:993")));
}

#[tokio::test]
async fn who_comes_when_few_places_are_left_is_told() {
    let enter = async |caps: &Arc<Caps>, peer: &str| {
        let all = caps.all.clone().acquire_owned().await.unwrap();
        caps.enter(ip(peer), all).unwrap()
    };
    // For one address ...
    let few = caps(8);
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(enter(&few, "192.0.2.1").await);
    }
    assert!(held.iter().all(|place| !place.crowded));
    assert!(enter(&few, "192.0.2.1").await.crowded);
    assert!(!enter(&few, "192.0.2.2").await.crowded);
    // ... and for all.
    let many = caps(100);
    let mut held = Vec::new();
    for count in 0..75 {
        held.push(enter(&many, &format!("192.0.2.{count}")).await);
    }
    assert!(held.iter().all(|place| !place.crowded));
    assert!(enter(&many, "192.0.2.200").await.crowded);
    drop(held);
    assert!(!enter(&many, "192.0.2.200").await.crowded);
}
