//! Collations (RFC 4790): how texts are compared, by their names in the registry.
//!
//! Each brings a text into a form in which equal texts are equal octets, a part of a text is a part of its octets, and
//! texts are ordered as their octets are.

use unicode_normalization::char::decompose_compatible;

/// How two texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collation {
    /// `i;ascii-casemap`: letters A to Z without case (RFC 4790 9.2).
    #[default]
    AsciiCasemap,
    /// `i;octet`: octet for octet (RFC 4790 9.3).
    Octet,
    /// `i;unicode-casemap`: without case and composition (RFC 5051).
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

    /// The form in which texts are compared.
    #[must_use]
    pub fn fold(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.fold_into(text, &mut out);
        out
    }

    /// Appends the form in which texts are compared. What is folded piece by piece is folded as a whole.
    pub fn fold_into(self, text: &str, out: &mut String) {
        if self == Self::UnicodeCasemap && !text.is_ascii() {
            // Upper case stands in for title case: the two differ only in digraphs, which decompose alike.
            for char in text.chars() {
                decompose_compatible(char, |piece| out.extend(piece.to_uppercase()));
            }
            return;
        }
        let start = out.len();
        out.push_str(text);
        if self != Self::Octet
            && let Some(added) = out.get_mut(start..)
        {
            added.make_ascii_uppercase();
        }
    }
}

#[cfg(test)]
mod tests;
