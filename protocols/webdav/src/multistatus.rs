//! Multistatus answers (RFC 4918 13), written as they go out: a listing of any size takes the memory of one
//! page, and its first octets leave before its last are known.

use crate::kinds::Members;
use crate::limits::{BODY_PAGE_COUNT, LISTING_PAGE_COUNT, LISTING_TIME_MAX, STREAM_CHUNK_BYTES};
use crate::lock::{Lock, Place};
use crate::property::{Needs, Plan, View};
use crate::reply::XML_TYPE;
use crate::xml::{Element, Name, Writer};
use crate::{Context, Node, Refusal, Reply, Resource};
use bytes::Bytes;
use futures_util::stream;
use http::{StatusCode, header};
use http_door::{Body, Response};
use model::{AccountId, Error, Result, Rights};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use store::Properties;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

const MULTISTATUS: Name = Name::dav("multistatus");
const RESPONSE: Name = Name::dav("response");

/// A resource to be told of, with its octets when they are at hand.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The resource.
    pub resource: Resource,
    /// Its octets, if the caller has read them; they are loaded when the plan needs them.
    pub body: Option<Bytes>,
}

impl From<Resource> for Entry {
    fn from(resource: Resource) -> Self {
        Self { resource, body: None }
    }
}

/// A multistatus on its way.
#[derive(Debug)]
pub struct Multistatus {
    out: Writer,
    begun: bool,
    sender: mpsc::Sender<Bytes>,
    locks: HashMap<AccountId, Arc<Vec<Lock>>>,
}

/// `HTTP/1.1 200 OK`
pub(crate) fn status_line(status: StatusCode) -> String {
    format!("HTTP/1.1 {} {}", status.as_u16(), status.canonical_reason().unwrap_or("Unknown"))
}

impl Multistatus {
    fn new(sender: mpsc::Sender<Bytes>) -> Self {
        Self { out: Writer::new(), begun: false, sender, locks: HashMap::new() }
    }

    /// Begins the answer; done by itself with the first response.
    pub fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.out.root(&MULTISTATUS);
        }
    }

    /// One resource with what the plan asks of it.
    ///
    /// # Errors
    /// As [`Multistatus::entries`].
    pub async fn resource(&mut self, context: &Context, plan: &Plan, resource: Resource) -> Result<()> {
        self.entries(context, plan, vec![resource.into()]).await
    }

    /// Resources with what the plan asks of each; octets, locks and dead properties are loaded by the page.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt` from the store; `Unavailable` when the client has gone.
    pub async fn entries(&mut self, context: &Context, plan: &Plan, entries: Vec<Entry>) -> Result<()> {
        self.begin();
        let needs = plan.needs();
        let page_count = if needs.contains(Needs::BODY) { BODY_PAGE_COUNT } else { LISTING_PAGE_COUNT };
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let mut page: Vec<_> = entries.by_ref().take(page_count).collect();
            if needs.contains(Needs::BODY) {
                load_bodies(context, &mut page).await?;
            }
            for entry in &page {
                self.entry(context, plan, entry).await?;
                self.breathe().await?;
            }
        }
        Ok(())
    }

    async fn entry(&mut self, context: &Context, plan: &Plan, entry: &Entry) -> Result<()> {
        let resource = &entry.resource;
        let locks = if plan.needs().contains(Needs::LOCKS) {
            self.locks_on(context, resource).await?
        } else {
            Vec::new()
        };
        let dead = if plan.needs().contains(Needs::STORED) {
            dead_properties(context, resource).await?
        } else {
            None
        };
        let empty = Element::new(Name::dav("prop"));
        let view = View {
            context,
            resource,
            asked: &empty,
            body: entry.body.as_ref(),
            locks: &locks,
            dead: dead.as_ref(),
        };
        self.out.open(&RESPONSE);
        self.out.href(&resource.href());
        plan.write(view, &mut self.out);
        self.out.close(&RESPONSE);
        Ok(())
    }

    async fn locks_on(&mut self, context: &Context, resource: &Resource) -> Result<Vec<Lock>> {
        let Some(owner) = resource.collection().map(|collection| collection.owner.id) else {
            return Ok(Vec::new());
        };
        let all = match self.locks.get(&owner) {
            Some(known) => known.clone(),
            None => {
                let loaded = Arc::new(context.locks(owner).await?);
                self.locks.insert(owner, loaded.clone());
                loaded
            }
        };
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let reader = context.reader(owner).await?;
        let Some(place) = Place::of(&reader, resource).await? else { return Ok(Vec::new()) };
        Ok(all.iter().filter(|lock| place.covered_by(lock)).cloned().collect())
    }

    /// A resource with a status instead of properties, and the refusal's condition if it has one.
    pub fn status(&mut self, href: &str, refusal: &Refusal) {
        self.begin();
        self.out.open(&RESPONSE);
        self.out.href(href);
        self.out.leaf(&Name::dav("status"), &status_line(refusal.status));
        refusal.write(&mut self.out);
        self.out.close(&RESPONSE);
    }

    /// Lets the caller write into the multistatus itself: a response of its own make, or a `sync-token`.
    pub fn write(&mut self, write: impl FnOnce(&mut Writer)) {
        self.begin();
        write(&mut self.out);
    }

    /// Sends what has gathered, if it is worth it. To be called between pages.
    ///
    /// # Errors
    /// `Unavailable` when the client has gone.
    pub async fn breathe(&mut self) -> Result<()> {
        if self.out.len() < STREAM_CHUNK_BYTES {
            return Ok(());
        }
        let chunk = Bytes::from(self.out.take());
        self.sender.send(chunk).await.map_err(|_| Error::Unavailable)
    }

    fn finish(mut self) -> Bytes {
        self.begin();
        self.out.close(&MULTISTATUS);
        Bytes::from(self.out.into_string())
    }
}

