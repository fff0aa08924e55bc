//! What an application behind this door looks like.

use crate::{Body, Path, RequestBody};
use async_trait::async_trait;
use http::{HeaderMap, Method, StatusCode, header};
use model::Principal;
use std::sync::Arc;

/// A request whose sender is proved.
#[derive(Debug)]
pub struct Request {
    /// The method; extension methods as they are spelled.
    pub method: Method,
    /// The target's path, decoded once.
    pub path: Path,
    /// The target's query, as it came.
    pub query: Option<String>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The authority the client believes to talk to (`Host` or `:authority`).
    pub authority: Option<String>,
    /// The content, not read yet.
    pub body: RequestBody,
    /// Who sent it, as this request's own credentials prove.
    pub principal: Arc<Principal>,
}

/// An answer, its content whole or streamed.
pub type Response = http::Response<Body>;

/// Serves some part of the path space.
#[async_trait]
pub trait App: Send + Sync + 'static {
    /// Names under `/.well-known/` (RFC 8615) and the path that each leads to.
    fn well_known(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Whether requests of this path are for this application.
    fn serves(&self, path: &Path) -> bool;

    /// Answers a request. Failures are answers too.
    async fn handle(&self, request: Request) -> Response;
}

/// A short answer in plain text.
#[must_use]
pub fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from_static(text));
    *response.status_mut() = status;
    if !text.is_empty() {
        let value = header::HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
