//! What COPY and MOVE have in common (RFC 4918 9.8, 9.9): both ends are opened with rights, the target is
//! cleared, then filled, in one commit of the target's account.
//!
//! Between two accounts a MOVE is a copy, durable before the source is removed in a commit of its own.

use super::delete::{may_remove, remove};
use super::{done, look_up, parent_of};
use crate::condition::LockCheck;
use crate::kinds::Members;
use crate::tree::Incoming;
use crate::{Call, CollectionNode, Conditions, Depth, ItemNode, Node, Refusal, Reply, Resource};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_door::{Destination, Path, Response};
use model::{AccountId, CollectionId, CollectionKind, Error, Rights};
use std::sync::Arc;
use store::{Folder, Reader, Writer};

/// Whether the source stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It stays.
    Copy,
    /// It goes.
    Move,
}

/// What is to be done, from the headers.
struct Order {
    to: Path,
    /// Scheme and authority of the Destination, or nothing when it was a path alone.
    origin: String,
    overwrite: bool,
    shallow: bool,
    conditions: Conditions,
}

impl Order {
    fn read(call: &Call, way: Way) -> Reply<Self> {
        // Some clients send names outside of ASCII as they are.
        let value =
            call.headers.get("destination").and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        // A `#` or `?` that was meant as part of a name must not end up as the name before it.
        let value =
            value.filter(|value| !value.contains(['#', '?'])).ok_or_else(Refusal::bad_request)?.trim();
        let to = match Destination::parse(value, call.context.authority())? {
            Destination::Here(path) => path,
            // RFC 4918 9.8.5
            Destination::Elsewhere => return Err(Refusal::status(StatusCode::BAD_GATEWAY)),
        };
        let origin = value.find("://").and_then(|at| value.get(..at + 3 + value.get(at + 3..)?.find('/')?));
        let origin = origin.filter(|origin| !origin.contains('@')).unwrap_or_default().to_owned();
        let overwrite = match call.header(HeaderName::from_static("overwrite"))? {
            None => true,
            Some(text) if text.eq_ignore_ascii_case("t") => true,
            Some(text) if text.eq_ignore_ascii_case("f") => false,
            Some(_) => return Err(Refusal::bad_request()),
        };
        let shallow = match call.depth()? {
            None | Some(Depth::Infinity) => false,
            Some(Depth::Zero) if way == Way::Copy => true,
            // RFC 4918 9.8.3, 9.9.2; files have no depth to speak of.
            Some(_) if call.found()?.is_collection() => return Err(Refusal::bad_request()),
            Some(_) => false,
        };
        Ok(Self { to, origin, overwrite, shallow, conditions: Conditions::parse(&call.headers)? })
    }
}

