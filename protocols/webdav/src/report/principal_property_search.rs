//! `DAV:principal-property-search` (RFC 3744 9.4): by name among the principal and its groups, by whole address
//! among all.
//!
//! The directory is not to be harvested with guesses, so that others are found by those who know their address.

use super::principal_search_property_set::SEARCHABLE;
use super::{Report, ReportCall};
use crate::limits::{PROPERTY_COUNT_MAX, SEARCH_COUNT_MAX};
use crate::property::{Plan, Selection};
use crate::xml::{CALDAV, DAV, Element, Name};
use crate::{Context, Multistatus, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use directory::Account;
use http_door::Response;
use std::sync::Arc;

/// `principal-property-search`
#[derive(Debug)]
pub(super) struct PrincipalPropertySearch;

struct Search {
    name: Name,
    text: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Contains,
    Equals,
    StartsWith,
    EndsWith,
}

#[async_trait]
impl Report for PrincipalPropertySearch {
    fn name(&self) -> Name {
        Name::dav("principal-property-search")
    }

    fn applies(&self, resource: &Resource) -> bool {
        // macOS asks this of any principal and of the root, and means the whole set; python-caldav asks it of
        // whatever URL it was given, a home as often as not.
        use Node::{Home, Homes, Principal, Principals, Root};
        matches!(resource.node, Principals | Principal(_) | Root | Homes(_) | Home(..))
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        let context = &call.context;
        let any = call.body.attribute("test").is_some_and(|test| test.eq_ignore_ascii_case("anyof"));
        let searches: Vec<_> = call
            .body
            .elements()
            .filter(|element| element.is(DAV, "property-search"))
            .flat_map(read)
            .collect();
        if searches.len() > SEARCH_COUNT_MAX {
            return Err(Refusal::bad_request());
        }
        let plan = Plan::new(context, &wanted(&call.body)?);
        out.begin();
        // No search at all finds whomever the principal may know of without asking.
        let any = any && !searches.is_empty();
        for account in candidates(context, &searches).await? {
            let mut hits = searches.iter().map(|search| search.matches(&account));
            if if any { hits.any(|hit| hit) } else { hits.all(|hit| hit) } {
                let path = context.principal_path(&account.address);
                out.resource(context, &plan, Resource { path, node: Node::Principal(account) }).await?;
            }
        }
        Ok(None)
    }
}

/// The properties asked for. python-caldav writes them behind an empty `DAV:prop` instead of into it.
fn wanted(body: &Element) -> Reply<Selection> {
    let selection = Selection::parse(Some(body))?;
    if selection != Selection::Named(Vec::new()) {
        return Ok(selection);
    }
    let known = ["prop", "property-search", "apply-to-principal-collection-set"];
    let strays = body.elements().filter(|element| !known.iter().any(|name| element.is(DAV, name)));
    Ok(Selection::Named(strays.take(PROPERTY_COUNT_MAX).cloned().collect()))
}

fn read(element: &Element) -> Vec<Search> {
    let Some(wanted) = element.child(DAV, "match") else { return Vec::new() };
    let kind = match wanted.attribute("match-type") {
        Some("equals") => Kind::Equals,
        Some("starts-with") => Kind::StartsWith,
        Some("ends-with") => Kind::EndsWith,
        _ => Kind::Contains,
    };
    let text = wanted.text().trim().to_lowercase();
    let names = element.elements().filter(|prop| prop.is(DAV, "prop")).flat_map(Element::elements);
    names.map(|name| Search { name: name.name.clone(), text: text.clone(), kind }).collect()
}

async fn candidates(context: &Context, searches: &[Search]) -> Reply<Vec<Arc<Account>>> {
    let own = context.account(context.principal().address.as_str()).await?;
    let mut found: Vec<Arc<Account>> = own.into_iter().chain(context.groups().iter().cloned()).collect();
    for search in searches {
        let text = search.text.strip_prefix("mailto:").unwrap_or(&search.text);
        if let Some(account) = context.account(text).await?
            && !found.iter().any(|known| known.id == account.id)
        {
            found.push(account);
        }
    }
    Ok(found)
}

impl Search {
    fn matches(&self, account: &Account) -> bool {
        if !SEARCHABLE.iter().any(|(name, _)| *name == self.name) {
            return false;
        }
        if self.name.is(CALDAV, "calendar-user-address-set") {
            let mut addresses = account.addresses.iter().map(|address| format!("mailto:{address}"));
            return addresses.any(|address| self.hit(&address));
        }
        self.hit(&account.name.to_lowercase())
    }

    fn hit(&self, value: &str) -> bool {
        match self.kind {
            Kind::Contains => value.contains(&self.text),
            Kind::Equals => value == self.text,
            Kind::StartsWith => value.starts_with(&self.text),
            Kind::EndsWith => value.ends_with(&self.text),
        }
    }
}
