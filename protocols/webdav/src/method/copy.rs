//! COPY (RFC 4918 9.8): files share their octets with the copy.

use super::{Method, is_users_own, transfer};
use crate::{Call, Reply, Resource};
use async_trait::async_trait;
use http_door::Response;

/// COPY
#[derive(Debug)]
pub(super) struct Copy;

#[async_trait]
impl Method for Copy {
    fn name(&self) -> &'static str {
        "COPY"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some_and(is_users_own)
    }

    async fn run(&self, call: Call) -> Reply<Response> {
        transfer::run(call, transfer::Way::Copy).await
    }
}
