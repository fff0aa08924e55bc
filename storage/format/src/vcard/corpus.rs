//! The corpus of real and awkward cards: nothing panics, what parses is written back octet for octet.

use super::card::{Card, split};
use super::validate;
use crate::icalendar::component::{Node, parse_stream};
use crate::icalendar::corpus::files;
use crate::icalendar::line::Lines;

#[test]
fn every_card_is_read_and_written_back() {
    let files = files("vcard");
    assert!(files.len() >= 78, "{} files", files.len());
    let (mut parsed, mut stored) = (0, 0);
    for (name, octets) in files {
        stored += usize::from(validate::check(&octets).is_ok());
        let Ok(components) = parse_stream(&octets, Lines::vcard(&octets)) else { continue };
        parsed += 1;
        for component in &components {
            let mut out = component.begin().to_vec();
            for node in component.nodes() {
                match node {
                    Node::Line(line) => out.extend_from_slice(line.raw()),
                    Node::Component(inner) => out.extend_from_slice(inner.raw()),
                }
            }
            out.extend_from_slice(component.end());
            let blank = component.raw().split_inclusive(|&b| b == b'\n').any(|l| l.trim_ascii().is_empty());
            assert!(blank || out == component.raw(), "{name} changed");
        }
        for piece in split(&octets).unwrap() {
            assert_eq!(Card::parse(&piece.octets).unwrap().uid(), Some(piece.uid), "{name}");
        }
    }
    assert!(parsed > 50 && stored > 30, "{parsed} parsed, {stored} could be stored");
}
