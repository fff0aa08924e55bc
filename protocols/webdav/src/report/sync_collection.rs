//! `DAV:sync-collection` (RFC 6578): what changed since a token, by a range scan of the change slots.
//!
//! A token names the collection by its UIDVALIDITY and a state of it by its Modseq. A first synchronisation
//! that is cut by `DAV:limit` continues by name: its tokens also carry the last name that was told, and the
//! Modseq from which changes count once all names are through.

use super::{Report, ReportCall};
use crate::context::item_of;
use crate::kinds::Members;
use crate::limits::{LISTING_PAGE_COUNT, SYNC_RESULT_COUNT_MAX};
use crate::property::{Plan, Selection};
use crate::resource::CollectionNode;
use crate::xml::{DAV, Element, Name};
use crate::{Context, Multistatus, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use http::StatusCode;
use http_door::{Path, Response, encode_segment};
use model::{CollectionId, Error, Modseq, Rights};
use std::sync::Arc;
use store::Reader;

const NAME: Name = Name::dav("sync-collection");
const PREFIX: &str = "urn:collegium:sync:";

/// `sync-collection`
#[derive(Debug)]
pub(super) struct SyncCollection;

/// Where a client stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// It knows nothing.
    None,
    /// It knows the state of that Modseq.
    Since(Modseq),
    /// It has the names up to this one, of a listing begun at that Modseq.
    Listing(Modseq, String),
}

#[async_trait]
impl Report for SyncCollection {
    fn name(&self) -> Name {
        NAME
    }

    fn applies(&self, resource: &Resource) -> bool {
        matches!(resource.node, Node::Collection(_))
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        let Node::Collection(node) = &call.resource.node else { return Err(Error::NotFound.into()) };
        let token = Token::parse(call.body.child(DAV, "sync-token"), node)?;
        level(&call.body, node)?;
        let limit = limit(&call.body)?;
        let prop = Selection::parse(Some(&call.body))?;
        let plan = Plan::new(&call.context, &prop);
        let reader = call.context.reader(node.owner.id).await?;
        let members = Members::open(&reader, node.row.kind, node.id, Rights::READ).await?;
        let sync =
            Sync { context: &call.context, plan, resource: &call.resource, node, reader, members, limit };
        let next = match token {
            Token::Since(since) => sync.changes(since, out).await?,
            Token::None => sync.listing(node.row.modseq, None, out).await?,
            Token::Listing(base, after) => sync.listing(base, Some(after), out).await?,
        };
        if next.cut {
            // RFC 6578 3.6
            let name = Name::dav("number-of-matches-within-limits");
            out.status(&call.resource.href(), &Refusal::condition(StatusCode::INSUFFICIENT_STORAGE, name));
        }
        out.write(|out| out.leaf(&Name::dav("sync-token"), &next.token));
        Ok(None)
    }
}

impl Token {
    fn parse(element: Option<&Element>, node: &CollectionNode) -> Reply<Self> {
        // RFC 6578 6.1 wants the element; clients that leave it out mean the first synchronisation.
        let text = element.map(Element::text).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::None);
        }
        Self::read(text, node).ok_or_else(|| Error::StaleToken.into())
    }

    fn read(text: &str, node: &CollectionNode) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.splitn(3, ':');
        let validity: u32 = parts.next()?.parse().ok()?;
        let modseq = Modseq(parts.next()?.parse().ok()?);
        if validity != node.row.uid_validity.0 || modseq > node.row.modseq {
            return None;
        }
        match parts.next() {
            None => Some(Self::Since(modseq)),
            Some(name) => {
                let path = Path::parse(&format!("/{name}")).ok()?;
                // Tombstones that a long listing would have to tell may be gone.
                (modseq >= node.row.floor).then(|| Some(Self::Listing(modseq, path.last()?.to_owned())))?
            }
        }
    }
}

/// RFC 6578 3.3: one level, or all; a tree of folders is only told one level at a time.
fn level(body: &Element, node: &CollectionNode) -> Reply<()> {
    match body.child(DAV, "sync-level").map(Element::text).as_deref().map(str::trim) {
        None | Some("1") => Ok(()),
        Some(text) if text.eq_ignore_ascii_case("infinite") || text.eq_ignore_ascii_case("infinity") => {
            if node.tree.nested() {
                return Err(Refusal::forbidden(Name::dav("sync-traversal-supported")));
            }
            Ok(())
        }
        Some(_) => Err(Refusal::bad_request()),
    }
}

