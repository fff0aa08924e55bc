//! Expanded names: a namespace and a local part (Namespaces in XML 1.0, 2.1).

use std::borrow::Cow;
use std::fmt;

/// RFC 4918.
pub const DAV: &str = "DAV:";
/// RFC 4791.
pub const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// RFC 6352.
pub const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
/// Apple's Calendar Server extensions (getctag and others).
pub const CALENDAR_SERVER: &str = "http://calendarserver.org/ns/";
/// Apple's iCal (calendar-color, calendar-order).
pub const APPLE: &str = "http://apple.com/ns/ical/";
/// The namespace that the prefix `xml` is always bound to.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// The prefixes that every answer of ours declares on its root.
pub(crate) const PREFIXES: &[(&str, &str)] =
    &[("D", DAV), ("C", CALDAV), ("CR", CARDDAV), ("CS", CALENDAR_SERVER), ("A", APPLE)];

/// The name of an element, attribute or property.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The namespace; empty for none.
    pub namespace: Cow<'static, str>,
    /// The local part.
    pub local: Cow<'static, str>,
}

impl Name {
    /// A name known when this was compiled.
    #[must_use]
    pub const fn new(namespace: &'static str, local: &'static str) -> Self {
        Self { namespace: Cow::Borrowed(namespace), local: Cow::Borrowed(local) }
    }

    /// A name in the namespace `DAV:`.
    #[must_use]
    pub const fn dav(local: &'static str) -> Self {
        Self::new(DAV, local)
    }

    /// A name that came from a client.
    #[must_use]
    pub fn owned(namespace: &str, local: &str) -> Self {
        let known = PREFIXES.iter().map(|&(_, known)| known).find(|&known| known == namespace);
        Self {
            namespace: known.map_or_else(|| Cow::Owned(namespace.to_owned()), Cow::Borrowed),
            local: Cow::Owned(local.to_owned()),
        }
    }

    /// Whether this is that name.
    #[must_use]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace == namespace
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}", self.namespace, self.local)
    }
}

/// Whether a local part can stand in a document (Namespaces in XML 1.0, 4: `NCName`, seen generously).
#[must_use]
pub fn is_local_name(local: &str) -> bool {
    let clean = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || !c.is_ascii() && !c.is_control();
    let first = |c: char| !c.is_ascii_digit() && !"-.".contains(c);
    local.chars().all(clean) && local.starts_with(first)
}
