//! Removed things: listed, and brought back.

use super::{Refusal, account, moment};
use crate::limits::UNDELETE_LIST_COUNT_MAX;
use crate::site::{Site, owner};
use directory::{Directory, NewAccount};
use model::{AccountId, CollectionId, CollectionKind, ItemId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{Deleted, DeletedRow, Reader, Recover};

/// Rows read at once.
const PAGE_COUNT: usize = 500;

/// Which removed things are meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    pub(crate) address: String,
    /// The path of the collection that they lay in, or that was removed.
    pub(crate) collection: Option<String>,
    /// Removed at this time or later, in milliseconds since 1970.
    pub(crate) since_ms: Option<i64>,
}

/// What is to be brought back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    pub(crate) which: List,
    /// By number; all that `which` means when there are none.
    pub(crate) numbers: Vec<u64>,
    /// Over what has its place or its UID.
    pub(crate) replace: bool,
    /// A mailbox to put messages into instead.
    pub(crate) into: Option<String>,
}

/// Where collections lie, those that were removed too.
struct Paths(BTreeMap<CollectionId, (CollectionId, String)>);

impl Paths {
    fn of(&self, id: CollectionId) -> String {
        let mut levels = Vec::new();
        let mut at = id;
        while let Some((parent, name)) = self.0.get(&at) {
            levels.push(name.as_str());
            at = *parent;
            if levels.len() > store::COLLECTION_DEPTH_MAX {
                break;
            }
        }
        levels.reverse();
        levels.join("/")
    }

    async fn learn(&mut self, reader: &Reader, id: CollectionId) -> Result<(), model::Error> {
        let mut at = id;
        for _ in 0..=store::COLLECTION_DEPTH_MAX {
            if at == CollectionId::ROOT {
                break;
            }
            if let Some((parent, _)) = self.0.get(&at) {
                at = *parent;
                continue;
            }
            let Some((parent, name)) = reader.place(at).await? else { break };
            self.0.insert(at, (parent, name));
            at = parent;
        }
        Ok(())
    }
}

fn kind_name(kind: CollectionKind, collection: bool) -> &'static str {
    match (kind, collection) {
        (CollectionKind::Mailbox, true) => "mailbox",
        (CollectionKind::Mailbox, false) => "message",
        (CollectionKind::Calendar, true) => "calendar",
        (CollectionKind::Calendar, false) => "calendar object",
        (CollectionKind::AddressBook, true) => "address book",
        (CollectionKind::AddressBook, false) => "card",
        (CollectionKind::Folder, true) => "folder",
        (CollectionKind::Folder, false) => "file",
    }
}

/// The collection that a row is of.
fn collection_of(row: &DeletedRow) -> CollectionId {
    match &row.what {
        Deleted::Message(mailbox, ..) => *mailbox,
        Deleted::Object(object) => object.collection,
        Deleted::Collection(id, _) => *id,
    }
}

async fn wanted(
    reader: &Reader,
    list: &List,
    limit: usize,
) -> Result<Vec<(ItemId, DeletedRow, String)>, model::Error> {
    let mut rows = Vec::new();
    let mut paths = Paths(BTreeMap::new());
    let mut from = ItemId(0);
    loop {
        let page = reader.deleted(from, PAGE_COUNT).await?;
        let full = page.len() == PAGE_COUNT;
        for (_, row) in &page {
            if let Deleted::Collection(id, removed) = &row.what {
                paths.0.insert(*id, (removed.row.parent, removed.row.name.clone()));
            }
        }
        from = page.last().map_or(from, |(number, _)| *number);
        let since = Timestamp(list.since_ms.unwrap_or(i64::MIN));
        // What is only to be purged has no time.
        rows.extend(page.into_iter().filter(|(_, row)| row.at != Timestamp::default() && row.at >= since));
        if !full {
            break;
        }
    }
    let mut found = Vec::new();
    for (number, row) in rows {
        let id = collection_of(&row);
        paths.learn(reader, id).await?;
        let path = paths.of(id);
        if list.collection.as_ref().is_none_or(|wanted| *wanted == path) && found.len() < limit {
            found.push((number, row, path));
        }
    }
    Ok(found)
}

