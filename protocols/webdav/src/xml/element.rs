//! A request body as a tree, read under limits.

use super::name::{Name, XML, is_local_name};
use super::write::Writer;
use crate::limits::{
    XML_ATTRIBUTE_COUNT_MAX, XML_BYTES_MAX, XML_DEPTH_MAX, XML_ELEMENT_COUNT_MAX, XML_NAMESPACE_COUNT_MAX,
};
use model::{Error, Result};
use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::ResolveResult;

const MALFORMED: Error = Error::Invalid("XML is not well formed");

/// What stands inside an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Text, entities and CDATA resolved, white space kept.
    Text(String),
}

/// An element with all below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its expanded name.
    pub name: Name,
    /// Its attributes in document order, namespace declarations left out.
    pub attributes: Vec<(Name, String)>,
    /// Its content in document order.
    pub children: Vec<Node>,
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new() }
    }

    /// Reads a whole document.
    ///
    /// # Errors
    /// `Invalid` for what is no UTF-8, not well formed, or has a DTD; `TooLarge` past a limit.
    pub fn parse(body: &[u8]) -> Result<Self> {
        if body.len() as u64 > XML_BYTES_MAX {
            return Err(Error::TooLarge(XML_BYTES_MAX));
        }
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let text = std::str::from_utf8(body).map_err(|_| Error::Invalid("XML is not UTF-8"))?;
        Parser::new(text).document()
    }

    /// Whether it has that name.
    #[must_use]
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.name.is(namespace, local)
    }

    /// The child elements.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of that name.
    #[must_use]
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Self> {
        self.elements().find(|element| element.is(namespace, local))
    }

    /// The text directly inside, concatenated, as it stands.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// The value of an attribute without namespace.
    #[must_use]
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name.is("", local)).map(|(_, value)| value.as_str())
    }

    /// Its `xml:lang`, if it has one itself.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name.is(XML, "lang")).map(|(_, value)| value.as_str())
    }

    /// The element with all below it as octets that mean the same wherever they are put: every namespace is
    /// declared inside.
    #[must_use]
    pub fn standalone(&self) -> String {
        let mut out = Writer::standalone();
        out.element(self);
        out.into_string()
    }
}

struct Parser<'a> {
    reader: NsReader<&'a [u8]>,
    stack: Vec<Element>,
    element_count: usize,
    text_seen: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.resolver_mut().set_max_namespace_bindings(XML_NAMESPACE_COUNT_MAX);
        Self { reader, stack: Vec::new(), element_count: 0, text_seen: false }
    }

    fn document(mut self) -> Result<Element> {
        let mut root = None;
        loop {
            let event = self.reader.read_event().map_err(|_| MALFORMED)?;
            match event {
                Event::Start(start) if root.is_none() => self.start(&start)?,
                Event::End(_) => {
                    let done = self.stack.pop().ok_or(MALFORMED)?;
                    match self.stack.last_mut() {
                        Some(parent) => parent.children.push(Node::Element(done)),
                        None => root = Some(done),
                    }
                }
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(data) => self.text(&data.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let resolved = resolve(&reference)?;
                    self.text(resolved.encode_utf8(&mut [0; 4]))?;
                }
                // RFC 4918 20.6: entities are a way to make a small body large; nothing here needs a DTD.
                Event::DocType(_) => return Err(Error::Invalid("XML with a DTD is refused")),
                Event::Decl(declaration) => encoding(&declaration)?,
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
                _ => return Err(MALFORMED),
            }
        }
        if self.text_seen || !self.stack.is_empty() {
            return Err(MALFORMED);
        }
        root.ok_or(MALFORMED)
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<()> {
        self.element_count += 1;
        if self.element_count > XML_ELEMENT_COUNT_MAX {
            return Err(Error::TooLarge(XML_ELEMENT_COUNT_MAX as u64));
        }
        if self.stack.len() >= XML_DEPTH_MAX {
            return Err(Error::TooLarge(XML_DEPTH_MAX as u64));
        }
        let (space, local) = self.reader.resolver().resolve_element(start.name());
        let mut element = Element::new(expanded(&space, local.as_ref())?);
        for (count, attribute) in start.attributes().enumerate() {
            if count >= XML_ATTRIBUTE_COUNT_MAX {
                return Err(Error::TooLarge(XML_ATTRIBUTE_COUNT_MAX as u64));
            }
            let attribute = attribute.map_err(|_| MALFORMED)?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (space, local) = self.reader.resolver().resolve_attribute(attribute.key);
            let name = expanded(&space, local.as_ref())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| MALFORMED)?;
            legal(&value)?;
            element.attributes.push((name, value.into_owned()));
        }
        self.stack.push(element);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<()> {
        legal(text)?;
        match self.stack.last_mut() {
            Some(element) => match element.children.last_mut() {
                Some(Node::Text(before)) => before.push_str(text),
                _ => element.children.push(Node::Text(text.to_owned())),
            },
            None => self.text_seen |= !text.trim().is_empty(),
        }
        Ok(())
    }
}

fn expanded(space: &ResolveResult<'_>, local: &str) -> Result<Name> {
    let namespace = match space {
        ResolveResult::Bound(namespace) => namespace.as_ref(),
        ResolveResult::Unbound => "",
        ResolveResult::Unknown(_) => return Err(MALFORMED),
    };
    // What is no NCName could not be written back.
    if !is_local_name(local) {
        return Err(MALFORMED);
    }
    Ok(Name::owned(namespace, local))
}

/// The body was read as UTF-8; a declaration of anything else makes it a contradiction.
fn encoding(declaration: &BytesDecl<'_>) -> Result<()> {
    let Some(encoding) = declaration.encoding() else { return Ok(()) };
    let encoding = encoding.map_err(|_| MALFORMED)?;
    let known = ["utf-8", "utf8", "us-ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known));
    if known { Ok(()) } else { Err(Error::Invalid("XML is not UTF-8")) }
}

/// XML 1.0 2.2: control characters cannot stand in a document, not even as references.
fn legal(text: &str) -> Result<()> {
    let bad = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(bad) { Err(MALFORMED) } else { Ok(()) }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<char> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| MALFORMED)? {
        return Ok(character);
    }
    match reference.as_ref() {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(MALFORMED),
    }
}
