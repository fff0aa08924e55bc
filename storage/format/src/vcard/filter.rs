//! CARDDAV:filter (RFC 6352 10.5) as plain data, and how a card is judged by it.

use super::card::Card;
use crate::icalendar::filter::ParamFilter;
use crate::icalendar::filter::evaluate::param_matches;
use crate::icalendar::line::Line;
use crate::icalendar::text::TextMatch;

/// How conditions are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Test {
    /// One is enough.
    #[default]
    AnyOf,
    /// All must hold.
    AllOf,
}

impl Test {
    fn of(self, mut outcomes: impl Iterator<Item = bool>) -> bool {
        match self {
            Self::AnyOf => outcomes.any(|met| met),
            Self::AllOf => outcomes.all(|met| met),
        }
    }
}

/// CARDDAV:filter
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// How the prop-filters are joined.
    pub test: Test,
    /// CARDDAV:prop-filter; none matches every card.
    pub props: Vec<PropFilter>,
}

/// CARDDAV:prop-filter
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropFilter {
    /// The property's name; `X-ABC-GROUP.EMAIL` names one within a group.
    pub name: String,
    /// What is asked of it.
    pub test: PropTest,
}

/// What a prop-filter asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropTest {
    /// There is no such property.
    NotDefined,
    /// One property meets the conditions, joined as told; none asks only that it is there.
    Defined {
        /// How the conditions are joined.
        test: Test,
        /// CARDDAV:text-match
        texts: Vec<TextMatch>,
        /// CARDDAV:param-filter
        params: Vec<ParamFilter>,
    },
}

impl Filter {
    /// Whether the card matches.
    #[must_use]
    pub fn matches(&self, card: &Card<'_>) -> bool {
        self.props.is_empty() || self.test.of(self.props.iter().map(|prop| prop.matches(card)))
    }
}

impl PropFilter {
    fn matches(&self, card: &Card<'_>) -> bool {
        let mut named = card.component().lines().filter(|line| is_named(line, &self.name));
        let PropTest::Defined { test, texts, params } = &self.test else { return named.next().is_none() };
        if texts.is_empty() && params.is_empty() {
            return named.next().is_some();
        }
        named.any(|line| {
            let value = line.text_value();
            let texts = texts.iter().map(|text| text.matches(&value));
            test.of(texts.chain(params.iter().map(|param| param_matches(param, line))))
        })
    }
}

/// RFC 6352 10.5.1: a name without a group stands for the property in any group.
pub(super) fn is_named(line: &Line<'_>, name: &str) -> bool {
    match name.rsplit_once('.') {
        None => line.is(name),
        Some((group, name)) => {
            line.is(name) && line.group().is_some_and(|own| own.eq_ignore_ascii_case(group))
        }
    }
}

#[cfg(test)]
mod tests;