/// Does it.
pub(super) async fn run(call: Call, way: Way) -> Reply<Response> {
    let order = Order::read(&call, way)?;
    let source = call.found()?.clone();
    let to = order.to.clone().with_slash(source.path.slash());
    // RFC 4918 9.8.5: source and destination must differ; a tree can neither go into itself nor replace what it
    // lies in.
    let forbidden = Err(Refusal::status(StatusCode::FORBIDDEN));
    if source.path.contains(&to) || to.contains(&source.path) {
        return forbidden;
    }
    let target_account = target_account(&call, &to).await?;
    let source_account = source.owner().ok_or(Error::NotFound)?.id;
    let mut writer = call.context.writer(target_account).await?;
    let locks = LockCheck::new(&writer, &order.conditions).await?;
    let here = source_account == target_account;
    let reader =
        if here { Arc::new(Reader::clone(&writer)) } else { call.context.reader(source_account).await? };
    let source = look_up(&call, &source.path, &reader).await?.ok_or(Error::NotFound)?;
    order.conditions.hold(&call.context, &writer, (&call.path, Some(&source)), false).await?;
    if here && way == Way::Move {
        may_remove(&call, &writer, &locks, &source).await?;
    }
    let parent = parent_of(&call, &to, &writer).await?;
    let old = look_up(&call, &to, &writer).await?;
    // RFC 4918 10.6: whatever else there is to say against it.
    if old.is_some() && !order.overwrite {
        return Err(Refusal::status(StatusCode::PRECONDITION_FAILED));
    }
    if let (Node::Item(item), Some(Node::Item(old))) = (&source.node, old.as_ref().map(|old| &old.node)) {
        keeps_uid((&reader, item), (&writer, old), &to).await?;
    }
    let existed = old.is_some();
    match old {
        Some(old) => clear(&mut writer, &locks, &old).await?,
        None => locks.membership(&writer, &parent).await?,
    }
    let place = Target { parent: &parent, name: to.last().ok_or_else(Refusal::bad_request)? };
    match (&source.node, way) {
        (Node::Item(item), Way::Move) if here => move_item(&mut writer, item, &place).await?,
        (Node::Collection(node), Way::Move) if here => move_collection(&mut writer, node, &place).await?,
        (Node::Item(item), _) => copy_item(&call, &mut writer, &reader, (item, &place)).await?,
        (Node::Collection(node), _) => {
            copy_collection(&call, &mut writer, &reader, (node, &place, order.shallow)).await?;
        }
        _ => return forbidden,
    }
    let status = if existed { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
    let committed = writer.commit(status).await?;
    if !here && way == Way::Move {
        let mut writer = call.context.writer(source_account).await?;
        let source = look_up(&call, &source.path, &writer).await?.ok_or(Error::NotFound)?;
        let locks = LockCheck::new(&writer, &order.conditions).await?;
        may_remove(&call, &writer, &locks, &source).await?;
        remove(&mut writer, &source).await?;
        writer.commit(()).await.map(drop)?;
    }
    let mut response = done(&committed);
    if !existed {
        // RFC 9110 15.3.2: without it, the reply would say that the source was created.
        if let Ok(place) = HeaderValue::try_from(format!("{}{}", order.origin, to.href())) {
            response.headers_mut().insert(header::LOCATION, place);
        }
    }
    Ok(response)
}

async fn target_account(call: &Call, to: &Path) -> Reply<AccountId> {
    match call.context.resolve(&to.parent()).await {
        Ok(parent) => {
            let owner = parent.owner().map(|owner| owner.id);
            owner.ok_or_else(|| Refusal::status(StatusCode::FORBIDDEN))
        }
        Err(Error::NotFound) => Err(call.context.no_parent(to)),
        Err(error) => Err(error.into()),
    }
}

/// Removes what stands at the target, if that may be.
async fn clear(writer: &mut Writer, locks: &LockCheck, old: &Resource) -> Reply<()> {
    if !super::is_users_own(old) {
        return Err(Refusal::status(StatusCode::FORBIDDEN));
    }
    locks.resource(writer, old, true).await?;
    remove(writer, old).await
}

/// `no-uid-conflict`: no object is overwritten by one with another UID (RFC 4791 5.3.2.1, RFC 6352 6.3.2.1).
async fn keeps_uid(
    (reader, item): (&Reader, &ItemNode),
    (writer, old): (&Writer, &ItemNode),
    to: &Path,
) -> Reply<()> {
    let (from, into) = (&item.collection, &old.collection);
    if from.row.kind != into.row.kind {
        return Ok(());
    }
    let source = Members::open(reader, from.row.kind, from.id, Rights::READ).await?;
    let target = Members::open(writer, into.row.kind, into.id, Rights::READ).await?;
    let new = source.uid_of(reader, item.row.item).await?;
    let uid = target.uid_of(writer, old.row.item).await?;
    match (new, uid) {
        (Some(new), Some(uid)) if new != uid => Err(into.tree.uid_conflict().about(to.href())),
        _ => Ok(()),
    }
}

/// Where it goes.
struct Target<'a> {
    parent: &'a Resource,
    name: &'a str,
}

