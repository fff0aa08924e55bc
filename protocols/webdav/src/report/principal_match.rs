//! `DAV:principal-match` (RFC 3744 9.3): the principals in a collection that are the one who asks.

use super::{Report, ReportCall};
use crate::property::{Plan, Selection};
use crate::xml::{DAV, Name};
use crate::{Multistatus, Node, Refusal, Reply, Resource};
use async_trait::async_trait;
use http_door::Response;

/// `principal-match`
#[derive(Debug)]
pub(super) struct PrincipalMatch;

#[async_trait]
impl Report for PrincipalMatch {
    fn name(&self) -> Name {
        Name::dav("principal-match")
    }

    fn applies(&self, resource: &Resource) -> bool {
        matches!(resource.node, Node::Principals)
    }

    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>> {
        // By property would ask which resources belong to a principal: there are none among principals.
        if call.body.child(DAV, "self").is_none() {
            return Err(Refusal::bad_request());
        }
        let context = &call.context;
        let plan = Plan::new(context, &Selection::parse(Some(&call.body))?);
        out.begin();
        let own = context.principal_path(&context.principal().address);
        out.resource(context, &plan, context.resolve(&own).await?).await?;
        for group in context.groups() {
            let path = context.principal_path(&group.address);
            out.resource(context, &plan, Resource { path, node: Node::Principal(group.clone()) }).await?;
        }
        Ok(None)
    }
}
