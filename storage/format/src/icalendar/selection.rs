//! Partial retrieval (RFC 4791 9.6.1 to 9.6.4): the components and properties a client asked for, each line as
//! stored.

use super::component::{Component, Node};

/// What is wanted of one component: CALDAV:comp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The component's name.
    pub name: String,
    /// The properties wanted.
    pub props: Wanted<PropWanted>,
    /// The components wanted inside.
    pub comps: Wanted<Selection>,
}

/// All, or those listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<T> {
    /// Everything.
    All,
    /// Only these.
    Only(Vec<T>),
}

/// CALDAV:prop
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropWanted {
    /// The property's name.
    pub name: String,
    /// `novalue="yes"`: name and parameters without the value.
    pub no_value: bool,
}

impl Selection {
    /// Writes what is wanted of a component of this name.
    pub fn write(&self, component: &Component<'_>, out: &mut Vec<u8>) {
        // RFC 4791 7.8.1 asks for `<C:comp name="VTIMEZONE"/>` and gets all of it.
        let bare = |props: &Wanted<PropWanted>, comps: &Self| match (props, &comps.comps) {
            (Wanted::Only(props), Wanted::Only(comps)) => props.is_empty() && comps.is_empty(),
            _ => false,
        };
        if bare(&self.props, self) {
            out.extend_from_slice(component.raw());
            return;
        }
        out.extend_from_slice(component.begin());
        for node in component.nodes() {
            match node {
                Node::Line(line) => write_prop(&self.props, line, out),
                Node::Component(inner) => match &self.comps {
                    Wanted::All => out.extend_from_slice(inner.raw()),
                    Wanted::Only(comps) => {
                        if let Some(wanted) = comps.iter().find(|comp| inner.is(&comp.name)) {
                            wanted.write(inner, out);
                        }
                    }
                },
            }
        }
        out.extend_from_slice(component.end());
    }
}

/// Writes a line when it is wanted.
pub(crate) fn write_prop(props: &Wanted<PropWanted>, line: &super::line::Line<'_>, out: &mut Vec<u8>) {
    let wanted = match props {
        Wanted::All => Some(false),
        Wanted::Only(props) => props.iter().find(|prop| line.is(&prop.name)).map(|prop| prop.no_value),
    };
    match wanted {
        Some(false) => out.extend_from_slice(line.raw()),
        Some(true) => super::line::write_line(out, line.head()),
        None => {}
    }
}

#[cfg(test)]
mod tests;
