//! What the reports on calendars and address books share: multiget, and walking a collection's objects.

use super::{Report, ReportCall};
use crate::kinds::Members;
use crate::limits::LISTING_PAGE_COUNT;
use crate::multistatus::{Entry, load_bodies};
use crate::xml::{DAV, Element, Name};
use crate::{Context, Multistatus, Node, Plan, Refusal, Reply, Resource, Selection};
use async_trait::async_trait;
use http_door::{Path, Response};
use model::{CollectionKind, Error, Result, Rights};
use std::collections::HashMap;
use std::iter::Peekable;
use std::time::{Duration, Instant};
use std::vec::IntoIter;

/// Objects whose octets are held at once while a report judges them.
const BODY_PAGE_COUNT: usize = 50;
/// Octets that are held at once while a report judges them, if more than one object is.
const BODY_PAGE_BYTES: u64 = 4 * 1024 * 1024;

/// A judgement that takes longer than this makes room for other work.
const JUDGEMENT_TIME: Duration = Duration::from_millis(2);

/// Gives entries their octets, in one crossing to the store.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn with_bodies(context: &Context, resources: Vec<Resource>) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = resources.into_iter().map(Entry::from).collect();
    load_bodies(context, &mut entries).await?;
    Ok(entries)
}

/// Walks the objects of a collection by the page, in order of name.
#[derive(Debug)]
pub struct Walk {
    collection: Resource,
    members: Members,
    after: Option<String>,
    done: bool,
}

impl Walk {
    /// From the first object on.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden`.
    pub async fn of(context: &Context, collection: &Resource) -> Result<Self> {
        let Node::Collection(node) = &collection.node else { return Err(Error::NotFound) };
        let reader = context.reader(node.owner.id).await?;
        let members = Members::open(&reader, node.row.kind, node.id, Rights::READ).await?;
        Ok(Self { collection: collection.clone(), members, after: None, done: false })
    }

    /// The next objects; empty at the end. `wanted` leaves out by the covering row.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn next(
        &mut self,
        context: &Context,
        wanted: impl Fn(&store::ObjectRow) -> bool,
    ) -> Result<Vec<Resource>> {
        let Node::Collection(node) = &self.collection.node else { return Err(Error::NotFound) };
        let reader = context.reader(node.owner.id).await?;
        let mut found = Vec::new();
        while found.is_empty() && !self.done {
            let page = self.members.page(&reader, self.after.as_ref(), LISTING_PAGE_COUNT).await?;
            self.done = page.len() < LISTING_PAGE_COUNT;
            self.after = page.last().map(|(name, _)| name.clone());
            for (name, row) in page.into_iter().filter(|(_, row)| wanted(row)) {
                found.push(crate::context::item_of(&self.collection, node, &name, row));
            }
        }
        Ok(found)
    }
}

/// As many of the next objects as are read at once with their octets.
pub(crate) fn page_of(resources: &mut Peekable<IntoIter<Resource>>) -> Vec<Resource> {
    let mut page = Vec::new();
    let mut bytes = 0u64;
    while let Some(resource) = resources.next_if(|_| page.len() < BODY_PAGE_COUNT && bytes < BODY_PAGE_BYTES)
    {
        bytes = bytes.saturating_add(resource.item().map_or(0, |item| item.row.size));
        page.push(resource);
    }
    page
}

/// Tells of those objects that pass a judgement of their octets, which are loaded for it.
///
/// # Errors
/// `Unavailable`, `Corrupt`.
pub async fn judge_bodies(
    context: &Context,
    plan: &Plan,
    out: &mut Multistatus,
    resources: Vec<Resource>,
    judge: &(dyn Fn(&[u8]) -> bool + Sync),
) -> Result<usize> {
    let mut told = 0usize;
    let mut resources = resources.into_iter().peekable();
    while resources.peek().is_some() {
        let page = page_of(&mut resources);
        let mut entries = Vec::with_capacity(page.len());
        for entry in with_bodies(context, page).await? {
            let begun = Instant::now();
            if entry.body.as_ref().is_some_and(|body| judge(body)) {
                entries.push(entry);
            }
            // A dear judgement (a recurrence made to cost) lets the others go on after it.
            if begun.elapsed() > JUDGEMENT_TIME {
                tokio::task::yield_now().await;
            }
        }
        told = told.saturating_add(entries.len());
        out.entries(context, plan, entries).await?;
    }
    Ok(told)
}

