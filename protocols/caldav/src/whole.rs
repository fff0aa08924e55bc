//! A calendar as one file (RFC 5545 3.4): the components of all objects in one VCALENDAR, each time zone once.

use format::icalendar::component::{Component, parse_stream};
use format::icalendar::line::{Lines, escape, write_line};
use std::collections::HashSet;
use webdav::Gather;

/// A calendar on its way out.
#[derive(Debug)]
pub(crate) struct Whole {
    name: String,
    /// TZIDs that have been written; of several definitions of one, the first stands for all.
    zones: HashSet<String>,
}

impl Whole {
    /// For a calendar that is shown under a name.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: escape(name), zones: HashSet::new() }
    }

    fn component(&mut self, component: &Component<'_>, out: &mut Vec<u8>) {
        if component.is("VTIMEZONE") {
            let zone = component.line("TZID").map(|line| line.value().to_owned());
            if !self.zones.insert(zone.unwrap_or_default()) {
                return;
            }
        }
        out.extend_from_slice(component.raw().trim_ascii_end());
        out.extend_from_slice(b"\r\n");
    }
}

impl Gather for Whole {
    fn content_type(&self) -> &'static str {
        "text/calendar; charset=utf-8"
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Collegium//CalDAV//EN"] {
            write_line(out, line);
        }
        // RFC 7986 5.1, and what everybody reads.
        for property in ["NAME", "X-WR-CALNAME"] {
            write_line(out, &format!("{property}:{}", self.name));
        }
    }

    fn add(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        for calendar in parse_stream(octets, Lines::new(octets)).unwrap_or_default() {
            for component in calendar.components() {
                self.component(component, out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        write_line(out, "END:VCALENDAR");
    }
}

#[cfg(test)]
mod tests;
