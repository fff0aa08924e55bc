//! DELETE (RFC 4918 9.6): an object, or a collection with all below it, in one commit.

use super::{Method, done, is_users_own, look_up, parent_of};
use crate::condition::LockCheck;
use crate::kinds::Members;
use crate::{Call, Conditions, Depth, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use http::StatusCode;
use http_door::Response;
use model::{Error, Rights};
use store::Writer;

/// DELETE
#[derive(Debug)]
pub(super) struct Delete;

#[async_trait]
impl Method for Delete {
    fn name(&self) -> &'static str {
        "DELETE"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some_and(is_users_own)
    }

    async fn run(&self, call: Call) -> Reply<Response> {
        let resource = call.found()?;
        // RFC 4918 9.6.1: a collection goes with all below it or not at all.
        if resource.is_collection() && !matches!(call.depth()?, None | Some(Depth::Infinity)) {
            return Err(Refusal::bad_request());
        }
        let conditions = Conditions::parse(&call.headers)?;
        let owner = resource.owner().ok_or(Error::NotFound)?.id;
        let mut writer = call.context.writer(owner).await?;
        let resource = look_up(&call, &call.path, &writer).await?.ok_or(Error::NotFound)?;
        conditions.hold(&call.context, &writer, (&call.path, Some(&resource)), false).await?;
        let locks = LockCheck::new(&writer, &conditions).await?;
        may_remove(&call, &writer, &locks, &resource).await?;
        remove(&mut writer, &resource).await?;
        let committed = writer.commit(StatusCode::NO_CONTENT).await?;
        Ok(done(&committed))
    }
}

/// Locks on the resource, on everything below it, and on its parent's membership.
pub(super) async fn may_remove(
    call: &Call,
    writer: &Writer,
    locks: &LockCheck,
    resource: &Resource,
) -> Reply<()> {
    locks.resource(writer, resource, true).await?;
    let parent = parent_of(call, &resource.path, writer).await?;
    locks.membership(writer, &parent).await
}

/// Removes a resource inside the turn.
pub(super) async fn remove(writer: &mut Writer, resource: &Resource) -> Reply<()> {
    match &resource.node {
        Node::Item(item) => {
            let collection = &item.collection;
            collection.tree.remove(writer, collection.id, &item.name).await
        }
        Node::Collection(collection) => {
            let kind = collection.row.kind;
            let members = Members::open(writer, kind, collection.id, Rights::REMOVE).await?;
            Ok(members.remove(writer).await?)
        }
        _ => Err(Error::Forbidden(Rights::REMOVE).into()),
    }
}
