//! Named limits of the iCalendar reader. Everything that grows from the network stops at one of these.

/// The most octets of one calendar object resource (RFC 4791 5.2.5); inline attachments are the reason it is
/// not smaller.
pub const OBJECT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The most octets of one unfolded content line: an inline attachment is one line.
pub const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most content lines of one stream, a file of many objects.
pub const LINE_COUNT_MAX: usize = 500_000;
/// The most octets of a property or parameter name.
pub const NAME_BYTES_MAX: usize = 256;
/// How deep components may nest (VCALENDAR is 1; the deepest real one, VALARM with a VLOCATION, is 4).
pub const DEPTH_MAX: usize = 16;
/// The most octets of a UID; it is a part of an index key.
pub const UID_BYTES_MAX: usize = 1024;
/// The most components beside VTIMEZONE in one object: a master and its overrides.
pub const COMPONENT_COUNT_MAX: usize = 10_000;
/// The most instances one evaluation gives out for one object.
pub const INSTANCE_COUNT_MAX: usize = 10_000;
/// The most days, hours, ... one evaluation of a recurrence rule looks at. 146,097 days are a whole Gregorian
/// cycle: what has not come by then never comes.
pub const RECURRENCE_STEP_MAX: u32 = 400_000;
/// The most recurrence rules in one component.
pub const RULE_COUNT_MAX: usize = 16;
/// The most dates in all RDATE or all EXDATE of one component.
pub const DATE_COUNT_MAX: usize = 20_000;
/// The most observances (STANDARD, DAYLIGHT) of one VTIMEZONE.
pub const OBSERVANCE_COUNT_MAX: usize = 500;
/// The most content lines of one object that is to be stored: ten thousand overrides fit.
pub const OBJECT_LINE_COUNT_MAX: usize = 200_000;
/// The most alarms of one object that a filter looks at; with more, the object counts as matching.
pub const ALARM_COUNT_MAX: usize = 200;
/// The most repetitions counted for one alarm.
pub const ALARM_REPEAT_MAX: i64 = 1_000;

#[cfg(test)]
mod tests;
