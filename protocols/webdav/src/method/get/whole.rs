//! A collection as one file: the objects are read by the page while the client takes what it has.

use super::accept;
use crate::limits::LISTING_TIME_MAX;
use crate::report::{Walk, page_of, with_bodies};
use crate::{Call, CollectionNode, Conditions, Context, Gather, Reply, Resource};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use http_door::{Body, Response};
use model::{Error, Result, Rights};
use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;
use tokio::time::Instant;

/// What goes out, as far as it has gone.
struct Whole {
    context: Arc<Context>,
    walk: Walk,
    gather: Box<dyn Gather>,
    /// Objects whose turn it is.
    page: Peekable<IntoIter<Resource>>,
    begun: bool,
    done: bool,
    /// When the work is given up with its snapshot.
    until: Instant,
}

/// Answers with all objects of a collection.
pub(super) async fn answer(
    call: &Call,
    resource: &Resource,
    node: &CollectionNode,
    head: bool,
) -> Reply<Response> {
    if !node.rights.contains(Rights::READ) {
        return Err(Error::Forbidden(Rights::READ).into());
    }
    let gather = node.tree.gather(&node.row, &accept(&call.headers)).ok_or(Error::NotFound)?;
    let reader = call.context.reader(node.owner.id).await?;
    let conditions = Conditions::parse(&call.headers)?;
    conditions.hold(&call.context, &reader, (&call.path, Some(resource)), true).await?;
    let content_type = HeaderValue::from_static(gather.content_type());
    let walk = Walk::of(&call.context, resource).await?;
    let whole = Whole {
        context: Arc::clone(&call.context),
        walk,
        gather,
        page: Vec::new().into_iter().peekable(),
        begun: false,
        done: false,
        until: Instant::now() + LISTING_TIME_MAX,
    };
    let body = if head { Body::empty() } else { Body::stream(stream::unfold(whole, Whole::next), None) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // A browser that somebody opens it with keeps it as a file.
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

impl Whole {
    async fn next(mut self) -> Option<(Result<Bytes>, Self)> {
        if self.done {
            return None;
        }
        let piece = if Instant::now() < self.until { self.piece().await } else { Err(Error::Unavailable) };
        self.done |= piece.is_err();
        if piece.is_err() {
            tracing::warn!("a collection that was read as one file broke off");
        }
        Some((piece.map(Bytes::from), self))
    }

    /// The next octets.
    async fn piece(&mut self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.begun, true) {
            self.gather.begin(&mut out);
        }
        while out.is_empty() {
            if self.page.peek().is_none() {
                self.page = self.walk.next(&self.context, |_| true).await?.into_iter().peekable();
            }
            let some = page_of(&mut self.page);
            if some.is_empty() {
                self.gather.end(&mut out);
                self.done = true;
                break;
            }
            for entry in with_bodies(&self.context, some).await? {
                if let Some(body) = entry.body {
                    self.gather.add(&body, &mut out);
                }
            }
        }
        Ok(out)
    }
}
