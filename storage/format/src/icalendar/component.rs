//! The bounded tree of components (RFC 5545 3.6) over the content lines of a stream.
//!
//! The tree borrows from the stream: every node knows its raw octets, so that writing a component back writes
//! what was sent.

use super::limits::{DEPTH_MAX, LINE_COUNT_MAX, NAME_BYTES_MAX};
use super::line::{Line, Lines};
use model::{Error, Result};

/// What a component holds, in the order it was sent.
#[derive(Clone, Debug)]
pub enum Node<'a> {
    /// A property.
    Line(Line<'a>),
    /// A component inside.
    Component(Component<'a>),
}

/// One component: `BEGIN:X` to `END:X`.
#[derive(Clone, Debug)]
pub struct Component<'a> {
    name: String,
    source: &'a [u8],
    begin: &'a [u8],
    end: &'a [u8],
    nodes: Vec<Node<'a>>,
}

impl<'a> Component<'a> {
    /// The name in upper case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is called that; names are compared without case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The octets as sent, from BEGIN to END.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.source
    }

    /// The octets of the BEGIN line.
    #[must_use]
    pub fn begin(&self) -> &'a [u8] {
        self.begin
    }

    /// The octets of the END line.
    #[must_use]
    pub fn end(&self) -> &'a [u8] {
        self.end
    }

    /// Everything inside, in order.
    #[must_use]
    pub fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// The properties, in order.
    pub fn lines(&self) -> impl Iterator<Item = &Line<'a>> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Line(line) => Some(line),
            Node::Component(_) => None,
        })
    }

    /// The components inside, in order.
    pub fn components(&self) -> impl Iterator<Item = &Component<'a>> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Component(component) => Some(component),
            Node::Line(_) => None,
        })
    }

    /// The properties of this name.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Line<'a>> {
        self.lines().filter(move |line| line.is(name))
    }

    /// The first property of this name.
    #[must_use]
    pub fn line(&self, name: &str) -> Option<&Line<'a>> {
        self.lines().find(|line| line.is(name))
    }
}

/// A component that is still open.
struct Open<'a> {
    name: String,
    from: usize,
    begin: &'a [u8],
    nodes: Vec<Node<'a>>,
}

/// Reads every top component of a stream. Lines outside components are passed over when they are content
/// lines of no meaning there; see the errors.
///
/// # Errors
/// `Invalid` when BEGIN and END do not match, a line is no content line, or something else than components
/// stands at the top; `TooLarge` past a limit of [`super::limits`].
pub fn parse_stream<'a>(octets: &'a [u8], lines: Lines<'a>) -> Result<Vec<Component<'a>>> {
    let mut done = Vec::new();
    let mut open: Vec<Open<'a>> = Vec::new();
    let mut lines = lines;
    let mut count = 0usize;
    while let Some(line) = lines.next().transpose()? {
        count = count.saturating_add(1);
        if count > LINE_COUNT_MAX {
            return Err(Error::TooLarge(LINE_COUNT_MAX as u64));
        }
        if line.name().len() > NAME_BYTES_MAX {
            return Err(Error::TooLarge(NAME_BYTES_MAX as u64));
        }
        let until = octets.len().saturating_sub(lines.rest().len());
        if line.is("BEGIN") {
            if open.len() >= DEPTH_MAX {
                return Err(Error::TooLarge(DEPTH_MAX as u64));
            }
            let name = line.value().trim().to_ascii_uppercase();
            let from = until.saturating_sub(line.raw().len());
            open.push(Open { name, from, begin: line.raw(), nodes: Vec::new() });
        } else if line.is("END") {
            let Some(last) = open.pop() else { return Err(Error::Invalid("END without BEGIN")) };
            if !line.value().trim().eq_ignore_ascii_case(&last.name) {
                return Err(Error::Invalid("END does not match BEGIN"));
            }
            let source = octets.get(last.from..until).unwrap_or_default();
            let component =
                Component { name: last.name, source, begin: last.begin, end: line.raw(), nodes: last.nodes };
            match open.last_mut() {
                Some(parent) => parent.nodes.push(Node::Component(component)),
                None => done.push(component),
            }
        } else if line.name().is_empty() {
            return Err(Error::Invalid("a line is not a content line"));
        } else {
            match open.last_mut() {
                Some(parent) => parent.nodes.push(Node::Line(line)),
                None => return Err(Error::Invalid("a property stands outside of all components")),
            }
        }
    }
    if open.is_empty() { Ok(done) } else { Err(Error::Invalid("BEGIN without END")) }
}

#[cfg(test)]
mod tests;
