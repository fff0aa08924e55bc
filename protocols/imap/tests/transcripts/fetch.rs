//! FETCH: every item, sections, partials, BINARY, and \Seen.

use crate::harness::{Client, House};

const MESSAGE: &str = "From: Alice <alice@example.org>\r\nSubject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n--b--\r\n";

async fn house() -> (House, Client) {
    let house = House::new();
    let mut client = house.alice().await;
    let command =
        format!("a APPEND INBOX () \"01-Jan-2024 00:00:00 +0000\" {{{}+}}\r\n{MESSAGE}", MESSAGE.len());
    assert!(client.ask(&command).await[0].starts_with("a OK"));
    client.ask("a SELECT INBOX").await;
    (house, client)
}

async fn fetched(client: &mut Client, items: &str) -> String {
    let mut lines = client.ask(&format!("f FETCH 1 {items}")).await;
    assert_eq!(lines.pop().unwrap(), "f OK FETCH completed", "{items}");
    lines.join("\r\n")
}

#[tokio::test]
async fn sections() {
    let (_house, mut client) = house().await;
    let header = &MESSAGE[..MESSAGE.find("\r\n\r\n").unwrap() + 4];
    let text = &MESSAGE[header.len()..];
    let literal = |text: &str| format!("{{{}}}\r\n{text}", text.len());
    let cases = [
        ("BODY.PEEK[]", format!("BODY[] {}", literal(MESSAGE))),
        ("BODY.PEEK[HEADER]", format!("BODY[HEADER] {}", literal(header))),
        ("BODY.PEEK[TEXT]", format!("BODY[TEXT] {}", literal(text))),
        ("BODY.PEEK[1]", format!("BODY[1] {}", literal("hello"))),
        ("BODY.PEEK[1.MIME]", format!("BODY[1.MIME] {}", literal("Content-Type: text/plain\r\n\r\n"))),
        ("BODY.PEEK[3.HEADER]", format!("BODY[3.HEADER] {}", literal("Subject: inner\r\n\r\n"))),
        ("BODY.PEEK[3.TEXT]", format!("BODY[3.TEXT] {}", literal("inside"))),
        ("BODY.PEEK[3.1]", format!("BODY[3.1] {}", literal("inside"))),
        ("BODY.PEEK[9]", "BODY[9] NIL".to_owned()),
        ("BODY.PEEK[1]<1.3>", format!("BODY[1]<1> {}", literal("ell"))),
        ("BODY.PEEK[1]<4.100>", format!("BODY[1]<4> {}", literal("o"))),
        ("BODY.PEEK[1]<5.100>", "BODY[1]<5> \"\"".to_owned()),
        ("BODY.PEEK[]<99999.1>", "BODY[]<99999> \"\"".to_owned()),
        (
            "BODY.PEEK[HEADER.FIELDS (subject X-None)]",
            format!("BODY[HEADER.FIELDS (subject X-None)] {}", literal("Subject: parts\r\n\r\n")),
        ),
        ("BINARY.SIZE[2]", "BINARY.SIZE[2] 3".to_owned()),
        ("BINARY.PEEK[1]", format!("BINARY[1] {}", literal("hello"))),
        ("BINARY.PEEK[2]", format!("BINARY[2] ~{}", literal("\0\u{1}\u{2}"))),
        ("BINARY.PEEK[2]<1.1>", format!("BINARY[2]<1> {}", literal("\u{1}"))),
        ("RFC822.HEADER", format!("RFC822.HEADER {}", literal(header))),
        ("RFC822.SIZE", format!("RFC822.SIZE {}", MESSAGE.len())),
        ("FLAGS", "FLAGS (\\Recent)".to_owned()),
    ];
    for (items, expect) in cases {
        assert_eq!(fetched(&mut client, items).await, format!("* 1 FETCH ({expect})"), "{items}");
    }
}

