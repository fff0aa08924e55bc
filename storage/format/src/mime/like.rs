//! How alike a word that somebody looks for and a word of a text are, for searches that need not be exact
//! (RFC 6203): the same but for accents, a beginning, a part, or a slip of the pen.
//!
//! Chinese, Japanese, Thai and their neighbours put no spaces between words: there a text's words are whole clauses,
//! so that a part of one counts nearly as much as the whole, however short it is.
//!
//! Both words are folded ([`super::search::fold`]), so that case and composition make no difference.

use unicode_normalization::char::is_combining_mark;

/// The most characters of a word that are compared; the rest of a longer one makes no difference.
const CHARS_MAX: usize = 64;
/// Words of fewer characters must be right.
const SLIP_CHARS_MIN: usize = 4;
/// In words of at least so many characters two slips are forgiven.
const TWO_SLIPS_CHARS_MIN: usize = 8;
/// Fewer characters are no beginning and no part of a word.
const PART_CHARS_MIN: usize = 3;
/// A run of a script without spaces is looked for in pieces of so many characters, of four octets at the most: each
/// lies in a window of a long run, as an index has it.
const PIECE_CHARS_MAX: usize = 8;
/// How alike a part of a clause is, in a script without spaces.
const CLAUSE_PART: u8 = 90;

/// A word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    folded: String,
    plain: Vec<char>,
}

impl Word {
    /// From folded text without spaces.
    #[must_use]
    pub fn new(folded: &str) -> Self {
        Self { folded: folded.to_owned(), plain: plain(folded) }
    }

    /// The words of a text, folded; punctuation parts them.
    #[must_use]
    pub fn all(folded: &str) -> Vec<Self> {
        let words = folded.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
        words.filter(|word| !word.is_empty()).flat_map(pieces).map(Self::new).collect()
    }

    /// The word as it was given.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// How alike a folded word of a text is: 100 for the same, 0 for another one.
    #[must_use]
    pub fn likeness(&self, term: &str) -> u8 {
        if term == self.folded {
            return 100;
        }
        let (mine, other) = (&self.plain, plain(term));
        if mine.is_empty() {
            return 0;
        }
        if *mine == other {
            return 95;
        }
        if mine.iter().any(|c| is_spaceless(*c)) && contains(&other, mine) {
            return CLAUSE_PART;
        }
        if mine.len() >= PART_CHARS_MIN && other.starts_with(mine) {
            // The more of it there is the more alike.
            return u8::try_from(55 + 35 * mine.len() / other.len()).unwrap_or(90);
        }
        let slips = match mine.len() {
            length if length >= TWO_SLIPS_CHARS_MIN => 2,
            length if length >= SLIP_CHARS_MIN => 1,
            _ => 0,
        };
        match distance(mine, &other, slips) {
            Some(1) => 70,
            Some(_) => 45,
            None if mine.len() >= PART_CHARS_MIN && contains(&other, mine) => 40,
            None => 0,
        }
    }
}

/// A word, cut where it is a long run of a script without spaces.
fn pieces(word: &str) -> Vec<&str> {
    if !word.contains(is_spaceless) {
        return vec![word];
    }
    let starts = word.char_indices().map(|(at, _)| at).step_by(PIECE_CHARS_MAX);
    let ends = starts.clone().skip(1).chain([word.len()]);
    starts.zip(ends).filter_map(|(start, end)| word.get(start..end)).collect()
}

/// Whether a character is of a script that writes words without spaces between them.
fn is_spaceless(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'        // Thai, Lao
        | '\u{1000}'..='\u{109f}'    // Burmese
        | '\u{1780}'..='\u{17ff}'    // Khmer
        | '\u{3005}'..='\u{30ff}'    // kana, and marks that repeat
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}'    // Han
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'    // narrow kana
        | '\u{20000}'..='\u{3ffff}')
}

/// Without accents.
fn plain(folded: &str) -> Vec<char> {
    folded.chars().filter(|c| !is_combining_mark(*c)).take(CHARS_MAX).collect()
}

fn contains(text: &[char], part: &[char]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// How many characters were left out, put in, taken for another or for their neighbour, if there are no more than
/// `most`.
fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if most == 0 || one.len().abs_diff(other.len()) > most {
        return None;
    }
    let width = other.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..width).collect();
    for (row, mine) in one.iter().enumerate() {
        let mut now = vec![row + 1];
        for (column, theirs) in other.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX - 1);
            let same = at(&above, column) + usize::from(mine != theirs);
            let mut least = same.min(at(&above, column + 1) + 1).min(at(&now, column) + 1);
            let swapped = row > 0
                && column > 0
                && one.get(row - 1) == Some(theirs)
                && other.get(column - 1) == Some(mine);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            now.push(least);
        }
        if now.iter().all(|slips| *slips > most) {
            return None;
        }
        before = std::mem::replace(&mut above, now);
    }
    above.last().copied().filter(|slips| *slips <= most)
}

#[cfg(test)]
mod tests;
