//! PUT (RFC 9110 9.3.4, RFC 4918 9.7): the content streams into the store before the account's turn is taken;
//! conditions and locks are looked at before that, to refuse early, and again inside the turn.
//!
//! An upload that breaks off leaves nothing: only the commit refers to what was stored.

use super::{Method, done, look_up, parent_of};
use crate::condition::LockCheck;
use crate::resource::etag;
use crate::tree::{Incoming, Prepared};
use crate::{Call, CollectionNode, Conditions, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_door::Response;
use model::{Error, Rights, Timestamp};
use std::sync::Arc;
use store::{Body, Reader};

/// PUT
#[derive(Debug)]
pub(super) struct Put;

#[async_trait]
impl Method for Put {
    fn name(&self) -> &'static str {
        "PUT"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_none_or(|resource| !resource.is_collection())
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        // RFC 9110 14.5: a part of a resource must not be taken for the whole.
        if call.headers.contains_key(header::CONTENT_RANGE) {
            return Err(Refusal::bad_request());
        }
        // RFC 9110 8.4: what is coded would come back without the word that it is.
        let coding = call.header(header::CONTENT_ENCODING)?.unwrap_or("identity");
        if !coding.eq_ignore_ascii_case("identity") {
            return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let conditions = Conditions::parse(&call.headers)?;
        let modified = mtime(&call)?;
        let place = Place::find(&call).await?;
        let reader = call.context.reader(place.collection.owner.id).await?;
        place.may_put(&call, &reader, &conditions).await?;
        let (body, prepared) = receive(&mut call, &place, modified).await?;

        let mut writer = call.context.writer(place.collection.owner.id).await?;
        place.may_put(&call, &writer, &conditions).await?;
        let existed = look_up(&call, &call.path, &writer).await?.is_some();
        let row = prepared.put(&mut writer, place.collection.id, &place.name, body).await?;
        let status = if existed { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
        let committed = writer.commit(status).await?;
        let mut response = done(&committed);
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&etag(&row)) {
            headers.insert(header::ETAG, tag);
        }
        if modified.is_some() {
            headers.insert(X_OC_MTIME, HeaderValue::from_static("accepted"));
        }
        Ok(response)
    }
}

const X_OC_MTIME: HeaderName = HeaderName::from_static("x-oc-mtime");

/// The modification time that ownCloud's and Nextcloud's clients tell, in seconds.
fn mtime(call: &Call) -> Reply<Option<Timestamp>> {
    let Some(text) = call.header(X_OC_MTIME)? else { return Ok(None) };
    let whole = text.split('.').next().unwrap_or_default();
    Ok(whole.parse().ok().map(Timestamp::from_seconds))
}

/// Where an object shall be.
struct Place {
    collection: Arc<CollectionNode>,
    name: String,
}

impl Place {
    async fn find(call: &Call) -> Reply<Self> {
        if call.path.slash() && call.resource.is_none() {
            return Err(Refusal::status(StatusCode::CONFLICT));
        }
        let parent = match call.context.resolve(&call.path.parent()).await {
            Ok(parent) => parent,
            Err(Error::NotFound) => return Err(call.context.no_parent(&call.path)),
            Err(error) => return Err(error.into()),
        };
        let Node::Collection(collection) = parent.node else {
            let is_item = matches!(parent.node, Node::Item(_));
            let status = if is_item { StatusCode::CONFLICT } else { StatusCode::FORBIDDEN };
            return Err(Refusal::status(status));
        };
        let name = call.path.last().ok_or_else(Refusal::bad_request)?.to_owned();
        store::valid_item_name(&name)?;
        Ok(Self { collection, name })
    }

    /// Rights, conditions and locks, as the reader or writer sees them.
    async fn may_put(&self, call: &Call, reader: &Reader, conditions: &Conditions) -> Reply<()> {
        let current = look_up(call, &call.path, reader).await?;
        if current.as_ref().is_some_and(Resource::is_collection) {
            return Err(Refusal::status(StatusCode::METHOD_NOT_ALLOWED));
        }
        let parent = parent_of(call, &call.path, reader).await?;
        let need = if current.is_some() { Rights::WRITE } else { Rights::INSERT };
        let rights = parent.collection().map_or(Rights::empty(), |parent| parent.rights);
        if !rights.contains(need) {
            return Err(Error::Forbidden(need).into());
        }
        conditions.hold(&call.context, reader, (&call.path, current.as_ref()), false).await?;
        let locks = LockCheck::new(reader, conditions).await?;
        match &current {
            Some(current) => locks.resource(reader, current, false).await?,
            None => locks.membership(reader, &parent).await?,
        }
        let quota = reader.quota();
        let old = current.as_ref().and_then(Resource::item).map_or(0, |item| item.row.size);
        let new = call.body.length().unwrap_or(0);
        let after = quota.used_bytes.saturating_add(new).saturating_sub(old);
        if new > old && quota.limit_bytes.is_some_and(|limit| after > limit) {
            return Err(Error::OverQuota.into());
        }
        Ok(())
    }
}

/// Takes the content into the store and has its tree look at it.
async fn receive(
    call: &mut Call,
    place: &Place,
    modified: Option<Timestamp>,
) -> Reply<(Body, Box<dyn Prepared>)> {
    let tree = &place.collection.tree;
    let limit = tree.body_bytes_max();
    if call.body.length().is_some_and(|length| length > limit) {
        return Err(tree.too_large());
    }
    let store = call.context.store().clone();
    let mut upload = store.upload(limit);
    let mut octets = BytesMut::new();
    while let Some(piece) = call.body.next().await? {
        upload.write(&piece).await.map_err(|error| match error {
            Error::TooLarge(_) => tree.too_large(),
            other => other.into(),
        })?;
        if !tree.streamed() {
            octets.extend_from_slice(&piece);
        }
    }
    let octets: Bytes = octets.freeze();
    let content_type = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let incoming = Incoming { name: &place.name, content_type, octets: &octets, modified };
    let prepared = tree.prepare(&incoming)?;
    Ok((upload.finish().await?, prepared))
}