impl Target<'_> {
    /// The collection for an object.
    fn collection(&self, kind: CollectionKind) -> Reply<&Arc<CollectionNode>> {
        match &self.parent.node {
            Node::Collection(collection) if collection.row.kind == kind => Ok(collection),
            _ => Err(Refusal::status(StatusCode::FORBIDDEN)),
        }
    }

    /// The parent for a collection.
    fn parent(&self, kind: CollectionKind) -> Reply<CollectionId> {
        match &self.parent.node {
            Node::Collection(collection) if collection.row.kind == kind && collection.tree.nested() => {
                Ok(collection.id)
            }
            Node::Home(tree, _) if tree.kind() == kind => Ok(CollectionId::ROOT),
            _ => Err(Refusal::status(StatusCode::FORBIDDEN)),
        }
    }
}

async fn move_item(writer: &mut Writer, item: &ItemNode, place: &Target<'_>) -> Reply<()> {
    let collection = &item.collection;
    let to = place.collection(collection.row.kind)?;
    collection.tree.rename(writer, (collection.id, &item.name), (to.id, place.name)).await
}

async fn move_collection(writer: &mut Writer, node: &CollectionNode, place: &Target<'_>) -> Reply<()> {
    let parent = place.parent(node.row.kind)?;
    let members = Members::open(writer, node.row.kind, node.id, Rights::REMOVE).await?;
    Ok(members.rename(writer, parent, place.name).await?)
}

/// Copies an object: the body is the same, its tree checks what it checks of a new one.
async fn copy_item(
    call: &Call,
    writer: &mut Writer,
    reader: &Reader,
    (item, place): (&ItemNode, &Target<'_>),
) -> Reply<()> {
    let to = place.collection(item.collection.row.kind)?;
    copy_object(call, writer, reader, (item, to.id, place.name)).await
}

async fn copy_object(
    call: &Call,
    writer: &mut Writer,
    reader: &Reader,
    (item, to, name): (&ItemNode, CollectionId, &str),
) -> Reply<()> {
    let (from, row) = (&item.collection, &item.row);
    if !from.rights.contains(Rights::READ) {
        return Err(Error::Forbidden(Rights::READ).into());
    }
    let body = reader.object_body(row.item).await?;
    let octets = if from.tree.streamed() {
        bytes::Bytes::new()
    } else {
        call.context.store().body(&body, 0..body.size).collect().await?
    };
    let content_type = Some(row.content_type.as_str());
    let incoming = Incoming { name, content_type, octets: &octets, modified: Some(row.modified) };
    let prepared = from.tree.prepare(&incoming)?;
    prepared.put(writer, to, name, body).await?;
    if row.has_properties {
        let source = Members::open(reader, from.row.kind, from.id, Rights::READ).await?;
        let properties = source.properties(reader, &[row.item]).await?.pop().unwrap_or_default();
        let target = Members::open(writer, from.row.kind, to, Rights::WRITE).await?;
        target.set_properties(writer, name, &properties).await?;
    }
    Ok(())
}

async fn copy_collection(
    call: &Call,
    writer: &mut Writer,
    reader: &Reader,
    (node, place, shallow): (&Arc<CollectionNode>, &Target<'_>, bool),
) -> Reply<()> {
    let kind = node.row.kind;
    let parent = place.parent(kind)?;
    let members = Members::open(reader, kind, node.id, Rights::READ).await?;
    let made = node.tree.create(writer, parent, place.name, node.row.properties.clone()).await?;
    if shallow {
        return Ok(());
    }
    if let Members::Folder(from) = &members {
        let to = writer.open::<Folder>(made, Rights::INSERT).await?;
        return Ok(writer.copy_tree(reader, from, &to).await?);
    }
    let mut after = None;
    loop {
        let page = members.page(reader, after.as_ref(), crate::limits::LISTING_PAGE_COUNT).await?;
        for (name, row) in &page {
            let item = ItemNode { collection: node.clone(), name: name.clone(), row: row.clone() };
            copy_object(call, writer, reader, (&item, made, name)).await?;
        }
        match page.last() {
            Some((last, _)) if page.len() == crate::limits::LISTING_PAGE_COUNT => after = Some(last.clone()),
            _ => return Ok(()),
        }
    }
}
