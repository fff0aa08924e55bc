//! FUZZY (RFC 6203): what is alike with the index is alike without it, and the limit of words.

use crate::harness::House;

#[tokio::test]
async fn words_at_the_limit_and_one_past_it() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a APPEND INBOX {26+}\r\nSubject: helo\r\n\r\nhello.\r\n").await;
    client.ask("b SELECT INBOX").await;
    let search = |count: usize| format!("c SEARCH FUZZY BODY \"{}\"", vec!["helo"; count].join(" "));
    assert_eq!(client.ask(&search(16)).await[0], "* SEARCH 1");
    // More words are a string like any other.
    assert_eq!(client.ask(&search(17)).await[0], "* SEARCH");
}
