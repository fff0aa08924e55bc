//! The pieces of filters that calendars and address books share (RFC 4791 9.7, RFC 6352 10.5): text and
//! parameter conditions. Each names its elements in its own namespace.

use crate::xml::{Element, Name};
use crate::{Refusal, Reply};
use format::icalendar::filter::{ParamFilter, ParamTest};
use format::icalendar::text::{Collation, Place, TextMatch};

/// What differs between the protocols whose filters are read.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The namespace of the elements.
    pub namespace: &'static str,
    /// The collation of a text-match that names none.
    pub collation: Collation,
}

impl Dialect {
    /// 403 with a precondition of this protocol.
    #[must_use]
    pub fn refuse(&self, local: &'static str) -> Refusal {
        Refusal::forbidden(Name::new(self.namespace, local))
    }

    /// The `name` that every filter must have.
    ///
    /// # Errors
    /// 403 `valid-filter`.
    pub fn named(&self, element: &Element) -> Reply<String> {
        let name = element.attribute("name").map(str::trim).filter(|name| !name.is_empty());
        name.map(str::to_owned).ok_or_else(|| self.refuse("valid-filter"))
    }

    /// Whether the filter asks for absence.
    #[must_use]
    pub fn is_not_defined(&self, element: &Element) -> bool {
        element.child(self.namespace, "is-not-defined").is_some()
    }

    /// The conditions of this name inside a filter.
    pub fn all<'e>(
        &self,
        element: &'e Element,
        local: &'static str,
    ) -> impl Iterator<Item = &'e Element> + use<'e> {
        let namespace = self.namespace;
        element.elements().filter(move |child| child.is(namespace, local))
    }

    /// Reads a text-match.
    ///
    /// # Errors
    /// 403 `supported-collation`, `valid-filter`.
    pub fn text_match(&self, element: &Element) -> Reply<TextMatch> {
        let collation = match element.attribute("collation") {
            None => self.collation,
            Some(name) => Collation::named(name).ok_or_else(|| self.refuse("supported-collation"))?,
        };
        let place = match element.attribute("match-type") {
            None | Some("contains") => Place::Contains,
            Some("equals") => Place::Equals,
            Some("starts-with") => Place::StartsWith,
            Some("ends-with") => Place::EndsWith,
            Some(_) => return Err(self.refuse("valid-filter")),
        };
        let negate = element.attribute("negate-condition").is_some_and(|value| value == "yes");
        Ok(TextMatch::new(&element.text(), collation, place, negate))
    }

    /// Reads a param-filter.
    ///
    /// # Errors
    /// As [`Dialect::named`] and [`Dialect::text_match`].
    pub fn param_filter(&self, element: &Element) -> Reply<ParamFilter> {
        let name = self.named(element)?;
        if self.is_not_defined(element) {
            return Ok(ParamFilter { name, test: ParamTest::NotDefined });
        }
        let text = element.child(self.namespace, "text-match");
        let text = text.map(|text| self.text_match(text)).transpose()?;
        Ok(ParamFilter { name, test: ParamTest::Defined(text) })
    }

    /// Reads the `prop` elements of a partial retrieval.
    ///
    /// # Errors
    /// As [`Dialect::named`].
    pub fn props_wanted(
        &self,
        element: &Element,
    ) -> Reply<format::icalendar::selection::Wanted<format::icalendar::selection::PropWanted>> {
        use format::icalendar::selection::{PropWanted, Wanted};
        if element.child(self.namespace, "allprop").is_some() {
            return Ok(Wanted::All);
        }
        let wanted = |prop: &Element| {
            let no_value = prop.attribute("novalue").is_some_and(|value| value == "yes");
            Ok(PropWanted { name: self.named(prop)?, no_value })
        };
        self.all(element, "prop").map(wanted).collect::<Reply<_>>().map(Wanted::Only)
    }
}