fn limit(body: &Element) -> Reply<Option<usize>> {
    let Some(results) = body.child(DAV, "limit").and_then(|limit| limit.child(DAV, "nresults")) else {
        return Ok(None);
    };
    let number: usize = results.text().trim().parse().map_err(|_| Refusal::bad_request())?;
    Ok(Some(number.clamp(1, SYNC_RESULT_COUNT_MAX)))
}

struct Next {
    token: String,
    cut: bool,
}

struct Sync<'a> {
    context: &'a Context,
    plan: Plan,
    resource: &'a Resource,
    node: &'a Arc<CollectionNode>,
    reader: Arc<Reader>,
    members: Members,
    limit: Option<usize>,
}

impl Sync<'_> {
    fn token(&self, modseq: Modseq) -> String {
        format!("{PREFIX}{}:{modseq}", self.node.row.uid_validity)
    }

    async fn changes(&self, since: Modseq, out: &mut Multistatus) -> Reply<Next> {
        let mut since = since;
        loop {
            let page = self.limit.unwrap_or(LISTING_PAGE_COUNT);
            let set = self.members.changes(&self.reader, since, page).await?;
            let mut names = Vec::new();
            for (name, change) in &set.changed {
                if change.collection {
                    self.folder(name, out).await?;
                } else {
                    names.push(name.clone());
                }
            }
            self.items(&names, out).await?;
            for (name, change) in &set.removed {
                let href = self.resource.path.join(name, change.collection).href();
                out.status(&href, &Refusal::status(StatusCode::NOT_FOUND));
            }
            out.breathe().await?;
            since = set.upto;
            if !set.more || self.limit.is_some() {
                return Ok(Next { token: self.token(since), cut: set.more });
            }
        }
    }

    async fn items(&self, names: &[String], out: &mut Multistatus) -> Reply<()> {
        let rows = self.members.entries_of(&self.reader, names).await?;
        let found = names.iter().zip(rows).filter_map(|(name, row)| Some((name, row?)));
        let entries = found.map(|(name, row)| item_of(self.resource, self.node, name, row).into());
        Ok(out.entries(self.context, &self.plan, entries.collect()).await?)
    }

    async fn folder(&self, name: &str, out: &mut Multistatus) -> Reply<()> {
        match self.context.resolve(&self.resource.path.join(name, true)).await {
            Ok(folder) => Ok(out.resource(self.context, &self.plan, folder).await?),
            // Gone again, or not to be known of: its own tombstone tells.
            Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The first synchronisation: child folders, then every object by name.
    async fn listing(&self, base: Modseq, after: Option<String>, out: &mut Multistatus) -> Reply<Next> {
        let mut told = 0;
        if self.node.tree.nested() && after.is_none() {
            for (_, row) in self.children(self.node.id).await? {
                self.folder(&row.name, out).await?;
                told += 1;
            }
        }
        let mut after = after;
        loop {
            let left = self.limit.map_or(LISTING_PAGE_COUNT, |limit| limit.saturating_sub(told).max(1));
            let count = left.min(LISTING_PAGE_COUNT);
            let page = self.members.page(&self.reader, after.as_ref(), count).await?;
            let full = page.len() == count;
            told += page.len();
            after = page.last().map(|(name, _)| name.clone()).or(after);
            let entries =
                page.into_iter().map(|(name, row)| item_of(self.resource, self.node, &name, row).into());
            out.entries(self.context, &self.plan, entries.collect()).await?;
            match (&after, self.limit) {
                (Some(last), Some(limit)) if full && told >= limit => return self.cut(base, last).await,
                _ if full => {}
                _ => return Ok(Next { token: self.token(base), cut: false }),
            }
        }
    }

    /// The listing stops here, unless nothing follows.
    async fn cut(&self, base: Modseq, last: &String) -> Reply<Next> {
        if self.members.page(&self.reader, Some(last), 1).await?.is_empty() {
            return Ok(Next { token: self.token(base), cut: false });
        }
        let mut token = self.token(base);
        token.push(':');
        encode_segment(last, &mut token);
        Ok(Next { token, cut: true })
    }

    async fn children(&self, id: CollectionId) -> Reply<Vec<(CollectionId, store::CollectionRow)>> {
        Ok(self.reader.children(id, self.node.row.kind).await?)
    }
}

#[cfg(test)]
mod tests;
