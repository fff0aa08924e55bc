//! Text matching with collations (RFC 4790, RFC 5051), shared by calendar and card filters.

use unicode_normalization::UnicodeNormalization;

/// How two texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collation {
    /// `i;ascii-casemap`: letters A to Z without case (RFC 4790 9.2).
    #[default]
    AsciiCasemap,
    /// `i;octet`: octet for octet (RFC 4790 9.3).
    Octet,
    /// `i;unicode-casemap`: title case, then compatibility decomposition (RFC 5051).
    UnicodeCasemap,
}

impl Collation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AsciiCasemap, Self::Octet, Self::UnicodeCasemap];

    /// The name in the registry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AsciiCasemap => "i;ascii-casemap",
            Self::Octet => "i;octet",
            Self::UnicodeCasemap => "i;unicode-casemap",
        }
    }

    /// The collation of that name; `default` stands for `i;unicode-casemap` (RFC 6352 8.3).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "default" {
            return Some(Self::UnicodeCasemap);
        }
        Self::ALL.into_iter().find(|collation| collation.name() == name)
    }

    /// The form in which equal texts are equal octets.
    fn fold(self, text: &str) -> String {
        match self {
            Self::Octet => text.to_owned(),
            Self::AsciiCasemap => text.to_ascii_lowercase(),
            Self::UnicodeCasemap if text.is_ascii() => text.to_ascii_uppercase(),
            // Upper case stands in for title case: the two differ only in digraphs, which decompose alike.
            Self::UnicodeCasemap => text.chars().flat_map(char::to_uppercase).nfkd().collect(),
        }
    }
}

/// Where the text must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Anywhere.
    #[default]
    Contains,
    /// The whole value.
    Equals,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
}

/// CALDAV:text-match and CARDDAV:text-match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextMatch {
    folded: String,
    collation: Collation,
    place: Place,
    negate: bool,
}

impl TextMatch {
    /// Matches `text`; `negate` turns the outcome round.
    #[must_use]
    pub fn new(text: &str, collation: Collation, place: Place, negate: bool) -> Self {
        Self { folded: collation.fold(text), collation, place, negate }
    }

    /// Whether a value matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let value = self.collation.fold(value);
        let found = match self.place {
            Place::Contains => value.contains(&self.folded),
            Place::Equals => value == self.folded,
            Place::StartsWith => value.starts_with(&self.folded),
            Place::EndsWith => value.ends_with(&self.folded),
        };
        found != self.negate
    }
}

#[cfg(test)]
mod tests;