/// Gives entries of one account their octets.
pub(crate) async fn load_bodies(context: &Context, page: &mut [Entry]) -> Result<()> {
    let wanted = |entry: &Entry| {
        let item = entry.resource.item().filter(|_| entry.body.is_none())?;
        Some((item.collection.owner.id, item.row.item))
    };
    let Some((account, _)) = page.iter().find_map(wanted) else { return Ok(()) };
    let items: Vec<_> = page.iter().filter_map(wanted).filter(|(owner, _)| *owner == account).collect();
    let reader = context.reader(account).await?;
    let items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
    let bodies = reader.object_bodies(&items).await?;
    let mut bodies = bodies.into_iter();
    for entry in page {
        if wanted(entry).is_some_and(|(owner, _)| owner == account)
            && let Some(body) = bodies.next()
        {
            entry.body = Some(context.store().body(&body, 0..body.size).collect().await?);
        }
    }
    Ok(())
}

async fn dead_properties(context: &Context, resource: &Resource) -> Result<Option<Properties>> {
    let Node::Item(item) = &resource.node else { return Ok(None) };
    if !item.row.has_properties {
        return Ok(None);
    }
    let node = &item.collection;
    let reader = context.reader(node.owner.id).await?;
    let members = Members::open(&reader, node.row.kind, node.id, Rights::READ).await?;
    Ok(members.properties(&reader, &[item.row.item]).await?.pop())
}

type Work = Pin<Box<dyn Future<Output = Reply<(Option<Response>, Multistatus)>> + Send>>;

/// Runs what writes a multistatus. What stays small is answered whole; what grows is streamed, the rest of the
/// work being done while the client takes what it has.
///
/// # Errors
/// What the work refuses before anything has gone out.
pub(crate) async fn drive<F, Fut>(work: F) -> Reply<Response>
where
    F: FnOnce(Multistatus) -> Fut,
    Fut: Future<Output = Reply<(Option<Response>, Multistatus)>> + Send + 'static,
{
    let until = Instant::now() + LISTING_TIME_MAX;
    let (sender, mut receiver) = mpsc::channel(1);
    let mut work: Work = Box::pin(work(Multistatus::new(sender)));
    let first = tokio::select! {
        biased;
        done = &mut work => {
            let (response, out) = done?;
            let mut whole = Vec::new();
            while let Ok(chunk) = receiver.try_recv() {
                whole.extend_from_slice(&chunk);
            }
            return Ok(response.unwrap_or_else(|| {
                whole.extend_from_slice(&out.finish());
                answer(Body::from_bytes(Bytes::from(whole)))
            }));
        }
        Some(first) = receiver.recv() => first,
    };
    let state = Streaming { first: Some(first), work: Some(work), receiver, until };
    Ok(answer(Body::stream(stream::unfold(state, Streaming::next), None)))
}

fn answer(body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::MULTI_STATUS;
    response.headers_mut().insert(header::CONTENT_TYPE, XML_TYPE);
    response
}

struct Streaming {
    first: Option<Bytes>,
    work: Option<Work>,
    receiver: mpsc::Receiver<Bytes>,
    /// When the work is given up with its snapshots.
    until: Instant,
}

impl Streaming {
    async fn next(mut self) -> Option<(Result<Bytes>, Self)> {
        if let Some(first) = self.first.take() {
            return Some((Ok(first), self));
        }
        let Some(work) = &mut self.work else { return None };
        tokio::select! {
            biased;
            () = sleep_until(self.until) => {
                self.work = None;
                tracing::warn!("a multistatus broke off: it was taken too slowly");
                Some((Err(Error::Unavailable), self))
            }
            Some(chunk) = self.receiver.recv() => Some((Ok(chunk), self)),
            done = work => {
                self.work = None;
                match done {
                    Ok((_, out)) => {
                        let mut rest = Vec::new();
                        while let Ok(chunk) = self.receiver.try_recv() {
                            rest.extend_from_slice(&chunk);
                        }
                        rest.extend_from_slice(&out.finish());
                        Some((Ok(Bytes::from(rest)), self))
                    }
                    Err(refusal) => {
                        tracing::warn!(status = %refusal.status, "a multistatus broke off");
                        Some((Err(Error::Unavailable), self))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
