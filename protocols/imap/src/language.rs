//! What the server says to people, in their language (RFC 5255 3). The code holds the English; each other language
//! is one file with a table, and a line in [`ALL`]. What a table lacks is said in English.

mod fr;

/// A language of this server.
pub(crate) struct Language {
    /// Its tag (RFC 5646).
    pub tag: &'static str,
    /// What is said when it is chosen, in itself.
    pub selected: &'static str,
    /// What people would call the stem of other users' mailboxes, as UTF-8; told by NAMESPACE.
    pub other_users: Option<&'static str>,
    /// The same for the mailboxes of groups.
    pub shared: Option<&'static str>,
    /// English and its translation, ascending by the English.
    texts: &'static [(&'static str, &'static str)],
}

/// What a session speaks that has not asked for a language (RFC 2277 4.5).
const DEFAULT: Language = Language {
    tag: "i-default",
    selected: "Now speaking the default language",
    other_users: None,
    shared: None,
    texts: &[],
};

const ENGLISH: Language = Language { tag: "en", selected: "Now speaking English", ..DEFAULT };

/// Every language.
pub(crate) static ALL: [Language; 3] = [DEFAULT, ENGLISH, fr::LANGUAGE];

/// The language of a new session.
pub(crate) static FIRST: Language = DEFAULT;

impl Language {
    /// A text of the code, said in this language.
    pub(crate) fn say<'a>(&self, text: &'a str) -> &'a str
    where
        'static: 'a,
    {
        let found = self.texts.binary_search_by_key(&text, |(english, _)| english);
        found.ok().and_then(|index| self.texts.get(index)).map_or(text, |(_, said)| said)
    }
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.tag)
    }
}

/// What stands for the server's own choice.
const SERVERS_CHOICE: &str = "default";

/// The language for a range (RFC 4647 3.4, lookup): itself, or the longest beginning of it that is known.
pub(crate) fn lookup(range: &str) -> Option<&'static Language> {
    if range.eq_ignore_ascii_case(SERVERS_CHOICE) || range == "*" {
        return ALL.first();
    }
    let mut range = range;
    loop {
        if let Some(known) = ALL.iter().find(|known| known.tag.eq_ignore_ascii_case(range)) {
            return Some(known);
        }
        let (shorter, last) = range.rsplit_once('-')?;
        // A single letter introduces what follows it and goes with it.
        range = match shorter.rsplit_once('-') {
            Some((before, single)) if single.len() == 1 && !last.is_empty() => before,
            _ => shorter,
        };
    }
}

#[cfg(test)]
mod tests;
