//! Making a collection with its first properties: MKCOL, extended MKCOL and MKCALENDAR.

use super::{look_up, parent_of};
use crate::condition::LockCheck;
use crate::property::change::{Change, ChangeTarget, Outcome, apply, read};
use crate::reply::XML_TYPE;
use crate::xml::{DAV, Element, Name, Writer};
use crate::{Call, Conditions, Node, Refusal, Reply, Tree};
use bytes::Bytes;
use http::{StatusCode, header};
use http_door::{Body, Response};
use model::{CollectionId, Error};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A collection to be made at a call's path.
pub struct Creation {
    /// The method that makes it.
    pub method: &'static str,
    /// What kind of tree it shall be part of; the path must lie in it.
    pub tree: Arc<dyn Tree>,
    /// The request's body with its `DAV:set`, if it has one.
    pub body: Option<Element>,
    /// The root of the answer when a property cannot be set: `DAV:mkcol-response`, `mkcalendar-response`.
    pub answer: Name,
}

/// No collection is made where something is: `resource-must-be-null` (RFC 4791 5.3.1.1, RFC 5689 3).
pub(crate) fn not_null(method: &str) -> Refusal {
    let name = Name::dav("resource-must-be-null");
    // RFC 4791 1.3 allows 403 and 409 for a failed precondition, RFC 4918 9.3.1 wants 405 from MKCOL.
    if method == "MKCALENDAR" {
        Refusal::forbidden(name)
    } else {
        Refusal::condition(StatusCode::METHOD_NOT_ALLOWED, name)
    }
}

/// Makes the collection, all its properties or nothing.
///
/// # Errors
/// 405 or 403 when something is there, 409 without a parent, 403 in a place where no such collection can be; what
/// conditions and locks refuse.
pub async fn make_collection(call: Call, creation: Creation) -> Reply<Response> {
    let conditions = Conditions::parse(&call.headers)?;
    let parent = match call.context.resolve(&call.path.parent()).await {
        Ok(parent) => parent,
        Err(Error::NotFound) => return Err(call.context.no_parent(&call.path)),
        Err(error) => return Err(error.into()),
    };
    let owner = parent.owner().ok_or_else(|| Refusal::status(StatusCode::FORBIDDEN))?.id;
    let mut writer = call.context.writer(owner).await?;
    let current = look_up(&call, &call.path, &writer).await?;
    conditions.hold(&call.context, &writer, (&call.path, current.as_ref()), false).await?;
    if current.is_some() {
        return Err(not_null(creation.method));
    }
    let parent = parent_of(&call, &call.path, &writer).await?;
    let place = match &parent.node {
        Node::Collection(node) if node.tree.nested() && node.row.kind == creation.tree.kind() => node.id,
        Node::Home(tree, _) if tree.kind() == creation.tree.kind() => CollectionId::ROOT,
        // Calendars and books hold no collections.
        _ => return Err(Refusal::status(StatusCode::FORBIDDEN)),
    };
    LockCheck::new(&writer, &conditions).await?.membership(&writer, &parent).await?;
    let mut changes = creation.body.as_ref().map(read).transpose()?.unwrap_or_default();
    changes.retain(|change: &Change| !change.name.is(DAV, "resourcetype"));
    let mut properties = BTreeMap::new();
    let target = ChangeTarget { tree: Some(&*creation.tree), is_collection: true, creating: true };
    let outcome = apply(&call.context.registry, target, &changes, &mut properties);
    if !outcome.is_good() {
        return Ok(failed(&creation.answer, &outcome));
    }
    let name = call.path.last().ok_or_else(Refusal::bad_request)?;
    creation.tree.create(&mut writer, place, name, properties).await?;
    let committed = writer.commit(StatusCode::CREATED).await?;
    let mut response = super::done(&committed);
    response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// RFC 5689 3: what could not be set, and what was not for that reason.
fn failed(answer: &Name, outcome: &Outcome) -> Response {
    let mut out = Writer::new();
    out.root(answer);
    outcome.write(&mut out);
    out.close(answer);
    let mut response = Response::new(Body::from_bytes(Bytes::from(out.into_string())));
    *response.status_mut() = StatusCode::FAILED_DEPENDENCY;
    response.headers_mut().insert(header::CONTENT_TYPE, XML_TYPE);
    response
}
