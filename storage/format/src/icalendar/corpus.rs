//! The corpus of real and awkward calendars: nothing panics, nothing takes long, what parses is written back
//! octet for octet.

use super::component::{Component, Node, parse_stream};
use super::line::Lines;
use super::object::Object;
use super::recurrence::Range;
use super::span::Span;
use super::split::split;
use super::zone::Zone;
use super::{expand, filter::overlaps, freebusy::BusyTime, validate};
use crate::icalendar::object::Kind;
use std::time::{Duration, Instant};

pub(crate) fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let path = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("../../conformance/data")
        .join(folder);
    let mut files: Vec<_> = std::fs::read_dir(&path)
        .unwrap_or_else(|_| panic!("{} is part of the repository", path.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Every octet of a component, put together from its nodes.
fn rewritten(component: &Component<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(component.begin());
    for node in component.nodes() {
        match node {
            Node::Line(line) => out.extend_from_slice(line.raw()),
            Node::Component(inner) => rewritten(inner, out),
        }
    }
    out.extend_from_slice(component.end());
}

#[test]
fn every_calendar_is_read_in_bounded_time_and_written_back() {
    let files = files("ical");
    assert!(files.len() >= 301, "{} files", files.len());
    let (mut parsed, mut stored, mut pieces, mut storable) = (0, 0, 0, 0);
    for (name, octets) in files {
        let begun = Instant::now();
        let blank = octets.split_inclusive(|&byte| byte == b'\n').any(|line| line.trim_ascii().is_empty());
        if let Ok(components) = parse_stream(&octets, Lines::new(&octets)) {
            parsed += 1;
            let mut out = Vec::new();
            components.iter().for_each(|component| rewritten(component, &mut out));
            let body = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&octets);
            assert!(blank || out == body, "{name} changed");
        }
        stored += usize::from(validate::check(&octets, &Kind::ALL).is_ok());
        for piece in split(&octets).unwrap_or_default() {
            let Ok(object) = Object::parse(&piece.octets) else { panic!("{name}: a piece does not parse") };
            evaluate(&object);
            pieces += 1;
            storable += usize::from(validate::check(&piece.octets, &Kind::ALL).is_ok());
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{name} took {:?}", begun.elapsed());
    }
    // What is refused: no DTSTART, no UTF-8, dates that are none, one UID twice, Chinese years.
    assert!(pieces > 4_300 && pieces - storable <= 30, "{storable} of {pieces} pieces could be stored");
    assert!(parsed > 200 && stored > 80, "{parsed} parsed, {stored} could be stored");
}

/// Everything that can be asked of an object.
fn evaluate(object: &Object<'_>) {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let range = Range { start: Some(1_700_000_000), end: Some(1_800_000_000) };
    let _ = Span::of(object);
    for kind in Kind::ALL {
        let _ = overlaps(object, kind.name(), &range, &berlin);
    }
    let _ = expand::expand(object, &range, &berlin);
    let _ = expand::limit_recurrence_set(object, &range, &berlin);
    let mut busy = BusyTime::new(range);
    busy.add(object, &berlin);
    let _ = busy.write(0);
}

/// Broken at random, seeded: whatever still parses is evaluated, nothing panics.
#[test]
fn mutilated_calendars_do_no_harm() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut dice = |sides: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % sides as u64).unwrap()
    };
    let words: [&[u8]; 8] = [
        b"99999999",
        b";COUNT=",
        b"\r\n ",
        b"BEGIN:VEVENT\r\n",
        b"-",
        b"T240000",
        b"RRULE:FREQ=SECONDLY\r\n",
        b"\xff",
    ];
    for (_, octets) in files("ical").into_iter().filter(|(_, octets)| (20..3_000).contains(&octets.len())) {
        for _ in 0..4 {
            let mut broken = octets.clone();
            for _ in 0..=dice(3) {
                let at = dice(broken.len());
                match dice(3) {
                    0 => drop(broken.remove(at)),
                    1 => drop(broken.splice(at..at, words[dice(words.len())].iter().copied())),
                    _ => broken[at] = u8::try_from(dice(256)).unwrap(),
                }
            }
            let _ = validate::check(&broken, &Kind::ALL);
            for piece in split(&broken).unwrap_or_default() {
                if let Ok(object) = Object::parse(&piece.octets) {
                    evaluate(&object);
                }
            }
        }
    }
}
