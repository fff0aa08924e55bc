//! Hostile messages: each within a second, whatever is asked of it; and mutated ones, which must not panic.

use super::*;
use crate::mime::search::{BodySearch, Needle};
use crate::mime::text;
use std::time::{Duration, Instant};

/// Small pseudo-random numbers, the same on every run (xorshift64*).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }
}

/// Asks everything of a message that the server ever asks.
pub(super) fn everything(message: &[u8]) -> Digest {
    let structure = scan(message);
    let digest = structure.digest();
    for field in header::fields(structure.header(0)) {
        words::decode(field.value);
        addresses(field.value);
        Date::parse(field.value);
    }
    text::of_message(&digest.parts, message, true, 1 << 20);
    text::preview(&digest.parts, message);
    let needles = ["needle that is not there", "\u{fffd}"].map(Needle::new);
    let mut search = BodySearch::new(&needles);
    for (index, part) in digest.parts.iter().enumerate() {
        if search.part(index, part, part.header.of(message)) {
            search.push(part.body.of(message));
        }
    }
    search.finish();
    for spec in ["HEADER.FIELDS (SUBJECT)", "HEADER.FIELDS.NOT (X)", "1.1.1.1", "9999.MIME"] {
        if let Some(Slice::Filtered { header, filter }) =
            digest.parts.resolve(&Section::parse(spec.as_bytes()).unwrap())
        {
            filter.apply(header.of(message));
        }
    }
    digest
}

fn nasty() -> Vec<(&'static str, String)> {
    let multipart =
        |level: usize| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
    let in_header =
        |value: String| format!("From: {value}\r\nTo: {value}\r\nDate: {value}\r\nSubject: {value}\r\n\r\nx");
    let typed = |value: String| format!("Content-Type: {value}\r\nContent-Disposition: {value}\r\n\r\nx");
    let mega = 1 << 20;
    // The full sizes are for release builds.
    let (ten, fifty) = if cfg!(debug_assertions) { (mega, 5 * mega) } else { (10 * mega, 50 * mega) };
    vec![
        ("multiparts 10,000 deep", (0..10_000).map(multipart).collect()),
        ("messages 10,000 deep", "Content-Type: message/rfc822\n\n".repeat(10_000)),
        ("100,000 parts", format!("{}{}", multipart(1), "--b1\n\nx\n".repeat(100_000))),
        (
            "100,000 parts with envelopes",
            format!(
                "Content-Type: multipart/digest; boundary=b\n\n{}",
                "--b\n\nFrom: a@b\n\nx\n".repeat(100_000)
            ),
        ),
        ("a header of 50 MB in one field", format!("Subject: {}\r\n\r\nx", "s".repeat(fifty))),
        ("a header of 50 MB in many fields", "A: b\r\n".repeat(fifty / 6)),
        ("a header of 50 MB in many recipients", "To: a@b\r\n".repeat(fifty / 9)),
        ("a million addresses", in_header("a@b,".repeat(mega))),
        ("a million commas", in_header(",".repeat(mega))),
        ("a million groups", in_header("g:;".repeat(mega / 3))),
        ("10,000 parameters", typed(format!("text/plain{}", "; a=b".repeat(10_000)))),
        (
            "10,000 parameter sections",
            typed((0..10_000).fold("text/plain".into(), |all, at| format!("{all}; name*{at}=x"))),
        ),
        ("a million comments in each other", in_header("(".repeat(mega))),
        ("a million comments, closed", in_header("(".repeat(mega / 2) + &")".repeat(mega / 2))),
        ("comments in the type", typed("(".repeat(mega) + "text/plain")),
        ("an escape at the end", in_header("(\\".into())),
        ("a million quotes", in_header("\"".repeat(mega - 1))),
        ("a million quotes that do not close", in_header("a\" ".repeat(mega / 3) + "\"")),
        ("half a million encoded word starts", in_header("=?".repeat(mega / 2))),
        ("encoded words that do not end", in_header("=?utf-8?Q?".repeat(mega / 10))),
        ("encoded words of nothing", in_header("=?utf-8?Q??=".repeat(mega / 12))),
        ("10 MB of tags", format!("Content-Type: text/html\r\n\r\n{}", "<div><b>".repeat(ten / 8))),
        ("10 MB of open tags", format!("Content-Type: text/html\r\n\r\n{}", "<".repeat(ten))),
        ("10 MB of delimiters, 99 deep", {
            let deep: String = (0..99).map(|level| multipart(1000 + level)).collect();
            deep + "\n\n" + &"--b9999\n".repeat(ten / 8)
        }),
        ("50 MB of empty lines", "\n".repeat(fifty)),
        ("50 MB without a line end", "x".repeat(fifty)),
        ("50 MB of NUL", "\0".repeat(fifty)),
        (
            "10 MB of soft breaks",
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", "=\r\n".repeat(ten / 3)),
        ),
        (
            "10 MB of blanks",
            format!("Content-Transfer-Encoding: quoted-printable\r\n\r\n{}", " ".repeat(ten)),
        ),
    ]
}

