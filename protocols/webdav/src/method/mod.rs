//! Methods: one file each, one line each in [`all`].

mod copy;
mod create;
mod delete;
mod get;
mod lock;
mod mkcol;
mod move_to;
mod options;
mod propfind;
mod proppatch;
mod put;
mod report;
mod transfer;
mod unlock;

pub(crate) use create::not_null;
pub use create::{Creation, make_collection};

use crate::{Call, Node, Reply, Resource};
use async_trait::async_trait;
use http::StatusCode;
use http_door::{Body, Path, Response};
use model::Error;
use std::sync::Arc;
use store::{Committed, Reader};

/// One HTTP method.
#[async_trait]
pub trait Method: Send + Sync + 'static {
    /// As it stands in the request line.
    fn name(&self) -> &'static str;

    /// Whether it may be tried on this resource (`None`: a path where nothing is). Decides between a run and
    /// 405, and what `Allow` tells.
    fn allowed(&self, resource: Option<&Resource>) -> bool;

    /// Does it.
    ///
    /// # Errors
    /// The refusal that becomes the answer.
    async fn run(&self, call: Call) -> Reply<Response>;
}

/// The methods of the core.
pub(crate) fn all() -> Vec<Arc<dyn Method>> {
    vec![
        Arc::new(options::Options),
        Arc::new(get::Get { head: false }),
        Arc::new(get::Get { head: true }),
        Arc::new(put::Put),
        Arc::new(delete::Delete),
        Arc::new(propfind::Propfind),
        Arc::new(proppatch::Proppatch),
        Arc::new(mkcol::Mkcol),
        Arc::new(copy::Copy),
        Arc::new(move_to::Move),
        Arc::new(lock::LockMethod),
        Arc::new(unlock::Unlock),
        Arc::new(report::ReportMethod),
    ]
}

/// An answer without content.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The answer to a change: only what is on stable storage can be told of.
pub(crate) fn done(committed: &Committed<StatusCode>) -> Response {
    empty(**committed)
}

/// Whether a resource is one that users make and remove: an object, or a collection that is no one's root.
pub(crate) fn is_users_own(resource: &Resource) -> bool {
    match &resource.node {
        Node::Item(_) => true,
        // The root of a drive stands for the account itself.
        Node::Collection(collection) => {
            !(collection.tree.nested() && collection.row.parent == model::CollectionId::ROOT)
        }
        _ => false,
    }
}

/// The resource that a path lies in.
///
/// # Errors
/// 409 when there is none (RFC 4918 9.3.1, 9.7.1, 9.8.5).
pub(crate) async fn parent_of(call: &Call, path: &Path, reader: &Reader) -> Reply<Resource> {
    match call.context.resolve_in(&path.parent(), reader).await {
        Ok(parent) if parent.is_collection() => Ok(parent),
        Ok(_) | Err(Error::NotFound) => Err(call.context.no_parent(&call.path)),
        Err(error) => Err(error.into()),
    }
}

/// What stands at a path as a reader or writer sees it; `None` for nothing.
///
/// # Errors
/// 503, 500.
pub(crate) async fn look_up(call: &Call, path: &Path, reader: &Reader) -> Reply<Option<Resource>> {
    match call.context.resolve_in(path, reader).await {
        Ok(resource) => Ok(Some(resource)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
