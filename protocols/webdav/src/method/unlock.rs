//! UNLOCK (RFC 4918 9.11): only the principal that took a lock may end it.

use super::{Method, done, look_up};
use crate::lock::Place;
use crate::xml::Name;
use crate::{Call, Refusal, Reply, Resource};
use async_trait::async_trait;
use http::{HeaderName, StatusCode};
use http_door::Response;
use model::{Error, Rights};

/// UNLOCK
#[derive(Debug)]
pub(super) struct Unlock;

#[async_trait]
impl Method for Unlock {
    fn name(&self) -> &'static str {
        "UNLOCK"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some_and(|resource| resource.collection().is_some())
    }

    async fn run(&self, call: Call) -> Reply<Response> {
        let header = call.header(HeaderName::from_static("lock-token"))?.ok_or_else(Refusal::bad_request)?;
        // Old Windows leaves the brackets out.
        let token = header.trim_start_matches('<').trim_end_matches('>');
        let owner = call.found()?.owner().ok_or(Error::NotFound)?.id;
        let mut writer = call.context.writer(owner).await?;
        let resource = look_up(&call, &call.path, &writer).await?.ok_or(Error::NotFound)?;
        let place = Place::of(&writer, &resource).await?.ok_or(Error::NotFound)?;
        let locks = writer.locks().await?;
        let found = locks.iter().find(|lock| lock.token == token && place.covered_by(lock));
        let Some(lock) = found else {
            let name = Name::dav("lock-token-matches-request-uri");
            return Err(Refusal::condition(StatusCode::CONFLICT, name));
        };
        if lock.principal != call.context.principal().account {
            return Err(Error::Forbidden(Rights::WRITE).into());
        }
        writer.remove_lock(lock);
        let committed = writer.commit(StatusCode::NO_CONTENT).await?;
        Ok(done(&committed))
    }
}
