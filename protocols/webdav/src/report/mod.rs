//! Reports (RFC 3253 3.6): one file each, one line each in [`all`].

mod expand_property;
mod principal_match;
mod principal_property_search;
mod principal_search_property_set;
mod sync_collection;

mod objects;

pub(crate) use objects::page_of;
pub use objects::{Multiget, Walk, judge_bodies, with_bodies};

use crate::xml::{Element, Name};
use crate::{Context, Depth, Multistatus, Reply, Resource};
use async_trait::async_trait;
use http_door::Response;
use std::sync::Arc;

/// One REPORT request.
#[derive(Debug)]
pub struct ReportCall {
    /// Who asks, and the snapshots that the request reads from.
    pub context: Arc<Context>,
    /// The target, which is there.
    pub resource: Resource,
    /// The body's root element, whose name is the report's.
    pub body: Element,
    /// The `Depth` header; RFC 3253 3.6 makes a missing one zero.
    pub depth: Option<Depth>,
}

/// One report.
#[async_trait]
pub trait Report: Send + Sync + 'static {
    /// The root element that asks for it.
    fn name(&self) -> Name;

    /// Whether it may be asked of this resource: decides between a run and 403 `supported-report`, and what
    /// `supported-report-set` tells.
    fn applies(&self, resource: &Resource) -> bool;

    /// Answers. Most write responses into `out` and return `None`; a report whose answer is no multistatus
    /// (free-busy-query) writes nothing and returns the whole response.
    ///
    /// # Errors
    /// The refusal that becomes the answer, as long as nothing of `out` went onto the wire; later the
    /// connection is cut, so that the client does not take a part for the whole.
    async fn run(&self, call: &ReportCall, out: &mut Multistatus) -> Reply<Option<Response>>;
}

/// The reports of the core.
pub(crate) fn all() -> Vec<Arc<dyn Report>> {
    vec![
        Arc::new(sync_collection::SyncCollection),
        Arc::new(expand_property::ExpandProperty),
        Arc::new(principal_match::PrincipalMatch),
        Arc::new(principal_property_search::PrincipalPropertySearch),
        Arc::new(principal_search_property_set::PrincipalSearchPropertySet),
    ]
}
