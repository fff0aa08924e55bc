//! From 4.0 to 3.0.

use super::property::Property;
use super::{date, media};
use crate::icalendar::line::{escape, unescape};

/// The year that Apple writes where there is none; it is a leap year.
const NO_YEAR: &str = "1604";

/// Turns the properties of a card.
pub(super) fn card(properties: &mut Vec<Property<'_>>) {
    names(properties);
    let mut turned = Vec::with_capacity(properties.len());
    for mut property in properties.drain(..) {
        let more = one(&mut property);
        turned.push(property);
        turned.extend(more);
    }
    *properties = turned;
}

/// There is one N, and it must be there (RFC 2426 3.1.2): the others are the same name in other languages.
fn names(properties: &mut Vec<Property<'_>>) {
    let mut found = false;
    properties.retain(|property| !property.is("N") || !std::mem::replace(&mut found, true));
    if !found {
        let shown = properties.iter().find(|property| property.is("FN"));
        let text = shown.map(|shown| escape(&unescape(shown.value()))).unwrap_or_default();
        properties.push(Property::new("N", format!("{text};;;;")));
    }
}

/// Turns one property; what becomes a property of its own comes back.
fn one<'l>(property: &mut Property<'l>) -> Option<Property<'l>> {
    let name = property.upper_name();
    preference(property);
    for gone in ["PID", "ALTID"] {
        property.drop_param(gone);
    }
    match name.as_str() {
        name if media::holds_media(name) => media::from_uri(property),
        "BDAY" | "ANNIVERSARY" | "DEATHDATE" | "REV" => day(property),
        "GEO" => place(property),
        "TZ" => zone(property),
        "TEL" => telephone(property),
        "UID" => property.drop_param("VALUE"),
        "KIND" => property.rename("X-ADDRESSBOOKSERVER-KIND"),
        "MEMBER" => {
            property.drop_param("VALUE");
            property.rename("X-ADDRESSBOOKSERVER-MEMBER");
        }
        "ADR" => return label(property),
        "N" => {
            let sorted = property.param("SORT-AS")?;
            property.drop_param("SORT-AS");
            return Some(property.beside("SORT-STRING", escape(&sorted)));
        }
        _ => {}
    }
    None
}

/// PREF is a type; of the numbers 3.0 knows the first only.
fn preference(property: &mut Property<'_>) {
    let types = property.types();
    let is_list = property.param("TYPE").is_some_and(|first| first.contains(','));
    let Some(rank) = property.param("PREF") else {
        if is_list {
            property.set_types(&types.iter().map(String::as_str).collect::<Vec<_>>());
        }
        return;
    };
    property.drop_param("PREF");
    let first = Some("pref").filter(|_| rank.trim() == "1");
    if first.is_some() || is_list {
        property.set_types(&types.iter().map(String::as_str).chain(first).collect::<Vec<_>>());
    }
}

/// A day without a year is written as Apple does; what else 3.0 cannot say is a text.
fn day(property: &mut Property<'_>) {
    if property.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("text")) {
        return;
    }
    property.drop_param("VALUE");
    property.drop_param("CALSCALE");
    let value = property.value().trim();
    let no_year = value.strip_prefix("--").filter(|rest| !rest.starts_with('-'));
    let full = no_year.map(|rest| format!("{NO_YEAR}{rest}"));
    let known = date::extended(full.as_deref().unwrap_or(value));
    let no_year = no_year.is_some();
    match known {
        Some(date) => {
            if no_year {
                property.set_param("X-APPLE-OMIT-YEAR", NO_YEAR);
            }
            if date != property.value() {
                property.set_value(date);
            }
        }
        None => property.set_param("VALUE", "text"),
    }
}

/// A `geo:` URI is `lat;lon`.
fn place(property: &mut Property<'_>) {
    let Some(point) = property.value().strip_prefix("geo:") else { return };
    let point = point.split(';').next().unwrap_or_default().replace('\\', "");
    let mut parts = point.split(',');
    if let (Some(latitude), Some(longitude)) = (parts.next(), parts.next()) {
        let value = format!("{latitude};{longitude}");
        property.drop_param("VALUE");
        property.set_value(value);
    }
}

/// The default is a text and was an offset.
fn zone(property: &mut Property<'_>) {
    let kind = property.param("VALUE").unwrap_or_else(|| "text".to_owned());
    match date::offset(property.value()).filter(|_| kind.eq_ignore_ascii_case("utc-offset")) {
        Some(offset) => {
            property.drop_param("VALUE");
            property.set_value(offset);
        }
        None => property.set_param("VALUE", "text"),
    }
}

/// A `tel:` URI (RFC 3966) is the number.
fn telephone(property: &mut Property<'_>) {
    let Some(number) = property.value().strip_prefix("tel:") else { return };
    let number = number.replace(";ext=", "x");
    let number = number.split(';').next().unwrap_or_default().to_owned();
    property.drop_param("VALUE");
    property.set_value(number);
}

/// LABEL is a property, told by the same types.
fn label<'l>(address: &mut Property<'l>) -> Option<Property<'l>> {
    let text = address.param("LABEL")?;
    address.drop_param("LABEL");
    let mut label = address.beside("LABEL", escape(&unescape(&text)));
    let types = address.types();
    label.set_types(&types.iter().map(String::as_str).filter(|word| *word != "pref").collect::<Vec<_>>());
    Some(label)
}
