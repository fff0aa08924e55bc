//! HTML to plain text, in pieces, for searching and previews: tags out, entities in, white space to one space.
//!
//! A state machine over characters: no tree, no nesting, constant memory, linear time on any input.

/// A stripper at some place of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stripper {
    state: State,
    /// Name of the tag, or the entity, being read.
    word: String,
    /// The element whose content is not text: `script`, `style`, and `title` where only what is shown counts.
    silent: Option<&'static str>,
    /// Only what is shown in the page is wanted.
    shown_only: bool,
    /// White space is due before the next visible character.
    space: bool,
    /// Anything was written yet.
    started: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind `&`.
    Entity,
    /// Behind `<`.
    Open,
    /// In a tag's name.
    Name,
    /// In a tag behind its name.
    Tag,
    /// In an attribute's quotes.
    Quoted(char),
    /// In `<!...>`, and how far `-->` has come if it is a comment.
    Declaration(u8),
    /// In a comment.
    Comment(u8),
}

/// Characters of a tag's name or an entity that are looked at.
const WORD_CHARS_MAX: usize = 32;

/// Elements whose content is not shown in the page; the last one is text all the same.
const SILENT: [&str; 3] = ["script", "style", "title"];

/// Elements that do not part words.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "s", "small", "span",
    "strong", "sub", "sup", "u", "wbr",
];

/// Entities by name; numbers serve for all others in practice.
const ENTITIES: [(&str, char); 40] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("shy", '\u{ad}'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("sect", '§'),
    ("middot", '·'),
    ("bull", '•'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("szlig", 'ß'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecirc", 'ê'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("ccedil", 'ç'),
    ("ntilde", 'ñ'),
    ("oslash", 'ø'),
    ("aring", 'å'),
];

impl Stripper {
    /// One that leaves out what stands in the document and not in the page.
    pub(crate) fn of_what_is_shown() -> Self {
        Self { shown_only: true, ..Self::default() }
    }

    /// Takes the next piece of the document and appends its text to `out`.
    pub(crate) fn push(&mut self, piece: &str, out: &mut String) {
        for char in piece.chars() {
            self.take(char, out);
        }
    }

    /// The document is over.
    pub(crate) fn finish(mut self, out: &mut String) {
        if self.state == State::Entity {
            self.entity(out);
        }
    }

    fn take(&mut self, char: char, out: &mut String) {
        match self.state {
            State::Text => self.text(char, out),
            State::Entity if char == ';' => self.entity(out),
            State::Entity if char.is_alphanumeric() || (char == '#' && self.word.is_empty()) => {
                if self.word.len() >= WORD_CHARS_MAX {
                    self.entity(out);
                    self.text(char, out);
                } else {
                    self.word.push(char);
                }
            }
            State::Entity => {
                self.entity(out);
                self.text(char, out);
            }
            State::Open => self.open(char, out),
            State::Name | State::Tag if self.silent.is_some() && char == '<' => self.state = State::Open,
            State::Name if char.is_alphanumeric() => {
                if self.word.len() < WORD_CHARS_MAX {
                    self.word.push(char.to_ascii_lowercase());
                }
            }
            State::Name | State::Tag => self.tag(char),
            State::Quoted(quote) if char == quote => self.state = State::Tag,
            State::Quoted(_) => {}
            State::Declaration(dashes) => {
                self.state = match char {
                    '-' if dashes == 1 => State::Comment(0),
                    '-' if dashes == 0 => State::Declaration(1),
                    '>' => State::Text,
                    _ => State::Declaration(2),
                }
            }
            State::Comment(dashes) => {
                self.state = match char {
                    '-' => State::Comment(dashes.saturating_add(1).min(2)),
                    '>' if dashes == 2 => State::Text,
                    _ => State::Comment(0),
                }
            }
        }
    }

    fn text(&mut self, char: char, out: &mut String) {
        match char {
            '<' => self.state = State::Open,
            _ if self.silent.is_some() => {}
            '&' => {
                self.word.clear();
                self.state = State::Entity;
            }
            _ => self.write(char, out),
        }
    }

    /// Writes a visible character, with the white space before it as one space.
    fn write(&mut self, char: char, out: &mut String) {
        if self.silent.is_some() {
            return;
        }
        if char.is_whitespace() {
            self.space = true;
            return;
        }
        if std::mem::take(&mut self.space) && self.started {
            out.push(' ');
        }
        self.started = true;
        out.push(char);
    }

    /// The character behind `<`.
    fn open(&mut self, char: char, out: &mut String) {
        self.word.clear();
        match char {
            '/' => {
                self.word.push('/');
                self.state = State::Name;
            }
            '!' if self.silent.is_none() => self.state = State::Declaration(0),
            '?' if self.silent.is_none() => self.state = State::Declaration(2),
            // Inside a script only its end is a tag.
            '<' if self.silent.is_some() => {}
            _ if self.silent.is_some() => self.state = State::Text,
            _ if char.is_ascii_alphabetic() => {
                self.word.push(char.to_ascii_lowercase());
                self.state = State::Name;
            }
            _ => {
                self.state = State::Text;
                self.write('<', out);
                self.text(char, out);
            }
        }
    }

    /// A character of a tag behind its name.
    fn tag(&mut self, char: char) {
        match char {
            '>' => {
                self.state = State::Text;
                self.tag_is_over();
            }
            '"' | '\'' if self.silent.is_none() => self.state = State::Quoted(char),
            _ => self.state = State::Tag,
        }
    }

    fn tag_is_over(&mut self) {
        let name = self.word.strip_prefix('/').unwrap_or(&self.word);
        match self.silent {
            Some(silent) => {
                if self.word.starts_with('/') && name == silent {
                    self.silent = None;
                }
            }
            None => {
                let count = if self.shown_only { SILENT.len() } else { SILENT.len() - 1 };
                self.silent = SILENT.into_iter().take(count).find(|silent| *silent == self.word);
            }
        }
        self.space |= !INLINE.contains(&name);
    }

    /// Writes the entity in `word`; what is none is written as it stands.
    fn entity(&mut self, out: &mut String) {
        self.state = State::Text;
        let word = std::mem::take(&mut self.word);
        let number = word.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        });
        let named = ENTITIES.iter().find(|(name, _)| *name == word).map(|&(_, char)| char);
        match number.and_then(char::from_u32).or(named) {
            Some(char) => self.write(char, out),
            None => format!("&{word}").chars().for_each(|char| self.write(char, out)),
        }
    }
}

#[cfg(test)]
mod tests;
