//! Refusals of calendar data as the preconditions of RFC 4791 5.3.2.1.

use format::icalendar::validate::Refusal as Judgement;
use webdav::Refusal;
use webdav::xml::{CALDAV, Name};

/// 403 with a precondition of CalDAV.
pub(crate) fn forbidden(local: &'static str) -> Refusal {
    Refusal::forbidden(Name::new(CALDAV, local))
}

/// The precondition that an object failed.
pub(crate) fn of_judgement(judgement: Judgement) -> Refusal {
    match judgement {
        Judgement::Data(why) | Judgement::Object(why) => {
            tracing::debug!(why, "a calendar object is refused");
            let object = matches!(judgement, Judgement::Object(_));
            forbidden(if object { "valid-calendar-object-resource" } else { "valid-calendar-data" })
        }
        Judgement::Component => forbidden("supported-calendar-component"),
        // RFC 4791 1.3: the status of a failed precondition is 403 or 409, not 413.
        Judgement::Size(_) => forbidden("max-resource-size"),
        Judgement::Instances => forbidden("max-instances"),
        Judgement::Scale => forbidden("supported-rscale"),
    }
}
