//! LOCK (RFC 4918 9.10): new locks, on what is there or will be, and refreshes.

use super::{Method, empty, look_up, parent_of};
use crate::condition::LockCheck;
use crate::limits::{LOCK_OWNER_BYTES_MAX, LOCK_TIMEOUT_SECONDS_DEFAULT, LOCK_TIMEOUT_SECONDS_MAX};
use crate::lock::{Lock, Place};
use crate::property::write_locks;
use crate::reply::XML_TYPE;
use crate::tree::Incoming;
use crate::xml::{DAV, Element, Name, Writer};
use crate::{Call, Conditions, Depth, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_door::{Body, Response};
use model::{Error, Rights, Timestamp};
use store::Writer as StoreWriter;

/// LOCK
#[derive(Debug)]
pub(super) struct LockMethod;

/// What a client wants.
struct Wish {
    shared: bool,
    infinite: bool,
    owner: String,
    timeout_seconds: u64,
}

#[async_trait]
impl Method for LockMethod {
    fn name(&self) -> &'static str {
        "LOCK"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_none_or(|resource| resource.collection().is_some())
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        let conditions = Conditions::parse(&call.headers)?;
        let timeout_seconds = timeout(call.header(HeaderName::from_static("timeout"))?);
        match call.xml().await? {
            None => refresh(&call, &conditions, timeout_seconds).await,
            Some(body) => {
                // RFC 4918 9.10.3: no Depth means infinity.
                let infinite = match call.depth()? {
                    None | Some(Depth::Infinity) => true,
                    Some(Depth::Zero) => false,
                    Some(Depth::One) => return Err(Refusal::bad_request()),
                };
                let (shared, owner) = lock_info(&body)?;
                take(&call, &conditions, Wish { shared, infinite, owner, timeout_seconds }).await
            }
        }
    }
}

fn lock_info(body: &Element) -> Reply<(bool, String)> {
    let scope = body.child(DAV, "lockscope").filter(|_| body.is(DAV, "lockinfo"));
    let scope = scope.ok_or_else(Refusal::bad_request)?;
    let shared = match (scope.child(DAV, "exclusive"), scope.child(DAV, "shared")) {
        (Some(_), None) => false,
        (None, Some(_)) => true,
        _ => return Err(Refusal::bad_request()),
    };
    if body.child(DAV, "locktype").and_then(|kind| kind.child(DAV, "write")).is_none() {
        return Err(Refusal::status(StatusCode::UNPROCESSABLE_ENTITY));
    }
    let owner = body.child(DAV, "owner").map(Element::standalone).unwrap_or_default();
    if owner.len() > LOCK_OWNER_BYTES_MAX {
        return Err(Error::TooLarge(LOCK_OWNER_BYTES_MAX as u64).into());
    }
    Ok((shared, owner))
}

/// RFC 4918 10.7: the first of the client's wishes that is understood, within our limit.
fn timeout(text: Option<&str>) -> u64 {
    let wishes = text.unwrap_or_default().split(',').map(str::trim);
    let mut seconds = wishes.filter_map(|wish| {
        if wish.eq_ignore_ascii_case("infinite") {
            return Some(LOCK_TIMEOUT_SECONDS_MAX);
        }
        let (unit, number) = wish.split_once('-')?;
        unit.eq_ignore_ascii_case("second").then(|| number.parse().ok())?
    });
    seconds.next().unwrap_or(LOCK_TIMEOUT_SECONDS_DEFAULT).clamp(1, LOCK_TIMEOUT_SECONDS_MAX)
}

async fn take(call: &Call, conditions: &Conditions, wish: Wish) -> Reply<Response> {
    let owner = match &call.resource {
        Some(resource) => resource.owner().map(|owner| owner.id),
        None => parent_account(call).await?,
    };
    let account = owner.ok_or_else(|| Refusal::status(StatusCode::FORBIDDEN))?;
    let mut writer = call.context.writer(account).await?;
    let current = look_up(call, &call.path, &writer).await?;
    conditions.hold(&call.context, &writer, (&call.path, current.as_ref()), false).await?;
    let locks = LockCheck::new(&writer, conditions).await?;
    let (resource, made) = match current {
        Some(resource) => (resource, false),
        None => (make_empty(call, &mut writer, &locks).await?, true),
    };
    let node = resource.collection().ok_or_else(|| Refusal::status(StatusCode::FORBIDDEN))?;
    if !node.rights.contains(Rights::WRITE) {
        return Err(Error::Forbidden(Rights::WRITE).into());
    }
    free_of_conflicts(&writer, &locks, &resource, &wish).await?;
    let lock = Lock {
        token: token(call),
        collection: node.id,
        item: resource.item().map(|item| item.row.item),
        principal: call.context.principal().account,
        shared: wish.shared,
        infinite: wish.infinite,
        timeout_seconds: wish.timeout_seconds,
        expires: expiry(call, wish.timeout_seconds),
        root: resource.href(),
        owner: wish.owner,
    };
    writer.put_lock(&lock).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    let committed = writer.commit(status).await?;
    let mut response = answer(call, *committed, std::slice::from_ref(&lock));
    if let Ok(value) = HeaderValue::from_str(&format!("<{}>", lock.token)) {
        response.headers_mut().insert(HeaderName::from_static("lock-token"), value);
    }
    Ok(response)
}

