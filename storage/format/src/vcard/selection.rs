//! Partial retrieval (RFC 6352 10.4.2): the properties a client asked for, each line as stored.

use super::card::Card;
use super::filter::is_named;
use crate::icalendar::component::Node;
use crate::icalendar::line::write_line;
use crate::icalendar::selection::{PropWanted, Wanted};

/// Writes the card with the properties wanted. VERSION always goes along: without it the lines have no meaning.
pub fn write(card: &Card<'_>, wanted: &Wanted<PropWanted>, out: &mut Vec<u8>) {
    let component = card.component();
    let Wanted::Only(props) = wanted else { return out.extend_from_slice(component.raw()) };
    out.extend_from_slice(component.begin());
    for node in component.nodes() {
        let Node::Line(line) = node else { continue };
        match props.iter().find(|prop| is_named(line, &prop.name)) {
            Some(prop) if prop.no_value => write_line(out, line.head()),
            Some(_) => out.extend_from_slice(line.raw()),
            None if line.is("VERSION") => out.extend_from_slice(line.raw()),
            None => {}
        }
    }
    out.extend_from_slice(component.end());
}

#[cfg(test)]
mod tests;
