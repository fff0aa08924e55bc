//! MOVE (RFC 4918 9.9): a tree moves by one record.

use super::{Method, is_users_own, transfer};
use crate::{Call, Reply, Resource};
use async_trait::async_trait;
use http_door::Response;

/// MOVE
#[derive(Debug)]
pub(super) struct Move;

#[async_trait]
impl Method for Move {
    fn name(&self) -> &'static str {
        "MOVE"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some_and(is_users_own)
    }

    async fn run(&self, call: Call) -> Reply<Response> {
        transfer::run(call, transfer::Way::Move).await
    }
}
