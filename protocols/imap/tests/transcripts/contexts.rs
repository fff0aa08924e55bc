//! Searches that are kept up to date or kept under a name, and their limits.

use crate::harness::House;
use imap::Config;

#[tokio::test]
async fn results_kept_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    for number in 0..16 {
        let tag = format!("t{number}");
        let lines = client.ask(&format!("{tag} UID SEARCH RETURN (UPDATE COUNT) UNSEEN")).await;
        assert_eq!(lines[0], format!("* ESEARCH (TAG \"{tag}\") UID COUNT 0"));
        assert_eq!(lines.len(), 2);
    }
    // What else was asked for is told all the same.
    let lines = client.ask("t16 UID SORT RETURN (UPDATE COUNT) (DATE) UTF-8 UNSEEN").await;
    assert_eq!(lines[0], "* ESEARCH (TAG \"t16\") UID COUNT 0");
    assert_eq!(lines[1], "* NO [NOUPDATE \"t16\"] Too many searches are kept up to date");
    assert_eq!(lines[2], "t16 OK SORT completed");
    client.ask("b CANCELUPDATE \"t3\"").await;
    assert_eq!(client.ask("t17 UID SEARCH RETURN (UPDATE COUNT) UNSEEN").await.len(), 2);
    let lines = client.ask("c APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
    assert_eq!(lines.iter().filter(|line| line.ends_with(" UID ADDTO (0 1)")).count(), 16);
}

#[tokio::test]
async fn filters_put_in_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a SELECT INBOX").await;
    client.ask("b SETMETADATA \"\" (/private/filters/values/f \"UNSEEN\")").await;
    let search = |count: usize| format!("c SEARCH{}", " FILTER f".repeat(count));
    assert_eq!(client.ask(&search(32)).await[0], "* SEARCH");
    assert_eq!(client.ask(&search(33)).await, ["c NO [UNDEFINED-FILTER f] No such filter"]);
    // Together they may have no more keys than one search.
    let many = "UNSEEN ".repeat(600);
    client.ask(&format!("d SETMETADATA \"\" (/private/filters/values/g \"{}\")", many.trim())).await;
    assert_eq!(client.ask("e SEARCH FILTER g").await[0], "* SEARCH");
    assert_eq!(client.ask("f SEARCH FILTER g FILTER g").await, ["f NO [UNDEFINED-FILTER g] No such filter"]);
}

#[tokio::test]
async fn filters_for_everybody() {
    let filters = [("Recent-Work".to_owned(), "UNDELETED SUBJECT work".to_owned())].into();
    let house = House::configured(Config { filters, ..Config::default() });
    let mut client = house.alice().await;
    client.ask("a APPEND INBOX {17+}\r\nSubject: work\r\n\r\n").await;
    client.ask("b SELECT INBOX").await;
    assert_eq!(client.ask("c SEARCH FILTER recent-work").await[0], "* SEARCH 1");
    let told = client.ask("d GETMETADATA \"\" /shared/filters/values/recent-work").await;
    assert!(told[0].ends_with("/recent-work \"UNDELETED SUBJECT work\")"), "{told:?}");
    // One's own of that name comes first.
    client.ask("e SETMETADATA \"\" (/private/filters/values/recent-work \"SEEN\")").await;
    assert_eq!(client.ask("f SEARCH FILTER recent-work").await[0], "* SEARCH");
}

#[tokio::test]
async fn mailboxes_looked_into_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    // With the one above them that is made along.
    for number in 0..999 {
        client.ask(&format!("a CREATE many/{number}")).await;
    }
    assert_eq!(client.ask("b ESEARCH IN (subtree many) ALL").await, ["b OK ESEARCH completed"]);
    client.ask("c CREATE many/999").await;
    assert_eq!(client.ask("d ESEARCH IN (subtree many) ALL").await, ["d NO [LIMIT] Too many mailboxes"]);
}
