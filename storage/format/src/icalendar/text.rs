//! Text matching with collations (RFC 4790, RFC 5051), shared by calendar and card filters.

pub use crate::collation::Collation;

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
