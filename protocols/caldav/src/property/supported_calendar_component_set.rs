//! supported-calendar-component-set (RFC 4791 5.2.3): the kinds of component a calendar takes. Set when the
//! calendar is made, never later: what is in it must stay allowed.

use crate::calendars::{COMPONENTS, supported};
use crate::refusal::forbidden;
use format::icalendar::object::Kind;
use model::Result;
use webdav::xml::{CALDAV, Name, Writer};
use webdav::{Property, Set, SetTarget, View};

#[derive(Debug)]
pub(super) struct SupportedCalendarComponentSet;

impl Property for SupportedCalendarComponentSet {
    fn name(&self) -> Name {
        super::name("supported-calendar-component-set")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Some(calendar) = super::calendar(view) {
            out.open(&self.name());
            for kind in supported(&calendar.row) {
                out.empty_with(&super::name("comp"), &[("name", kind.name())]);
            }
            out.close(&self.name());
        }
        Ok(())
    }

    fn set(&self, target: &SetTarget<'_>) -> Set {
        if !super::on_calendar(target) || !target.creating {
            return Set::Protected;
        }
        let Some(element) = target.value else { return Set::Protected };
        let names = element.elements().filter(|comp| comp.is(CALDAV, "comp"));
        let asked: Vec<_> = names.filter_map(|comp| comp.attribute("name")).collect();
        let mut kinds: Vec<Kind> = asked.iter().filter_map(|name| Kind::named(name)).collect();
        kinds.dedup();
        // Kinds that nobody here knows (VPOLL, VALARM) are left out, as RFC 4791 5.2.3 lets a server do; a
        // calendar for nothing else cannot be.
        if kinds.is_empty() {
            return Set::Refuse(forbidden("supported-calendar-component"));
        }
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        Set::Text(COMPONENTS, Some(names.join(" ")))
    }
}
