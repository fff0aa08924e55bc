//! PROPFIND (RFC 4918 9.1): pages of covering rows, streamed.

use super::Method;
use crate::app::prefers;
use crate::context::{Context, PRINCIPALS, ROOT, item_of};
use crate::kinds::Members;
use crate::limits::LISTING_PAGE_COUNT;
use crate::multistatus::{Multistatus, drive};
use crate::property::{Plan, Selection};
use crate::resource::CollectionNode;
use crate::xml::{DAV, Element, Name};
use crate::{Call, Depth, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use http_door::{Path, Response};
use model::{CollectionId, Rights};
use std::sync::Arc;

/// PROPFIND
#[derive(Debug)]
pub(super) struct Propfind;

#[async_trait]
impl Method for Propfind {
    fn name(&self) -> &'static str {
        "PROPFIND"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some()
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        let body = call.xml().await?;
        if body.as_ref().is_some_and(|body| !body.is(DAV, "propfind")) {
            return Err(Refusal::bad_request());
        }
        // RFC 4918 A.4: a question in which nothing is understood is a mistake, not one for everything.
        let asks = |body: &Element| {
            ["prop", "allprop", "propname"].iter().any(|name| body.child(DAV, name).is_some())
        };
        if body.as_ref().is_some_and(|body| !asks(body)) {
            return Err(Refusal::bad_request());
        }
        let selection = Selection::parse(body.as_ref())?;
        let resource = call.found()?.clone();
        // RFC 4918 9.1: no Depth means infinity.
        let deep = match call.depth()?.unwrap_or(Depth::Infinity) {
            Depth::Zero => false,
            Depth::One => true,
            Depth::Infinity => bounded(&resource)?,
        };
        // RFC 8144 3: at Depth 0 there would be nothing left to tell.
        let rootless = deep && prefers(&call.headers, "depth-noroot");
        let applied = if call.context.minimal() { "depth-noroot, return=minimal" } else { "depth-noroot" };
        let context = call.context;
        let mut response = drive(move |mut out| async move {
            let plan = Plan::new(&context, &selection);
            if !rootless {
                out.resource(&context, &plan, resource.clone()).await?;
            }
            if deep {
                members(&context, &plan, &resource, &mut out).await?;
            }
            Ok((None, out))
        })
        .await?;
        if rootless {
            let applied = HeaderValue::from_static(applied);
            response.headers_mut().insert(HeaderName::from_static("preference-applied"), applied);
        }
        Ok(response)
    }
}

/// Whether everything below is one level away; a walk of whole trees is refused (RFC 4918 9.1.1).
fn bounded(resource: &Resource) -> Reply<bool> {
    match &resource.node {
        Node::Item(_) | Node::Principal(_) => Ok(false),
        Node::Collection(collection) if !collection.tree.nested() => Ok(true),
        _ => Err(Refusal::forbidden(Name::dav("propfind-finite-depth"))),
    }
}

/// Writes what lies directly in a resource.
async fn members(context: &Context, plan: &Plan, resource: &Resource, out: &mut Multistatus) -> Reply<()> {
    match &resource.node {
        Node::Item(_) | Node::Principal(_) => {}
        Node::Root => {
            let top = |name: &str, node| {
                let path = Path::from_names(vec![ROOT.to_owned(), name.to_owned()], true);
                Resource { path, node }
            };
            out.resource(context, plan, top(PRINCIPALS, Node::Principals)).await?;
            for tree in context.registry.trees() {
                out.resource(context, plan, top(tree.segment(), Node::Homes(tree.clone()))).await?;
            }
        }
        Node::Principals => {
            // The directory is not to be listed by those who do not run it: each sees itself and its groups.
            let own = context.principal_path(&context.principal().address);
            out.resource(context, plan, context.resolve(&own).await?).await?;
            for group in context.groups() {
                let path = context.principal_path(&group.address);
                out.resource(context, plan, Resource { path, node: Node::Principal(group.clone()) }).await?;
            }
        }
        Node::Homes(tree) => {
            let own = &context.principal().address;
            for address in std::iter::once(own).chain(context.groups().iter().map(|group| &group.address)) {
                let names = [ROOT, tree.segment(), address.as_str()];
                let path = Path::from_names(names.map(str::to_owned).to_vec(), true);
                out.resource(context, plan, context.resolve(&path).await?).await?;
            }
        }
        Node::Home(tree, owner) => {
            let reader = context.reader(owner.id).await?;
            for (id, row) in reader.children(CollectionId::ROOT, tree.kind()).await? {
                let rights = reader.rights_on(&row);
                let path = resource.path.join(&row.name, true);
                let node = CollectionNode {
                    tree: tree.clone(),
                    owner: owner.clone(),
                    id,
                    row,
                    rights,
                    quota: reader.quota(),
                };
                out.resource(context, plan, Resource { path, node: Node::Collection(Arc::new(node)) })
                    .await?;
            }
        }
        Node::Collection(node) => collection(context, plan, (resource, node), out).await?,
    }
    Ok(())
}

async fn collection(
    context: &Context,
    plan: &Plan,
    (resource, node): (&Resource, &Arc<CollectionNode>),
    out: &mut Multistatus,
) -> Reply<()> {
    let reader = context.reader(node.owner.id).await?;
    if node.tree.nested() {
        for (id, row) in reader.children(node.id, node.row.kind).await? {
            let path = resource.path.join(&row.name, true);
            let inner = CollectionNode {
                tree: node.tree.clone(),
                owner: node.owner.clone(),
                id,
                rights: reader.rights_on(&row),
                row,
                quota: node.quota,
            };
            out.resource(context, plan, Resource { path, node: Node::Collection(Arc::new(inner)) }).await?;
        }
    }
    let members = Members::open(&reader, node.row.kind, node.id, Rights::READ).await?;
    let mut after = None;
    loop {
        let page = members.page(&reader, after.as_ref(), LISTING_PAGE_COUNT).await?;
        let full = page.len() == LISTING_PAGE_COUNT;
        after = page.last().map(|(name, _)| name.clone());
        let entries = page.into_iter().map(|(name, row)| item_of(resource, node, &name, row).into());
        out.entries(context, plan, entries.collect()).await?;
        if !full {
            return Ok(());
        }
    }
}