async fn parent_account(call: &Call) -> Reply<Option<model::AccountId>> {
    match call.context.resolve(&call.path.parent()).await {
        Ok(parent) => Ok(parent.owner().map(|owner| owner.id)),
        Err(Error::NotFound) => Err(call.context.no_parent(&call.path)),
        Err(error) => Err(error.into()),
    }
}

/// RFC 4918 7.3: a lock on a free name makes an empty resource there.
async fn make_empty(call: &Call, writer: &mut StoreWriter, locks: &LockCheck) -> Reply<Resource> {
    let parent = parent_of(call, &call.path, writer).await?;
    locks.membership(writer, &parent).await?;
    let Node::Collection(node) = &parent.node else { return Err(Refusal::status(StatusCode::FORBIDDEN)) };
    // Nothing is no calendar object and no card.
    if !node.tree.streamed() {
        return Err(Refusal::status(StatusCode::FORBIDDEN));
    }
    let name = call.path.last().ok_or_else(Refusal::bad_request)?;
    let octets = Bytes::new();
    let incoming = Incoming { name, content_type: None, octets: &octets, modified: None };
    let prepared = node.tree.prepare(&incoming)?;
    let body = call.context.store().upload(0).finish().await?;
    prepared.put(writer, node.id, name, body).await?;
    look_up(call, &call.path, writer).await?.ok_or_else(|| Error::NotFound.into())
}

/// RFC 4918 9.10.5: the table of which locks bear with each other.
async fn free_of_conflicts(
    writer: &StoreWriter,
    locks: &LockCheck,
    resource: &Resource,
    wish: &Wish,
) -> Reply<()> {
    let Some(place) = Place::of(writer, resource).await? else { return Ok(()) };
    for lock in locks.locks() {
        let inside = wish.infinite
            && place.item.is_none()
            && match place.chain.first() {
                Some(top) => writer.ancestors(lock.collection).await?.contains(top),
                None => false,
            };
        if (place.covered_by(lock) || inside) && !(wish.shared && lock.shared) {
            let refusal = Refusal::condition(StatusCode::LOCKED, Name::dav("no-conflicting-lock"));
            return Err(refusal.about(lock.root.clone()));
        }
    }
    Ok(())
}

/// RFC 4918 9.10.2: the lock is named by its token in `If`, the target is anything that it covers.
async fn refresh(call: &Call, conditions: &Conditions, timeout_seconds: u64) -> Reply<Response> {
    let resource = call.found()?;
    let tokens = conditions.tokens();
    if tokens.is_empty() {
        return Err(Refusal::bad_request());
    }
    let owner = resource.owner().ok_or(Error::NotFound)?.id;
    let mut writer = call.context.writer(owner).await?;
    let resource = look_up(call, &call.path, &writer).await?.ok_or(Error::NotFound)?;
    conditions.hold(&call.context, &writer, (&call.path, Some(&resource)), false).await?;
    let place = Place::of(&writer, &resource).await?.ok_or(Error::NotFound)?;
    let me = call.context.principal().account;
    let mut refreshed = Vec::new();
    for mut lock in writer.locks().await? {
        if place.covered_by(&lock) && tokens.contains(&lock.token) && lock.principal == me {
            lock.timeout_seconds = timeout_seconds;
            lock.expires = expiry(call, timeout_seconds);
            writer.put_lock(&lock).await?;
            refreshed.push(lock);
        }
    }
    if refreshed.is_empty() {
        return Err(Refusal::condition(
            StatusCode::PRECONDITION_FAILED,
            Name::dav("lock-token-matches-request-uri"),
        ));
    }
    let committed = writer.commit(StatusCode::OK).await?;
    Ok(answer(call, *committed, &refreshed))
}

fn expiry(call: &Call, timeout_seconds: u64) -> Timestamp {
    let now = call.context.store().env().now();
    let life = i64::try_from(timeout_seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_add(life))
}

/// A version 4 UUID as a URN (RFC 9562, RFC 4918 6.5).
fn token(call: &Call) -> String {
    let mut octets = [0; 16];
    call.context.store().env().random(&mut octets);
    let number = u128::from_be_bytes(octets);
    let number = number & !(0xf << 76) | 4 << 76;
    let number = number & !(0b11 << 62) | 0b10 << 62;
    format!(
        "urn:uuid:{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        number >> 80 & 0xffff,
        number >> 64 & 0xffff,
        number >> 48 & 0xffff,
        number & 0xffff_ffff_ffff,
    )
}

fn answer(call: &Call, status: StatusCode, locks: &[Lock]) -> Response {
    const PROP: Name = Name::dav("prop");
    let mut out = Writer::new();
    out.root(&PROP);
    write_locks(locks, call.context.principal().account, call.context.store().env().now(), &mut out);
    out.close(&PROP);
    let mut response = empty(status).map(|_| Body::from_bytes(Bytes::from(out.into_string())));
    response.headers_mut().insert(header::CONTENT_TYPE, XML_TYPE);
    response
}

#[cfg(test)]
mod tests;
