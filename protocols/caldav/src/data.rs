//! CALDAV:calendar-data in a report (RFC 4791 9.6): which form the client wants objects in, and making it.

use crate::filter::{DIALECT, closed_range};
use crate::limits::FILTER_DEPTH_MAX;
use crate::refusal::forbidden;
use format::icalendar::expand::{expand, limit_freebusy_set, limit_recurrence_set};
use format::icalendar::object::Object;
use format::icalendar::recurrence::Range;
use format::icalendar::selection::{Selection, Wanted};
use format::icalendar::zone::Zone;
use model::Result;
use webdav::Reply;
use webdav::xml::{CALDAV, DAV, Element};

/// What is done to recurring objects.
enum Recurrence {
    AsStored,
    Expand(Range),
    Limit(Range),
}

/// What a client wants of an object.
pub(crate) struct Output {
    selection: Option<Selection>,
    recurrence: Recurrence,
    freebusy: Option<Range>,
}

impl Output {
    /// Reads the element.
    ///
    /// # Errors
    /// 403 `supported-calendar-data` for another media type; 403 `valid-filter` for a bad range.
    pub(crate) fn parse(element: &Element) -> Reply<Self> {
        let media = element.attribute("content-type").unwrap_or("text/calendar").trim();
        let version = element.attribute("version").unwrap_or("2.0").trim();
        if !media.eq_ignore_ascii_case("text/calendar") || version != "2.0" {
            return Err(forbidden("supported-calendar-data"));
        }
        let range = |local: &str| element.child(CALDAV, local).map(closed_range).transpose();
        let recurrence = match (range("expand")?, range("limit-recurrence-set")?) {
            (Some(range), _) => Recurrence::Expand(range),
            (None, Some(range)) => Recurrence::Limit(range),
            (None, None) => Recurrence::AsStored,
        };
        let comp = element.child(CALDAV, "comp");
        let selection = comp.map(|comp| selection(comp, FILTER_DEPTH_MAX)).transpose()?;
        Ok(Self { selection, recurrence, freebusy: range("limit-freebusy-set")? })
    }

    /// Whether the octets go out as they are stored.
    pub(crate) fn is_verbatim(&self) -> bool {
        self.selection.is_none() && self.freebusy.is_none() && matches!(self.recurrence, Recurrence::AsStored)
    }

    /// Makes what is wanted of an object.
    ///
    /// # Errors
    /// `TooLarge` when it has more instances in the range than are given out; `Invalid` when the stored
    /// octets cannot be read.
    pub(crate) fn make(&self, octets: &[u8], floating: &Zone) -> Result<Vec<u8>> {
        let object = Object::parse(octets)?;
        let mut made = match &self.recurrence {
            Recurrence::AsStored => octets.to_vec(),
            Recurrence::Expand(range) => expand(&object, range, floating)?,
            Recurrence::Limit(range) => limit_recurrence_set(&object, range, floating),
        };
        if let Some(range) = &self.freebusy {
            made = limit_freebusy_set(&Object::parse(&made)?, range);
        }
        if let Some(selection) = &self.selection {
            let mut out = Vec::new();
            selection.write(Object::parse(&made)?.calendar(), &mut out);
            made = out;
        }
        Ok(made)
    }
}

fn selection(comp: &Element, depth: usize) -> Reply<Selection> {
    let depth = depth.checked_sub(1).ok_or_else(|| forbidden("supported-filter"))?;
    let comps = if comp.child(CALDAV, "allcomp").is_some() {
        Wanted::All
    } else {
        let inner = DIALECT.all(comp, "comp").map(|comp| selection(comp, depth));
        Wanted::Only(inner.collect::<Reply<_>>()?)
    };
    Ok(Selection { name: DIALECT.named(comp)?, props: DIALECT.props_wanted(comp)?, comps })
}

/// Checks the calendar-data of a report's `prop` before anything is read.
///
/// # Errors
/// As [`Output::parse`].
pub(crate) fn check(body: &Element) -> Reply<()> {
    let data = body.child(DAV, "prop").and_then(|prop| prop.child(CALDAV, "calendar-data"));
    data.map(Output::parse).transpose().map(drop)
}

#[cfg(test)]
mod tests;
