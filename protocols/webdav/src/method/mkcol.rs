//! MKCOL (RFC 4918 9.3) and extended MKCOL (RFC 5689).

use super::Method;
use super::create::{Creation, make_collection};
use crate::limits::XML_BYTES_MAX;
use crate::xml::{DAV, Element, Name};
use crate::{Call, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use http::{StatusCode, header};
use http_door::Response;
use model::Error;

/// MKCOL
#[derive(Debug)]
pub(super) struct Mkcol;

#[async_trait]
impl Method for Mkcol {
    fn name(&self) -> &'static str {
        "MKCOL"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_none()
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        let body = read(&mut call).await?;
        let tree = match call.context.resolve(&call.path.parent()).await {
            Ok(parent) => match parent.node {
                Node::Collection(collection) => collection.tree.clone(),
                Node::Home(tree, _) => tree,
                Node::Item(_) => return Err(Refusal::status(StatusCode::CONFLICT)),
                _ => return Err(Refusal::status(StatusCode::FORBIDDEN)),
            },
            Err(Error::NotFound) => return Err(call.context.no_parent(&call.path)),
            Err(error) => return Err(error.into()),
        };
        let wanted = body.as_ref().and_then(resource_type);
        let matches = match &wanted {
            Some(wanted) => is_type(wanted, tree.resource_type()),
            // A plain collection, which only a tree of folders holds.
            None => tree.nested(),
        };
        if !matches {
            return Err(Refusal::forbidden(Name::dav("valid-resourcetype")));
        }
        let creation = Creation { method: self.name(), tree, body, answer: Name::dav("mkcol-response") };
        make_collection(call, creation).await
    }
}

/// RFC 4918 9.3.1: a body that is not understood is refused, not ignored.
async fn read(call: &mut Call) -> Reply<Option<Element>> {
    let octets = call.body.collect(XML_BYTES_MAX).await?;
    if octets.is_empty() {
        return Ok(None);
    }
    let media = call.header(header::CONTENT_TYPE)?.unwrap_or("application/xml");
    if !media.to_ascii_lowercase().contains("xml") {
        return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let body = Element::parse(&octets)?;
    if body.is(DAV, "mkcol") {
        Ok(Some(body))
    } else {
        Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
    }
}

/// The types asked for in `DAV:set`.
fn resource_type(body: &Element) -> Option<Vec<Name>> {
    let sets = body.elements().filter(|set| set.is(DAV, "set"));
    let mut props = sets.flat_map(Element::elements).filter(|prop| prop.is(DAV, "prop"));
    let found = props.find_map(|prop| prop.child(DAV, "resourcetype"))?;
    Some(found.elements().map(|element| element.name.clone()).collect())
}

fn is_type(wanted: &[Name], offered: &[Name]) -> bool {
    wanted.iter().all(|name| offered.contains(name)) && offered.iter().all(|name| wanted.contains(name))
}