#[tokio::test]
async fn structures_and_macros() {
    let (_house, mut client) = house().await;
    let envelope = "ENVELOPE (NIL \"parts\" ((\"Alice\" NIL \"alice\" \"example.org\")) ((\"Alice\" NIL \"alice\" \"example.org\")) ((\"Alice\" NIL \"alice\" \"example.org\")) NIL NIL NIL NIL NIL)";
    assert_eq!(fetched(&mut client, "ENVELOPE").await, format!("* 1 FETCH ({envelope})"));
    let all = fetched(&mut client, "ALL").await;
    assert_eq!(
        all,
        format!(
            "* 1 FETCH (FLAGS (\\Recent) INTERNALDATE \"01-Jan-2024 00:00:00 +0000\" RFC822.SIZE {} {envelope})",
            MESSAGE.len()
        )
    );
    let structure = fetched(&mut client, "(BODYSTRUCTURE)").await;
    assert!(structure.starts_with("* 1 FETCH (BODYSTRUCTURE ((\"text\" \"plain\" "), "{structure}");
    assert!(structure.contains("(\"boundary\" \"b\")"), "{structure}");
}

#[tokio::test]
async fn reading_sets_seen_and_says_so() {
    let (_house, mut client) = house().await;
    let lines = client.ask("a FETCH 1 (UID BODY[1])").await;
    assert_eq!(
        lines,
        ["* 1 FETCH (FLAGS (\\Recent \\Seen) UID 1 BODY[1] {5}", "hello)", "a OK FETCH completed"]
    );
    let lines = client.ask("b FETCH 1 (BODY[1] UID)").await;
    assert_eq!(lines, ["* 1 FETCH (UID 1 BODY[1] {5}", "hello)", "b OK FETCH completed"]);
    client.ask("c STORE 1 -FLAGS.SILENT (\\Seen)").await;
    client.ask("d EXAMINE INBOX").await;
    let lines = client.ask("e FETCH 1 BODY[1]").await;
    assert_eq!(lines[0], "* 1 FETCH (BODY[1] {5}");
    assert_eq!(client.ask("f FETCH 1 FLAGS").await[0], "* 1 FETCH (FLAGS ())");
}

#[tokio::test]
async fn an_unknown_encoding_is_said_so() {
    let (_house, mut client) = house().await;
    let message = "Content-Transfer-Encoding: x-uuencode\r\n\r\nx";
    client.ask(&format!("a APPEND INBOX {{{}+}}\r\n{message}", message.len())).await;
    let lines = client.ask("b FETCH 2 (UID BINARY.PEEK[1])").await;
    assert_eq!(lines, ["b NO [UNKNOWN-CTE] Unknown transfer encoding"]);
}

#[tokio::test]
async fn a_large_part_is_decoded_on_its_way() {
    let house = House::new();
    let mut client = house.alice().await;
    // 12,345 lines of 57 octets each: the decimal number of the line, with leading zeros.
    let mut message = "Content-Transfer-Encoding: base64\r\nX-Long: ".to_owned();
    message.push_str(&"long ".repeat(100_000));
    message.push_str("\r\n\r\n");
    let line = "MDAw".repeat(19);
    for _ in 0..12_345 {
        message.push_str(&line);
        message.push_str("\r\n");
    }
    client.ask(&format!("a APPEND INBOX {{{}+}}\r\n{message}", message.len())).await;
    client.ask("a EXAMINE INBOX").await;
    let size = 57 * 12_345;
    let lines = client
        .ask("b FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<703660.10> BODY.PEEK[HEADER.FIELDS (x-none)])")
        .await;
    let expect = format!("* 1 FETCH (BINARY.SIZE[1] {size} BINARY[1]<703660> {{5}}");
    assert_eq!(lines, [&expect, "00000 BODY[HEADER.FIELDS (x-none)] {2}", "", ")", "b OK FETCH completed"]);
    let lines = client.ask("c FETCH 1 BINARY.PEEK[1]").await;
    assert_eq!(lines[0], format!("* 1 FETCH (BINARY[1] {{{size}}}"));
    assert_eq!(lines[1].len(), size + 1);
    assert!(lines[1].trim_end_matches(')').bytes().all(|byte| byte == b'0'));
}
