//! From 3.0 to 4.0.

use super::date;
use super::media;
use super::property::Property;
use crate::icalendar::line::{split_escaped, unescape};
use crate::vcard::limits::LABELLED_COUNT_MAX;

/// Turns the properties of a card.
pub(super) fn card(properties: &mut Vec<Property<'_>>) {
    properties.retain(|property| !property.is("PROFILE"));
    labels(properties);
    sort_string(properties);
    for property in properties {
        one(property);
    }
}

/// LABEL is a parameter of the address it belongs to: the one of its group and of the same types.
fn labels(properties: &mut Vec<Property<'_>>) {
    let places_of = |name: &'static str| {
        let named = properties.iter().enumerate().filter(move |(_, property)| property.is(name));
        named.take(LABELLED_COUNT_MAX).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (addresses, labels) = (places_of("ADR"), places_of("LABEL"));
    let mut married = Vec::new();
    for at in labels {
        let Some(label) = properties.get(at) else { continue };
        let belongs = |address: &Property<'_>| {
            let free = address.param("LABEL").is_none();
            free && address.group() == label.group() && places(address) == places(label)
        };
        let owner = addresses.iter().copied().find(|at| properties.get(*at).is_some_and(belongs));
        let text = unescape(label.value()).into_owned();
        if let Some(address) = owner.and_then(|owner| properties.get_mut(owner)) {
            address.set_param("LABEL", &text);
            married.push(at);
        }
    }
    let mut at = 0;
    properties.retain(|_| {
        at += 1;
        married.binary_search(&(at - 1)).is_err()
    });
}

/// The types that tell addresses apart.
fn places(property: &Property<'_>) -> Vec<String> {
    let mut types: Vec<String> = property.types().iter().map(|word| word.to_ascii_lowercase()).collect();
    types.retain(|word| word != "pref");
    types.sort_unstable();
    types
}

/// SORT-STRING is a parameter of the name.
fn sort_string(properties: &mut Vec<Property<'_>>) {
    let Some(at) = properties.iter().position(|property| property.is("SORT-STRING")) else { return };
    let text = properties.get(at).map(|property| unescape(property.value()).into_owned()).unwrap_or_default();
    if let Some(name) = properties.iter_mut().find(|property| property.is("N")) {
        name.set_param("SORT-AS", &text);
        properties.remove(at);
    }
}

fn one(property: &mut Property<'_>) {
    let name = property.upper_name();
    property.drop_param("CHARSET");
    let preferred = property.types().iter().any(|word| word.eq_ignore_ascii_case("pref"));
    // INTERNET is what an address of mail is.
    property.drop_types(|word| !["pref", "internet"].iter().any(|old| word.eq_ignore_ascii_case(old)));
    if preferred && property.param("PREF").is_none() {
        property.set_param("PREF", "1");
    }
    match name.as_str() {
        name if media::holds_media(name) => media::to_uri(property),
        "BDAY" | "ANNIVERSARY" | "DEATHDATE" | "REV" => day(property),
        "GEO" => place(property),
        "TZ" => zone(property),
        "UID" if !is_uri(property.value()) && property.param("VALUE").is_none() => {
            property.set_param("VALUE", "text");
        }
        "AGENT" if property.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("uri")) => {
            property.drop_param("VALUE");
            property.set_types(&["agent"]);
            property.rename("RELATED");
        }
        "X-ADDRESSBOOKSERVER-KIND" => property.rename("KIND"),
        "X-ADDRESSBOOKSERVER-MEMBER" => property.rename("MEMBER"),
        _ => {}
    }
}

fn day(property: &mut Property<'_>) {
    if property.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("text")) {
        return;
    }
    let Some(mut date) = date::basic(property.value()) else { return };
    // What Apple writes for a day of an unknown year.
    if let Some(year) = property.param("X-APPLE-OMIT-YEAR") {
        property.drop_param("X-APPLE-OMIT-YEAR");
        if let Some(rest) = date.strip_prefix(&year) {
            date = format!("--{rest}");
        }
    }
    property.drop_param("VALUE");
    if date != property.value() {
        property.set_value(date);
    }
}

/// `lat;lon` is a `geo:` URI (RFC 5870).
fn place(property: &mut Property<'_>) {
    let parts: Vec<&str> = split_escaped(property.value(), b';').map(str::trim).collect();
    if let [latitude, longitude] = parts.as_slice()
        && [latitude, longitude].iter().all(|part| part.parse::<f64>().is_ok())
    {
        let uri = format!("geo:{latitude},{longitude}");
        property.set_value(uri);
    }
}

/// The default was an offset and is a text.
fn zone(property: &mut Property<'_>) {
    match property.param("VALUE") {
        Some(value) if value.eq_ignore_ascii_case("text") => property.drop_param("VALUE"),
        Some(_) => {}
        None => {
            if let Some(offset) = date::offset(property.value()) {
                property.set_param("VALUE", "utc-offset");
                property.set_value(offset.replace(':', ""));
            }
        }
    }
}

/// Whether a value has a scheme (RFC 3986 3.1).
fn is_uri(value: &str) -> bool {
    let Some((scheme, _)) = value.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}
