//! Coming, being noted, and going.

use super::*;

#[test]
fn a_session_is_listed_until_it_is_dropped() {
    let sessions = Sessions::new(PathBuf::new());
    let known = |account| Known {
        account: AccountId(account),
        app_password: Some(3),
        door: "imap",
        from: "192.0.2.1:1".parse().unwrap(),
        since: Timestamp(5),
        client: None,
    };
    let (first, second) = (sessions.enter(known(1)), sessions.enter(known(2)));
    second.note_client("Thunderbird 153".into());
    assert_eq!(sessions.all().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(sessions.all()[1].1.client.as_deref(), Some("Thunderbird 153"));
    assert!(first.tracer().is_none(), "nobody is traced");
    drop(first);
    assert_eq!(sessions.all(), [(2, Known { client: Some("Thunderbird 153".into()), ..known(2) })]);
    drop(second);
    assert!(sessions.all().is_empty() && !sessions.is_serving());
    sessions.begin();
    assert!(sessions.is_serving());
}

#[test]
fn the_last_session_of_an_app_password_is_known_until_it_is_written_down() {
    let sessions = Sessions::new(PathBuf::new());
    let known = |app_password, since| Known {
        account: AccountId(1),
        app_password,
        door: "imap",
        from: "192.0.2.1:1".parse().unwrap(),
        since: Timestamp(since),
        client: None,
    };
    drop(sessions.enter(known(None, 1)));
    assert!(sessions.devices().is_empty(), "the password is no device's");
    drop(sessions.enter(known(Some(3), 2)));
    let second = sessions.enter(known(Some(3), 3));
    let written = sessions.devices();
    assert_eq!(written, [((AccountId(1), 3), known(Some(3), 3))].into());
    second.note_client("Phone".into());
    sessions.forget_devices(&written);
    let left = Known { client: Some("Phone".into()), ..known(Some(3), 3) };
    assert_eq!(sessions.devices(), [((AccountId(1), 3), left)].into(), "it has said more since");
    sessions.forget_devices(&sessions.devices());
    assert!(sessions.devices().is_empty());
}
