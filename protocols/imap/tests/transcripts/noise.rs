//! Mutated commands: whatever comes, each line is answered or ends the session, and the next session works.

use crate::harness::{Client, House};
use std::time::Duration;
use tokio::time::timeout;

const SEEDS: &[&str] = &[
    "a FETCH 1:*,2 (UID FLAGS BODY.PEEK[1.2.HEADER.FIELDS (A \"B\")]<0.10> BINARY.SIZE[1])",
    "a UID SEARCH RETURN (MIN ALL SAVE) OR (NOT SEEN 1:3) UID 2 SUBJECT \"x\\\"y\" SENTSINCE 1-Feb-1994 LARGER 5",
    "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX \"A&-B%\" *) RETURN (CHILDREN STATUS (MESSAGES SIZE))",
    "a STATUS &AOk- (MESSAGES UNSEEN)",
    "a STORE 1:2 -FLAGS.SILENT (\\Seen $Junk)",
    "a UID COPY $ Archive",
    "a APPEND INBOX (\\Seen) \"01-Jan-2024 00:00:00 +0000\" x",
    "a ID (\"name\" NIL \"os\" \"x\")",
    "a SELECT \"INBOX\"",
    "a ENABLE IMAP4rev2",
    "a SUBSCRIBE \"a b\"",
    "a UID EXPUNGE 1:*",
];

/// Octets that mean something somewhere.
const SPECIAL: &[u8] = b"()[]<>\"\\*%$&.,: \0\xff";

/// A small generator of its own: the run is the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

fn mutate(dice: &mut Dice) -> Vec<u8> {
    let mut line = SEEDS[dice.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(line.len().max(1));
        let other = SEEDS[dice.below(SEEDS.len())].as_bytes();
        match dice.below(6) {
            0 if !line.is_empty() => drop(line.remove(at)),
            1 => line.insert(at, u8::try_from(dice.below(256)).unwrap()),
            2 => line.truncate(at),
            3 => line.insert(at, SPECIAL[dice.below(SPECIAL.len())]),
            4 => line.splice(at..at, other[dice.below(other.len())..].iter().copied()).for_each(drop),
            _ => line.insert(at, b'9'),
        }
    }
    // Literals and line ends would make the next line part of this one.
    line.retain(|byte| !b"{}\r\n".contains(byte));
    line
}

async fn fresh(house: &House) -> Client {
    let mut client = house.alice().await;
    client.ask("s SELECT INBOX").await;
    client
}

#[tokio::test]
async fn every_line_is_answered() {
    let house = House::new();
    let mut client = house.alice().await;
    client.ask("a APPEND INBOX {8+}\r\na: 1\r\n\r\n").await;
    let mut client = fresh(&house).await;
    let mut dice = Dice(20_261_123);
    for number in 0..3_000 {
        let line = mutate(&mut dice);
        let mut sent = line.clone();
        sent.extend_from_slice(format!("\r\nz{number} NOOP\r\n").as_bytes());
        client.send(&sent).await;
        let tag = format!("z{number}");
        let answered = timeout(Duration::from_secs(5), client.until(&tag)).await;
        let lines = answered.unwrap_or_else(|_| panic!("silent after {}", String::from_utf8_lossy(&line)));
        if lines.last().unwrap() == "(end)" {
            let ended = lines.iter().any(|line| line.starts_with("* BYE "));
            assert!(ended, "gone without a word after {}", String::from_utf8_lossy(&line));
            client = fresh(&house).await;
        }
    }
}
