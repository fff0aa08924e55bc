//! OPTIONS (RFC 9110 9.3.7, RFC 4918 10.1).

use super::{Method, empty};
use crate::app::allowed;
use crate::{Call, Reply, Resource};
use async_trait::async_trait;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_door::Response;

/// OPTIONS
#[derive(Debug)]
pub(super) struct Options;

#[async_trait]
impl Method for Options {
    fn name(&self) -> &'static str {
        "OPTIONS"
    }

    fn allowed(&self, _resource: Option<&Resource>) -> bool {
        true
    }

    async fn run(&self, call: Call) -> Reply<Response> {
        let registry = &call.context.registry;
        let mut response = empty(StatusCode::OK);
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        set(header::ALLOW, &allowed(registry, call.resource.as_ref()));
        set(HeaderName::from_static("dav"), registry.classes());
        // Windows takes a share for a drive only with this.
        set(HeaderName::from_static("ms-author-via"), "DAV");
        Ok(response)
    }
}
