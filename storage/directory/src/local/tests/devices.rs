//! The note of the last device: what is written, what is not, and when it goes.

use super::{LocalDirectory, add, directory};
use crate::Device;
use crate::limits::{DEVICE_CLIENT_CHARS_MAX, DEVICE_NOTE_AGE};
use model::{AccountId, Timestamp};

fn device(door: &str, client: Option<&str>, at: i64) -> Device {
    Device {
        door: door.into(),
        client: client.map(str::to_owned),
        from: format!("10.0.0.{}", at % 7),
        at: Timestamp(at),
    }
}

async fn noted(directory: &LocalDirectory, id: AccountId, app: u32, device: Device) -> Option<Device> {
    directory.note_devices(vec![((id, app), device)]).await.unwrap();
    directory.devices(id).await.unwrap().remove(&app)
}

#[tokio::test]
async fn the_last_device_is_noted_where_it_says_something_new() {
    let directory = directory().await;
    let id = add(&directory, "alice@example.org").await;
    let (app, _) = directory.add_app_password(id, "phone").await.unwrap().into_inner();
    let age = i64::try_from(DEVICE_NOTE_AGE.as_millis()).unwrap();
    let first = device("imap", Some("Mail 1"), 1_000);
    assert_eq!(noted(&directory, id, app, first.clone()).await, Some(first.clone()));
    // One that says nothing of itself is the one that was known, and is not written at once.
    let soon = device("imap", None, 1_000 + age - 1);
    assert_eq!(noted(&directory, id, app, soon).await, Some(first.clone()));
    let later = noted(&directory, id, app, device("imap", None, 1_000 + age)).await.unwrap();
    assert_eq!((later.client.as_deref(), later.at), (Some("Mail 1"), Timestamp(1_000 + age)));
    // Another device is.
    let other = device("pop3", None, 1_001 + age);
    assert_eq!(noted(&directory, id, app, other.clone()).await, Some(other.clone()));
    assert_eq!(noted(&directory, id, app, first).await, Some(other), "an older one comes late");
    let long = "x".repeat(DEVICE_CLIENT_CHARS_MAX + 1);
    let cut = noted(&directory, id, app, device("imap", Some(&long), 1_002 + age)).await.unwrap();
    assert_eq!(cut.client.unwrap().len(), DEVICE_CLIENT_CHARS_MAX);
}

#[tokio::test]
async fn it_goes_with_its_app_password_and_its_account() {
    let directory = directory().await;
    let id = add(&directory, "alice@example.org").await;
    let (app, _) = directory.add_app_password(id, "phone").await.unwrap().into_inner();
    assert_eq!(noted(&directory, id, app + 1, device("imap", None, 1)).await, None, "no such app password");
    assert!(noted(&directory, id, app, device("imap", None, 1)).await.is_some());
    directory.remove_app_password(id, app).await.unwrap().into_inner();
    assert!(directory.devices(id).await.unwrap().is_empty());
    let (app, _) = directory.add_app_password(id, "phone").await.unwrap().into_inner();
    assert!(noted(&directory, id, app, device("imap", None, 1)).await.is_some());
    directory.remove_account(id).await.unwrap().into_inner();
    assert!(directory.devices(id).await.unwrap().is_empty());
    assert_eq!(noted(&directory, id, app, device("imap", None, 2)).await, None);
}
