//! Capabilities hidden from an account or an app password.

use super::{PEER, add, directory};
use crate::limits::{HIDDEN_BYTES_MAX, HIDDEN_COUNT_MAX};
use crate::{Directory, Proof};
use model::{AccountId, Error, Secret};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_hidden_is_told_at_login() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let (number, app) = directory.add_app_password(alice, "phone").await.unwrap().into_inner();
    let hidden = async |secret: &Secret| {
        let proof = Proof::Password { login: "alice@example.org", secret };
        directory.admit(proof, PEER).await.unwrap().hidden.join(" ")
    };
    let password = Secret::new("correct horse");
    assert_eq!(hidden(&password).await, "");
    let set = async |app, list: &[&str]| {
        directory.set_hidden(alice, app, &names(list)).await.map(|done| done.into_inner())
    };
    set(None, &["compress", "UIDONLY", "COMPRESS"]).await.unwrap();
    set(Some(number), &["IDLE"]).await.unwrap();
    assert_eq!(hidden(&password).await, "COMPRESS UIDONLY");
    assert_eq!(hidden(&app).await, "COMPRESS UIDONLY IDLE");
    set(None, &[]).await.unwrap();
    assert_eq!((hidden(&password).await, hidden(&app).await), (String::new(), "IDLE".to_owned()));
    assert_eq!(directory.hidden(alice, Some(number)).await.unwrap(), ["IDLE"]);
    assert_eq!(set(Some(number + 1), &["IDLE"]).await, Err(Error::NotFound));
    let nobody = directory.set_hidden(AccountId(99), None, &[]).await;
    assert_eq!(nobody.err(), Some(Error::NotFound));
    for bad in ["", "A B", "A\r\nB", "A]"] {
        assert!(set(None, &[bad]).await.is_err(), "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn hidden_names_at_their_limits() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let many = |count: usize| (0..count).map(|at| format!("X{at}")).collect::<Vec<_>>();
    assert!(directory.set_hidden(alice, None, &many(HIDDEN_COUNT_MAX)).await.is_ok());
    let past = directory.set_hidden(alice, None, &many(HIDDEN_COUNT_MAX + 1)).await;
    assert_eq!(past.err(), Some(Error::TooLarge(HIDDEN_COUNT_MAX as u64)));
    assert!(directory.set_hidden(alice, None, &["X".repeat(HIDDEN_BYTES_MAX)]).await.is_ok());
    assert!(directory.set_hidden(alice, None, &["X".repeat(HIDDEN_BYTES_MAX + 1)]).await.is_err());
}
