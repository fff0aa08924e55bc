//! SEARCH in all its forms, over messages with encoded headers and bodies.

use crate::harness::{Client, House};

async fn house() -> (House, Client) {
    let house = House::new();
    let mut client = house.alice().await;
    let messages = [
        (
            "(\\Seen)",
            "01-Jan-2024 23:30:00 -0500",
            "From: Bob <bob@example.net>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= an alle\r\nDate: Mon, 01 Jan 2024 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nWmltdHN0ZXJuZSBzaW5kIHPDvMOfCg==\r\n",
        ),
        (
            "(\\Flagged Work)",
            "02-Jan-2024 10:00:00 +0000",
            "From: alice@example.org\r\nTo: list@example.org\r\nSubject: report\r\nX-Empty:\r\n\r\nNothing to see here, honey@bee.example\r\n",
        ),
        (
            "()",
            "03-Jan-2024 10:00:00 +0000",
            "From: <carol (at work)@ (here) example.org>\r\nSubject: attached\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>caf=E9</p>\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner treasure\r\n\r\ngold\r\n--b--\r\n",
        ),
    ];
    for (flags, date, message) in messages {
        let command = format!("a APPEND INBOX {flags} \"{date}\" {{{}+}}\r\n{message}", message.len());
        assert!(client.ask(&command).await.last().unwrap().starts_with("a OK"));
    }
    client.ask("a SELECT INBOX").await;
    (house, client)
}

#[tokio::test]
async fn keys_find_what_they_say() {
    let (_house, mut client) = house().await;
    let cases = [
        ("ALL", "1 2 3"),
        ("SEEN", "1"),
        ("UNSEEN", "2 3"),
        ("KEYWORD work", "2"),
        ("UNKEYWORD Work NOT SEEN", "3"),
        ("OR SEEN FLAGGED", "1 2"),
        ("2:*", "2 3"),
        ("UID 1,3:99", "1 3"),
        ("NOT 2", "1 3"),
        ("FROM bob", "1"),
        ("FROM EXAMPLE.ORG", "2 3"),
        ("FROM carol@example.org", "3"),
        ("FROM \"at work\"", "3"),
        ("HEADER FROM carol@example.org", ""),
        ("SUBJECT \"GR\u{dc}\u{df}E\"", "1"),
        ("SUBJECT {9+}\r\ngr\u{fc}\u{df}e a", "1"),
        ("HEADER X-Empty \"\"", "2"),
        ("HEADER To list", "2"),
        ("BODY \"s\u{fc}\u{df}\"", "1"),
        ("BODY zimt", "1"),
        ("BODY neykeb", ""),
        ("BODY oney@be", "2"),
        ("CHARSET UTF-8 BODY \"caf\u{e9}\"", "3"),
        ("BODY treasure", "3"),
        ("TEXT attached", "3"),
        ("BODY attached", ""),
        ("TEXT \"subject: report\"", "2"),
        ("ON 1-Jan-2024", "1"),
        ("BEFORE 3-Jan-2024", "1 2"),
        ("SINCE 2-Jan-2024", "2 3"),
        ("SENTON 1-Jan-2024", "1"),
        ("SENTSINCE 1-Jan-1990", "1"),
        ("LARGER 200 SMALLER 1000", "1 3"),
        ("RECENT", "1 2 3"),
        ("OLD", ""),
        ("(SEEN (FROM bob))", "1"),
        ("4:9", ""),
    ];
    for (key, expect) in cases {
        let lines = client.ask(&format!("s SEARCH {key}")).await;
        let expect = if expect.is_empty() { "* SEARCH".to_owned() } else { format!("* SEARCH {expect}") };
        assert_eq!(lines, [expect, "s OK SEARCH completed".to_owned()], "{key}");
    }
}

#[tokio::test]
async fn esearch_and_saved_results() {
    let (_house, mut client) = house().await;
    let cases = [
        (
            "a UID SEARCH RETURN (MIN MAX COUNT ALL) ALL",
            "* ESEARCH (TAG \"a\") UID MIN 1 MAX 3 COUNT 3 ALL 1:3",
        ),
        ("a SEARCH RETURN () SEEN", "* ESEARCH (TAG \"a\") ALL 1"),
        ("a SEARCH RETURN (COUNT) DRAFT", "* ESEARCH (TAG \"a\") COUNT 0"),
        ("a SEARCH RETURN (MIN MAX) DRAFT", "* ESEARCH (TAG \"a\")"),
        ("a SEARCH RETURN (SAVE COUNT) UNSEEN", "* ESEARCH (TAG \"a\") COUNT 2"),
        ("a SEARCH RETURN (ALL) $", "* ESEARCH (TAG \"a\") ALL 2:3"),
        ("a UID FETCH $ UID", "* 2 FETCH (UID 2)"),
    ];
    for (command, expect) in cases {
        assert_eq!(client.ask(command).await[0], expect, "{command}");
    }
    assert_eq!(client.ask("b SEARCH RETURN (SAVE) SEEN").await, ["b OK SEARCH completed"]);
    assert_eq!(client.ask("b FETCH $ UID").await[0], "* 1 FETCH (UID 1)");
    client.ask("b SEARCH RETURN (SAVE MAX) ALL").await;
    assert_eq!(client.ask("b SEARCH $").await[0], "* SEARCH 3");
    assert!(client.ask("b COPY $ Archive").await[0].starts_with("b OK [COPYUID "));
    // RFC 5182 2.1: only what was to be saved and was refused leaves nothing.
    assert!(client.ask("b SEARCH CHARSET X ALL").await[0].starts_with("b NO [BADCHARSET (US-ASCII UTF-8)] "));
    assert_eq!(client.ask("b SEARCH $").await[0], "* SEARCH 3");
    client.ask("b SEARCH RETURN (SAVE) CHARSET X ALL").await;
    assert_eq!(client.ask("b SEARCH $").await[0], "* SEARCH");
}
