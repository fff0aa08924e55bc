//! Methods: one file each, one line each in [`all`].

use crate::{Call, Reply, Resource};
use async_trait::async_trait;
use http_door::Response;
use std::sync::Arc;

/// One HTTP method.
#[async_trait]
pub trait Method: Send + Sync + 'static {
    /// As it stands in the request line.
    fn name(&self) -> &'static str;

    /// Whether it may be tried on this resource (`None`: a path where nothing is). Decides between a run and
    /// 405, and what `Allow` tells.
    fn allowed(&self, resource: Option<&Resource>) -> bool;

    /// Does it.
    ///
    /// # Errors
    /// The refusal that becomes the answer.
    async fn run(&self, call: Call) -> Reply<Response>;
}

/// The methods of the core.
pub(crate) fn all() -> Vec<Arc<dyn Method>> {
    vec![]
}