fn shown(number: ItemId, row: &DeletedRow, path: &str) -> Value {
    let (bytes, count) = row.what.size();
    let (kind, name, what) = match &row.what {
        Deleted::Message(_, uid, _) => {
            (kind_name(CollectionKind::Mailbox, false), uid.0.to_string(), "removed")
        }
        Deleted::Object(object) => {
            let what = if object.replaced { "overwritten" } else { "removed" };
            (kind_name(object.kind, false), object.name.clone(), what)
        }
        Deleted::Collection(_, removed) => {
            (kind_name(removed.row.kind, true), removed.row.name.clone(), "removed")
        }
    };
    json!({
        "id": number.0, "deleted": moment(row.at), "kind": kind, "collection": path, "name": name,
        "what": what, "bytes": bytes, "count": count,
    })
}

pub(super) async fn list(site: &Site, list: List) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, &list.address);
    let id = account::find_or_removed(site, &list.address).await?;
    let reader = site.store.read(&owner(id).map_err(of)?, id).await.map_err(of)?;
    let rows = wanted(&reader, &list, UNDELETE_LIST_COUNT_MAX).await.map_err(of)?;
    Ok(rows.iter().map(|(number, row, path)| shown(*number, row, path)).collect())
}

/// Brings an account back that the directory has let go; its new password, if it was so.
pub(super) async fn return_account(
    site: &Site,
    id: AccountId,
    text: &str,
) -> Result<Option<String>, Refusal> {
    let of = |error| Refusal::of(error, text);
    if site.directory.account(id).await.map_err(of)?.is_some() {
        return Ok(None);
    }
    let who = owner(id).map_err(of)?;
    let reader = site.store.read(&who, id).await.map_err(of)?;
    let quota_bytes = reader.quota().limit_bytes;
    let secret = site.directory.random_secret();
    let new = NewAccount {
        address: account::address(text)?,
        name: String::new(),
        password: Some(secret.clone()),
        role: Role::Member,
        quota_bytes,
    };
    site.directory.return_account(id, new).await.map_err(of)?.into_inner();
    let mut writer = site.store.write(&who, id).await.map_err(of)?;
    writer.set_removed(None).await.map_err(of)?;
    let _durable = writer.commit(()).await.map_err(of)?;
    Ok(Some(secret.expose().to_owned()))
}

pub(super) async fn restore(site: &Site, restore: Restore) -> Result<Value, Refusal> {
    let text = &restore.which.address;
    let of = |error| Refusal::of(error, text);
    let id = account::find_or_removed(site, text).await?;
    if let Some(password) = return_account(site, id, text).await? {
        return Ok(
            json!([{"id": id.0, "kind": "account", "name": text, "state": "restored", "password": password}]),
        );
    }
    let reader = site.store.read(&owner(id).map_err(of)?, id).await.map_err(of)?;
    let mut rows = wanted(&reader, &restore.which, usize::MAX).await.map_err(of)?;
    if !restore.numbers.is_empty() {
        rows.retain(|(number, ..)| restore.numbers.contains(&number.0));
        if rows.len() < restore.numbers.len() {
            return Err(Refusal::of(model::Error::NotFound, "one of the numbers"));
        }
    } else if restore.which.collection.is_none() && restore.which.since_ms.is_none() {
        let message = "say what: numbers of `undelete list`, --collection or --since".to_owned();
        return Err(Refusal { kind: "invalid".to_owned(), message });
    }
    let into = match &restore.into {
        Some(path) => {
            let found = reader.mailbox_at(path).await.map_err(of)?;
            Some(found.ok_or_else(|| Refusal::of(model::Error::NotFound, path))?)
        }
        None => None,
    };
    // Collections first, outer ones before inner ones: items find their places again.
    rows.sort_by_key(|(number, row, path)| {
        (!matches!(row.what, Deleted::Collection(..)), path.len(), *number)
    });
    let mut told = Vec::new();
    for (number, row, path) in rows {
        let message = matches!(row.what, Deleted::Message(..));
        let how = Recover { into: into.filter(|_| message), replace: restore.replace };
        let (state, name) = match site.store.undelete(id, number, &how).await {
            Ok(done) => ("restored".to_owned(), done.name.clone()),
            Err(error) => (refused(error), String::new()),
        };
        let mut line = shown(number, &row, &path);
        if let Some(object) = line.as_object_mut() {
            object.insert("state".to_owned(), json!(state));
            object.insert("as".to_owned(), json!(name));
        }
        told.push(line);
    }
    Ok(Value::from(told))
}

/// Why something did not come back, in a few words.
fn refused(error: model::Error) -> String {
    match error {
        model::Error::NotFound => "its place is gone, or it is back already".to_owned(),
        model::Error::Conflict => "something newer has its place (--replace)".to_owned(),
        other => Refusal::of(other, "refused").message,
    }
}
