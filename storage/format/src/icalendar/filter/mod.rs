//! CALDAV:filter (RFC 4791 9.7) as plain data; the door reads the XML, [`evaluate`](CompFilter::matches) judges
//! an object.

pub(crate) mod evaluate;
mod overlap;

use super::recurrence::Range;
use super::text::TextMatch;

pub use overlap::{Occupied, overlaps};
pub(crate) use overlap::{period as overlap_period, periods as overlap_periods};

/// CALDAV:comp-filter
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompFilter {
    /// The component's name.
    pub name: String,
    /// What is asked of it.
    pub test: CompTest,
}

/// What a comp-filter asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompTest {
    /// There is no such component.
    NotDefined,
    /// One component meets all of this.
    Defined {
        /// CALDAV:time-range
        time_range: Option<Range>,
        /// CALDAV:prop-filter
        props: Vec<PropFilter>,
        /// CALDAV:comp-filter inside
        comps: Vec<CompFilter>,
    },
}

/// CALDAV:prop-filter
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropFilter {
    /// The property's name.
    pub name: String,
    /// What is asked of it.
    pub test: PropTest,
}

/// What a prop-filter asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropTest {
    /// There is no such property.
    NotDefined,
    /// One property meets all of this.
    Defined {
        /// CALDAV:time-range
        time_range: Option<Range>,
        /// CALDAV:text-match
        text: Option<TextMatch>,
        /// CALDAV:param-filter
        params: Vec<ParamFilter>,
    },
}

/// CALDAV:param-filter
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamFilter {
    /// The parameter's name.
    pub name: String,
    /// What is asked of it.
    pub test: ParamTest,
}

/// What a param-filter asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamTest {
    /// There is no such parameter.
    NotDefined,
    /// It is there, and a value of it matches.
    Defined(Option<TextMatch>),
}

/// What the index can answer without reading objects: all objects of one component name that touch a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Component asked for.
    pub component: String,
    /// Range asked for.
    pub range: Option<Range>,
    /// Whether the filter asks nothing beyond this.
    pub whole: bool,
}

impl CompFilter {
    /// Every object of any kind: `VCALENDAR` without a condition.
    #[must_use]
    pub fn everything() -> Self {
        Self { name: "VCALENDAR".to_owned(), test: Self::no_condition() }
    }

    fn no_condition() -> CompTest {
        CompTest::Defined { time_range: None, props: Vec::new(), comps: Vec::new() }
    }

    /// The part of the filter an index of times and kinds can answer: the first component asked for inside
    /// VCALENDAR. Every object that matches the filter matches its outline; `None` when nothing can be said.
    #[must_use]
    pub fn outline(&self) -> Option<Outline> {
        let CompTest::Defined { props, comps, time_range: None } = &self.test else { return None };
        let (at, (component, range, bare)) =
            comps.iter().enumerate().find_map(|(at, comp)| match &comp.test {
                CompTest::Defined { time_range, props, comps } => {
                    let bare = props.is_empty() && comps.is_empty();
                    Some((at, (comp.name.clone(), *time_range, bare)))
                }
                CompTest::NotDefined => None,
            })?;
        let whole = bare && props.is_empty() && comps.len() == 1 && at == 0;
        Some(Outline { component, range, whole })
    }
}