/// calendar-multiget (RFC 4791 7.9) and addressbook-multiget (RFC 6352 8.7).
#[derive(Clone, Debug)]
pub struct Multiget {
    /// The report's element.
    pub name: Name,
    /// The kind of collection it is asked of.
    pub kind: CollectionKind,
    /// Judges the `prop` before anything is read.
    pub check: fn(&Element) -> Reply<()>,
}

#[async_trait]
impl Report for Multiget {
    fn name(&self) -> Name {
        self.name.clone()
    }

    fn applies(&self, resource: &Resource) -> bool {
        resource.tree().is_some_and(|tree| tree.kind() == self.kind)
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        (self.check)(&call.body)?;
        let selection = Selection::parse(Some(&call.body))?;
        let plan = Plan::new(&call.context, &selection);
        let hrefs: Vec<String> = call
            .body
            .elements()
            .filter(|element| element.is(DAV, "href"))
            .map(|element| element.text().trim().to_owned())
            .collect();
        if hrefs.is_empty() {
            return Err(Refusal::bad_request());
        }
        out.begin();
        let mut collections = HashMap::new();
        for page in hrefs.chunks(LISTING_PAGE_COUNT) {
            self.page((call, &plan), page, &mut collections, out).await?;
        }
        Ok(None)
    }
}

impl Multiget {
    /// Looks up the objects of some hrefs, each collection's at once.
    async fn page(
        &self,
        (call, plan): (&ReportCall, &Plan),
        hrefs: &[String],
        collections: &mut HashMap<Path, Option<Resource>>,
        out: &mut Multistatus,
    ) -> Reply<()> {
        let mut found: HashMap<usize, Resource> = HashMap::new();
        let mut groups: HashMap<Path, Vec<(usize, String)>> = HashMap::new();
        for (at, href) in hrefs.iter().enumerate() {
            let Ok(path) = Path::parse_href(href, call.context.authority()) else { continue };
            if !call.resource.path.contains(&path) {
                continue;
            }
            if let Some(name) = path.names().last().cloned() {
                groups.entry(path.parent()).or_default().push((at, name));
            }
        }
        for (parent, wanted) in groups {
            if !collections.contains_key(&parent) {
                let resource = self.collection(call, &parent).await?;
                collections.insert(parent.clone(), resource);
            }
            let Some(Some(collection)) = collections.get(&parent) else { continue };
            let names: Vec<String> = wanted.iter().map(|(_, name)| name.clone()).collect();
            let items = match call.context.items(collection, &names).await {
                Ok(items) => items,
                Err(Error::NotFound | Error::Forbidden(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let items = wanted.iter().zip(items).filter_map(|((at, _), item)| Some((*at, item?)));
            found.extend(items);
        }
        let mut entries = Vec::new();
        for (at, href) in hrefs.iter().enumerate() {
            if let Some(resource) = found.remove(&at) {
                entries.push(Entry::from(resource));
                continue;
            }
            out.entries(&call.context, plan, std::mem::take(&mut entries)).await?;
            // The href goes back as it came, so that the client knows which one is meant.
            out.status(href, &Refusal::from(Error::NotFound));
        }
        Ok(out.entries(&call.context, plan, entries).await?)
    }

    /// A collection of this kind below or at the target (RFC 4791 7.9, RFC 6352 8.7).
    async fn collection(&self, call: &ReportCall, path: &Path) -> Reply<Option<Resource>> {
        match call.context.resolve(path).await {
            Ok(resource) => {
                let fits = matches!(&resource.node, Node::Collection(node) if node.row.kind == self.kind);
                Ok(fits.then_some(resource))
            }
            Err(Error::NotFound | Error::Forbidden(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
