//! MKCALENDAR (RFC 4791 5.3.1): a calendar with its first properties, all of it or nothing.

use crate::calendars::Calendars;
use crate::refusal::forbidden;
use async_trait::async_trait;
use http::StatusCode;
use http_door::Response;
use std::sync::Arc;
use webdav::method::{Creation, make_collection};
use webdav::xml::{CALDAV, Name};
use webdav::{Call, Method, Refusal, Reply, Resource};

/// MKCALENDAR
#[derive(Debug)]
pub(super) struct Mkcalendar;

#[async_trait]
impl Method for Mkcalendar {
    fn name(&self) -> &'static str {
        "MKCALENDAR"
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_none()
    }

    async fn run(&self, mut call: Call) -> Reply<Response> {
        let body = call.xml().await?;
        if body.as_ref().is_some_and(|body| !body.is(CALDAV, "mkcalendar")) {
            return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let answer = Name::new(CALDAV, "mkcalendar-response");
        let creation = Creation { method: self.name(), tree: Arc::new(Calendars), body, answer };
        make_collection(call, creation).await.map_err(|refusal| {
            // RFC 4791 5.3.1.1 has a name for a place where no calendar can be.
            let bare = refusal.status == StatusCode::FORBIDDEN && refusal.condition.is_none();
            if bare { forbidden("calendar-collection-location-ok") } else { refusal }
        })
    }
}
