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