#[test]
fn nasty_messages_cost_little() {
    // The aim is a second in a release build on a quiet machine; tests run on busy ones, and not optimized.
    let patience = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 3 });
    for (name, message) in nasty() {
        let start = Instant::now();
        let digest = everything(message.as_bytes());
        let took = start.elapsed();
        println!(
            "{took:?} {name}: ENVELOPE {}, BODYSTRUCTURE {}",
            digest.envelope.len(),
            digest.body_structure.len()
        );
        assert!(took < patience, "{name} took {took:?}");
        assert!(digest.envelope.len() <= limits::ENVELOPE_BYTES_MAX + 4096, "{name}");
        assert!(digest.body_structure.len() <= 2 * limits::BODYSTRUCTURE_BYTES_MAX, "{name}");
        assert_eq!(digest.parts.size(), message.len() as u64, "{name}");
        check_tree(name, message.as_bytes(), &digest.parts);
        if message.len() < 2 << 20 && depth(&digest.parts) <= READER_DEPTH_MAX {
            read_back(&digest)
                .unwrap_or_else(|error| panic!("{name}: {}", error.chars().take(500).collect::<String>()));
        }
    }
}

/// How deep imap-codec reads: it allows eight recursions and refuses the last.
pub(super) const READER_DEPTH_MAX: usize = 7;

/// Levels of the tree.
pub(super) fn depth(parts: &Parts) -> usize {
    let mut ends: Vec<u32> = Vec::new();
    let mut deepest = 0;
    for (index, part) in parts.iter().enumerate() {
        while ends.pop_if(|end| *end as usize <= index).is_some() {}
        ends.push(part.end);
        deepest = deepest.max(ends.len());
    }
    deepest
}

/// A message of the corpus with some octets changed, cut, doubled or mixed with another's.
pub(crate) fn mutated(corpus: &[(String, Vec<u8>)], dice: &mut Dice) -> Vec<u8> {
    const PIECES: [&[u8]; 22] = [
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"--",
        b"\"",
        b"(",
        b")",
        b"<",
        b">",
        b"=?utf-8?B?",
        b"?=",
        b";",
        b":",
        b"\\",
        b"\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n",
        b"boundary=",
        b"=",
        b",",
        b"Content-Type: multipart/mixed; boundary=\"1\"\r\n",
    ];
    let pick = |dice: &mut Dice| corpus[dice.below(corpus.len())].1.clone();
    let mut message = pick(dice);
    for _ in 0..1 + dice.below(12) {
        let at = dice.below(message.len() + 1);
        let end = (at + dice.below(200)).min(message.len());
        match dice.below(6) {
            0 => drop(message.drain(at..end)),
            1 => {
                let piece = message[at..end].to_vec();
                message.splice(at..at, piece);
            }
            2 => {
                let other = pick(dice);
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(400)).min(other.len());
                message.splice(at..at, other[from..to].iter().copied());
            }
            3 if at < message.len() => message[at] = dice.below(256) as u8,
            _ => {
                message.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied());
            }
        }
    }
    message
}

#[test]
fn mutated_messages_keep_every_promise() {
    let corpus = corpus();
    let mut unread = Vec::new();
    // A campaign asks for more seeds than an ordinary run.
    let seeds = std::env::var("MIME_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2_000);
    for seed in 0..seeds {
        let mut dice = Dice::new(seed);
        let message = mutated(&corpus, &mut dice);
        let name = format!("seed {seed}");
        let digest = everything(&message);
        assert_eq!(digest.parts.size(), message.len() as u64, "{name}");
        check_tree(&name, &message, &digest.parts);
        assert_eq!(scan_by(&message, 1 + dice.below(60)).digest(), digest, "{name}");
        super::slices::check_sections(&name, &message, &digest.parts);
        if depth(&digest.parts) <= READER_DEPTH_MAX
            && let Err(error) = read_back(&digest)
        {
            unread.push(format!("{name}: depth {}: {error}", depth(&digest.parts)));
        }
    }
    assert!(unread.is_empty(), "{} unread:\n{}", unread.len(), unread.join("\n"));
}
