//! Messages that read like language to a search index: words of a vocabulary, frequent ones and rare ones.

/// Different words.
const WORD_COUNT: u64 = 20_000;

/// The n-th message, of about so many octets; the same every time.
pub(crate) fn prose(number: usize, bytes: usize) -> Vec<u8> {
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut text = format!(
        "From: Load <load@example.org>\r\nTo: <load@example.org>\r\nSubject: {} {number}\r\n\
         Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <prose.{number}@example.org>\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\n",
        word(draw(&mut state))
    );
    let mut column = 0;
    while text.len() < bytes {
        let next = word(draw(&mut state));
        column += next.len() + 1;
        text.push_str(&next);
        text.push_str(if column > 64 { "\r\n" } else { " " });
        column %= 65;
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// The n-th word of the vocabulary, in syllables.
pub(crate) fn word(number: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va"];
    let mut left = number % WORD_COUNT + 1;
    let mut word = String::new();
    while left > 0 {
        word.push_str(SYLLABLES.iter().cycle().nth(usize::try_from(left % 16).unwrap_or(0)).unwrap_or(&""));
        left /= 16;
    }
    word
}

/// The product of two even draws: small numbers come often, large ones seldom.
fn draw(state: &mut u64) -> u64 {
    let mut even = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 40
    };
    even() % 1_000 * (even() % 1_000) * WORD_COUNT / 1_000_000
}
