//! addressbook-query (RFC 6352 8.6): the cards that match a filter, not more than the client wants.

use crate::{data, filter};
use async_trait::async_trait;
use format::vcard::card::Card;
use format::vcard::filter::Filter;
use http::StatusCode;
use http_door::Response;
use model::{CollectionId, CollectionKind};
use webdav::report::{Walk, judge_bodies};
use webdav::xml::{CARDDAV, Element, Name};
use webdav::{Depth, Multistatus, Node, Plan, Refusal, Reply, Report, ReportCall, Resource, Selection};

/// Cards that are judged at once.
const PAGE_COUNT: usize = 50;

/// The report.
#[derive(Debug)]
pub(super) struct AddressbookQuery;

#[async_trait]
impl Report for AddressbookQuery {
    fn name(&self) -> Name {
        Name::new(CARDDAV, "addressbook-query")
    }

    fn applies(&self, resource: &Resource) -> bool {
        let ours = resource.tree().is_some_and(|tree| tree.kind() == CollectionKind::AddressBook);
        ours && !matches!(resource.node, Node::Homes(_))
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        data::check(&call.body)?;
        let filter = filter::parse(&call.body)?;
        let plan = Plan::new(&call.context, &Selection::parse(Some(&call.body))?);
        let mut query = Query { call, filter, plan, left: limit(&call.body)?, cut: false };
        out.begin();
        if call.resource.item().is_some() {
            query.cards(vec![call.resource.clone()], out).await?;
            return Ok(None);
        }
        // RFC 6352 8.6: with Depth 0 a collection is asked for itself, which is no card. Clients that send no
        // Depth mean the cards.
        if call.depth == Some(Depth::Zero) {
            return Ok(None);
        }
        for book in books_of(call).await? {
            query.book(&book, out).await?;
        }
        if query.cut {
            // RFC 6352 8.6.2
            let more = Name::dav("number-of-matches-within-limits");
            out.status(&call.resource.href(), &Refusal::condition(StatusCode::INSUFFICIENT_STORAGE, more));
        }
        Ok(None)
    }
}

/// `limit/nresults`: the most cards the client wants.
fn limit(body: &Element) -> Reply<usize> {
    let Some(limit) = body.child(CARDDAV, "limit") else { return Ok(usize::MAX) };
    let count = limit.child(CARDDAV, "nresults").and_then(|count| count.text().trim().parse().ok());
    count.filter(|count| *count > 0).ok_or_else(Refusal::bad_request)
}

/// The books that the report is about: the target, or all of a home.
async fn books_of(call: &ReportCall) -> Reply<Vec<Resource>> {
    let Node::Home(_, owner) = &call.resource.node else { return Ok(vec![call.resource.clone()]) };
    let reader = call.context.reader(owner.id).await?;
    let children = reader.children(CollectionId::ROOT, CollectionKind::AddressBook).await?;
    let mut found = Vec::with_capacity(children.len());
    for (_, row) in children {
        found.push(call.context.resolve(&call.resource.path.join(&row.name, true)).await?);
    }
    Ok(found)
}

struct Query<'c> {
    call: &'c ReportCall,
    filter: Filter,
    plan: Plan,
    left: usize,
    cut: bool,
}

impl Query<'_> {
    async fn book(&mut self, book: &Resource, out: &mut Multistatus) -> Reply<()> {
        let mut walk = Walk::of(&self.call.context, book).await?;
        loop {
            let page = walk.next(&self.call.context, |_| true).await?;
            if page.is_empty() || self.cut {
                return Ok(());
            }
            let mut cards = page.into_iter().peekable();
            while cards.peek().is_some() && !self.cut {
                self.cards(cards.by_ref().take(PAGE_COUNT).collect(), out).await?;
            }
        }
    }

    /// Those of some cards that match, as long as there is room.
    async fn cards(&mut self, cards: Vec<Resource>, out: &mut Multistatus) -> Reply<()> {
        if self.filter.props.is_empty() && self.left == usize::MAX {
            let entries = cards.into_iter().map(Into::into).collect();
            return Ok(out.entries(&self.call.context, &self.plan, entries).await?);
        }
        let room = std::sync::atomic::AtomicUsize::new(self.left);
        let cut = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::Relaxed;
        let judge = |octets: &[u8]| {
            if !Card::parse(octets).is_ok_and(|card| self.filter.matches(&card)) {
                return false;
            }
            let fits = room.fetch_update(order, order, |left| left.checked_sub(1)).is_ok();
            cut.fetch_or(!fits, order);
            fits
        };
        judge_bodies(&self.call.context, &self.plan, out, cards, &judge).await?;
        self.left = room.into_inner();
        self.cut |= cut.into_inner();
        Ok(())
    }
}
