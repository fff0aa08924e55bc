//! The corpus of real and awkward cards: nothing panics, what parses is written back octet for octet.

use super::card::{Card, split};
use super::validate;
use super::version::{Version, convert};
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

#[test]
fn every_card_is_turned_there_and_back() {
    let mut turned = 0;
    for (name, octets) in files("vcard") {
        let Ok(card) = validate::check(&octets) else { continue };
        let Some(from) = card.version().and_then(Version::of) else { continue };
        let to = if from == Version::V3 { Version::V4 } else { Version::V3 };
        let there = convert(&card, to).unwrap();
        let there = validate::check(&there).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        let back = convert(&there, from).unwrap();
        let back = validate::check(&back).unwrap();
        assert_eq!((there.uid(), there.formatted_name()), (card.uid(), card.formatted_name()), "{name}");
        // What one version cannot say may be lost on the first way, not on later ones.
        let again = convert(&back, to).unwrap();
        let said = |card: &Card<'_>| {
            // 3.0 puts an N where there is none, and writes lists without quotes.
            let lines = card.component().lines().filter(|line| !line.is("N"));
            let parts = lines.map(|line| {
                let head = line.head().replace(['"', ':'], "");
                let mut head: Vec<_> = head.split(';').map(str::to_owned).collect();
                head.sort_unstable();
                (head, line.value().to_owned())
            });
            let mut lines: Vec<_> = parts.collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(said(&Card::parse(&again).unwrap()), said(&there), "{name}");
        turned += 1;
    }
    assert!(turned > 30, "{turned} turned");
}
