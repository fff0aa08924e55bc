//! Writes XML straight into octets: no tree, no second copy.

use super::element::{Element, Node};
use super::name::{Name, PREFIXES, XML};
use std::fmt::Write as _;

/// Appends text with the characters escaped that cannot stand in content or in a quoted attribute.
///
/// A carriage return is written as a reference, since a reader turns a bare one into a line feed (XML 1.0
/// 2.11); characters that XML 1.0 cannot hold become U+FFFD.
pub fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    let special = |c: char| c < ' ' && c != '\t' && c != '\n' || "<>&\"\u{fffe}\u{ffff}".contains(c);
    while let Some(at) = rest.find(special) {
        let (clean, tail) = rest.split_at(at);
        out.push_str(clean);
        let mut characters = tail.chars();
        match characters.next() {
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('&') => out.push_str("&amp;"),
            Some('"') => out.push_str("&quot;"),
            Some('\r') => out.push_str("&#13;"),
            _ => out.push('\u{fffd}'),
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// A growing piece of XML.
///
/// Prefixes `D` (DAV), `C` (CalDAV), `CR` (CardDAV), `CS` (calendarserver.org) and `A` (Apple) are declared on
/// the root by [`Writer::root`]; any other namespace is declared where it is used.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: String,
    standalone: bool,
}

impl Writer {
    /// For a piece inside a document whose root has our prefixes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For a piece that declares all it uses.
    #[must_use]
    pub fn standalone() -> Self {
        Self { out: String::new(), standalone: true }
    }

    /// Begins a document: declaration and root element with our prefixes.
    pub fn root(&mut self, name: &Name) {
        self.out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<");
        self.tag(name);
        for (prefix, namespace) in PREFIXES {
            let _ = write!(self.out, " xmlns:{prefix}=\"{namespace}\"");
        }
        self.out.push('>');
    }

    /// `<name>`
    pub fn open(&mut self, name: &Name) {
        self.begin(name);
        self.out.push('>');
    }

    /// `</name>`
    pub fn close(&mut self, name: &Name) {
        self.out.push_str("</");
        self.tag(name);
        self.out.push('>');
    }

    /// `<name/>`
    pub fn empty(&mut self, name: &Name) {
        self.begin(name);
        self.out.push_str("/>");
    }

    /// `<name attribute="value"/>`, for attributes without namespace.
    pub fn empty_with(&mut self, name: &Name, attributes: &[(&str, &str)]) {
        self.begin(name);
        for (attribute, value) in attributes {
            let _ = write!(self.out, " {attribute}=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push_str("/>");
    }

    /// Escaped text.
    pub fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// `<name>text</name>`
    pub fn leaf(&mut self, name: &Name, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// `<D:href>href</D:href>`; the href must be percent-encoded already.
    pub fn href(&mut self, href: &str) {
        self.leaf(&Name::dav("href"), href);
    }

    /// XML made earlier by [`Element::standalone`] or a standalone writer.
    pub fn raw(&mut self, xml: &str) {
        self.out.push_str(xml);
    }

    /// A whole tree.
    pub fn element(&mut self, element: &Element) {
        self.begin(&element.name);
        for (number, (name, value)) in element.attributes.iter().enumerate() {
            match &*name.namespace {
                "" => drop(write!(self.out, " {}=\"", name.local)),
                XML => drop(write!(self.out, " xml:{}=\"", name.local)),
                namespace => {
                    let _ = write!(self.out, " xmlns:a{number}=\"");
                    escape(namespace, &mut self.out);
                    let _ = write!(self.out, "\" a{number}:{}=\"", name.local);
                }
            }
            escape(value, &mut self.out);
            self.out.push('"');
        }
        if element.children.is_empty() {
            self.out.push_str("/>");
            return;
        }
        self.out.push('>');
        for child in &element.children {
            match child {
                Node::Element(child) => self.element(child),
                Node::Text(text) => escape(text, &mut self.out),
            }
        }
        self.close(&element.name);
    }

    /// Octets so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Forgets what was written behind that length (as [`Writer::len`] gave it).
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
    }

    /// What was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.out
    }

    /// What was written.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }

    /// Hands out what was written and begins anew.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn begin(&mut self, name: &Name) {
        self.out.push('<');
        self.tag(name);
        if self.prefix(name).is_none() && !name.namespace.is_empty() {
            self.out.push_str(" xmlns:x=\"");
            escape(&name.namespace, &mut self.out);
            self.out.push('"');
        }
    }

    fn tag(&mut self, name: &Name) {
        if let Some(prefix) = self.prefix(name) {
            self.out.push_str(prefix);
            self.out.push(':');
        } else if !name.namespace.is_empty() {
            self.out.push_str("x:");
        }
        self.out.push_str(&name.local);
    }

    fn prefix(&self, name: &Name) -> Option<&'static str> {
        if self.standalone {
            return None;
        }
        PREFIXES.iter().find(|(_, namespace)| *namespace == name.namespace).map(|(prefix, _)| *prefix)
    }
}
