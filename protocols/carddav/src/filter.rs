//! CARDDAV:filter (RFC 6352 10.5) read from XML into the plain data that `format::vcard` judges by.

use crate::limits::FILTER_COUNT_MAX;
use crate::refusal::forbidden;
use format::icalendar::text::Collation;
use format::vcard::filter::{Filter, PropFilter, PropTest, Test};
use webdav::Reply;
use webdav::filter::Dialect;
use webdav::xml::{CARDDAV, Element};

/// How CardDAV spells what it shares with CalDAV (RFC 6352 10.5.4 has another default collation).
pub(crate) const DIALECT: Dialect = Dialect { namespace: CARDDAV, collation: Collation::UnicodeCasemap };

/// Reads the filter of an addressbook-query; none matches every card.
///
/// # Errors
/// 403 `valid-filter`, `supported-filter`, `supported-collation`.
pub(crate) fn parse(body: &Element) -> Reply<Filter> {
    let Some(filter) = body.child(CARDDAV, "filter") else { return Ok(Filter::default()) };
    let mut left = FILTER_COUNT_MAX;
    let props = DIALECT.all(filter, "prop-filter").map(|prop| prop_filter(prop, &mut left));
    let props = props.collect::<Reply<_>>()?;
    Ok(Filter { test: test(filter)?, props })
}

fn count(left: &mut usize) -> Reply<()> {
    *left = left.checked_sub(1).ok_or_else(|| forbidden("supported-filter"))?;
    Ok(())
}

fn test(element: &Element) -> Reply<Test> {
    match element.attribute("test") {
        None | Some("anyof") => Ok(Test::AnyOf),
        Some("allof") => Ok(Test::AllOf),
        Some(_) => Err(forbidden("valid-filter")),
    }
}

fn prop_filter(element: &Element, left: &mut usize) -> Reply<PropFilter> {
    count(left)?;
    let name = DIALECT.named(element)?;
    if DIALECT.is_not_defined(element) {
        return Ok(PropFilter { name, test: PropTest::NotDefined });
    }
    let text = |text: &Element| {
        count(left)?;
        DIALECT.text_match(text)
    };
    let texts = DIALECT.all(element, "text-match").map(text).collect::<Reply<_>>()?;
    let param = |param: &Element| {
        count(left)?;
        DIALECT.param_filter(param)
    };
    let params = DIALECT.all(element, "param-filter").map(param).collect::<Reply<_>>()?;
    Ok(PropFilter { name, test: PropTest::Defined { test: test(element)?, texts, params } })
}

#[cfg(test)]
mod tests;
