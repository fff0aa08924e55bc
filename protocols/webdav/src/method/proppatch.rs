//! PROPPATCH (RFC 4918 9.2): atomic, in document order.

use super::{Method, empty, look_up};
use crate::condition::LockCheck;
use crate::kinds::Members;
use crate::property::change::{ChangeTarget, Outcome, apply, read};
use crate::reply::XML_TYPE;
use crate::xml::{DAV, Name, Writer};
use crate::{Call, Conditions, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use bytes::Bytes;
use http::{StatusCode, header};
use http_door::{Body, Response};
use model::{Error, Rights};
use store::Writer as StoreWriter;

/// PROPPATCH
#[derive(Debug)]
pub(super) struct Proppatch;

#[async_trait]
impl Method for Proppatch {
    fn name(&self) -> &'static str {
        "PROPPATCH"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some()
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        let conditions = Conditions::parse(&call.headers)?;
        let body = call.xml().await?.ok_or_else(Refusal::bad_request)?;
        if !body.is(DAV, "propertyupdate") {
            return Err(Refusal::bad_request());
        }
        let changes = read(&body)?;
        let found = call.found()?;
        // RFC 4918 9.2: every resource has PROPPATCH; Apple's clients try it on homes and principals.
        if found.collection().is_none() {
            return Ok(answer(found, &Outcome::refused(&changes)));
        }
        let owner = found.owner().ok_or(Error::NotFound)?.id;
        let mut writer = call.context.writer(owner).await?;
        let resource = look_up(&call, &call.path, &writer).await?.ok_or(Error::NotFound)?;
        conditions.hold(&call.context, &writer, (&call.path, Some(&resource)), false).await?;
        let locks = LockCheck::new(&writer, &conditions).await?;
        locks.resource(&writer, &resource, false).await?;

        let node = resource.collection().ok_or(Error::NotFound)?;
        let members = Members::open(&writer, node.row.kind, node.id, Rights::LOOKUP).await?;
        let mut properties = current(&writer, &members, &resource).await?;
        let target = ChangeTarget {
            tree: Some(&*node.tree),
            is_collection: resource.is_collection(),
            creating: false,
        };
        let outcome = apply(&call.context.registry, target, &changes, &mut properties);
        if !outcome.is_good() {
            return Ok(answer(&resource, &outcome));
        }
        match &resource.node {
            Node::Item(item) => {
                members.need(Rights::WRITE)?;
                members.set_properties(&mut writer, &item.name, &properties).await.map(drop)?;
            }
            _ => members.change(&mut writer, |row| row.properties = properties).await?,
        }
        let committed = writer.commit(outcome).await?;
        // RFC 8144 2.1: with everything done and little wanted, nothing needs to be told.
        if call.context.minimal() {
            return Ok(empty(StatusCode::OK));
        }
        Ok(answer(&resource, &committed))
    }
}

async fn current(
    writer: &StoreWriter,
    members: &Members,
    resource: &Resource,
) -> Reply<std::collections::BTreeMap<String, String>> {
    match resource.item() {
        None => Ok(members.row().properties.clone()),
        Some(item) => Ok(members.properties(writer, &[item.row.item]).await?.pop().unwrap_or_default()),
    }
}

fn answer(resource: &Resource, outcome: &Outcome) -> Response {
    const MULTISTATUS: Name = Name::dav("multistatus");
    const RESPONSE: Name = Name::dav("response");
    let mut out = Writer::new();
    out.root(&MULTISTATUS);
    out.open(&RESPONSE);
    out.href(&resource.href());
    outcome.write(&mut out);
    out.close(&RESPONSE);
    out.close(&MULTISTATUS);
    let mut response = Response::new(Body::from_bytes(Bytes::from(out.into_string())));
    *response.status_mut() = StatusCode::MULTI_STATUS;
    response.headers_mut().insert(header::CONTENT_TYPE, XML_TYPE);
    response
}
