//! GET and HEAD of objects (RFC 9110 9.3, 13, 14): conditional, with one byte range, streamed; and of collections that
//! are one file too, as a calendar is.

mod whole;

use super::{Method, empty};
use crate::{Call, Conditions, Form, Forms, ItemNode, Node, Refusal, Reply, Resource, date};
use async_trait::async_trait;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_door::{Body, Response};
use model::{CollectionKind, Error, Rights};
use std::ops::Range;

/// GET, or HEAD.
#[derive(Debug)]
pub(super) struct Get {
    /// Whether it is HEAD.
    pub(super) head: bool,
}

/// What the `Range` field asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Unsatisfiable,
}

#[async_trait]
impl Method for Get {
    fn name(&self) -> &'static str {
        if self.head { "HEAD" } else { "GET" }
    }

    fn allowed(&self, resource: Option<&Resource>) -> bool {
        resource.is_some_and(|resource| match &resource.node {
            Node::Item(_) => true,
            Node::Collection(node) => node.tree.gather(&node.row, "").is_some(),
            _ => false,
        })
    }

    async fn run(&self, call: Call) -> Reply<Response> {
        let resource = call.found()?;
        if let Node::Collection(node) = &resource.node {
            return whole::answer(&call, resource, node, self.head).await;
        }
        let item = resource.item().ok_or(Error::NotFound)?;
        let account = item.collection.owner.id;
        if !item.collection.rights.contains(Rights::READ) {
            return Err(Error::Forbidden(Rights::READ).into());
        }
        let reader = call.context.reader(account).await?;
        let conditions = Conditions::parse(&call.headers)?;
        conditions.hold(&call.context, &reader, (&call.path, Some(resource)), true).await?;
        if conditions.unchanged(&item.etag(), item.row.modified) {
            let mut response = empty(StatusCode::NOT_MODIFIED);
            describe(item, response.headers_mut());
            response.headers_mut().remove(header::CONTENT_TYPE);
            return Ok(response);
        }
        if let Some((forms, form)) = form(&call.headers, item) {
            let body = reader.object_body(item.row.item).await?;
            let octets = call.context.store().body(&body, 0..body.size).collect().await?;
            let made = (form.make)(&octets).ok_or_else(|| forms.refused())?;
            return Ok(turned(item, form, made, self.head));
        }
        let size = item.row.size;
        // RFC 9110 14.2: ranges are for GET.
        let asked = if self.head { Asked::Whole } else { asked(&call.headers, item) };
        let range = match asked {
            Asked::Unsatisfiable => return Ok(unsatisfiable(size)),
            Asked::Part(range) => Some(range),
            Asked::Whole => None,
        };
        let span = range.clone().unwrap_or(0..size);
        let length = span.end - span.start;
        let content = if self.head || length == 0 {
            Body::empty()
        } else {
            let body = reader.object_body(item.row.item).await?;
            let pieces = call.context.store().body(&body, span.clone());
            let next = |mut pieces: store::BodyStream| async move {
                pieces.next().await.transpose().map(|piece| (piece, pieces))
            };
            Body::stream(stream::unfold(pieces, next), Some(length))
        };
        let mut response = Response::new(content);
        let headers = response.headers_mut();
        describe(item, headers);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if range.is_some() {
            let value = format!("bytes {}-{}/{size}", span.start, span.end.saturating_sub(1));
            set(headers, header::CONTENT_RANGE, &value);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }
}

/// Another form of the object, where that is what the client takes.
fn form<'i>(headers: &HeaderMap, item: &'i ItemNode) -> Option<(&'i dyn Forms, Form)> {
    let forms = item.collection.tree.forms()?;
    Some((forms, forms.other(&item.row.content_type, &accept(headers))?))
}

/// The `Accept` fields as one.
fn accept(headers: &HeaderMap) -> String {
    let fields = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    fields.collect::<Vec<_>>().join(",")
}

/// The answer in another form. It has the object's own ETag: that is what a client changes the object with.
fn turned(item: &ItemNode, form: Form, made: Vec<u8>, head: bool) -> Response {
    let length = HeaderValue::from(made.len());
    let mut response = Response::new(if head { Body::empty() } else { Body::from_bytes(made.into()) });
    let headers = response.headers_mut();
    describe(item, headers);
    headers.remove(header::ACCEPT_RANGES);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type));
    headers.insert(header::CONTENT_LENGTH, length);
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn describe(item: &ItemNode, headers: &mut HeaderMap) {
    set(headers, header::ETAG, &item.etag());
    set(headers, header::LAST_MODIFIED, &date::http(item.row.modified));
    set(headers, header::CONTENT_TYPE, &item.row.content_type);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if item.collection.tree.forms().is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
    }
    if item.collection.row.kind == CollectionKind::Folder {
        // A file is data: no browser may run it as a page of this origin.
        let policy = HeaderValue::from_static("sandbox; default-src 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
}

fn unsatisfiable(size: u64) -> Response {
    let mut response = Refusal::status(StatusCode::RANGE_NOT_SATISFIABLE).into_response();
    set(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

/// RFC 9110 14.2: a field that cannot be read, several ranges, or a failed `If-Range` mean the whole.
fn asked(headers: &HeaderMap, item: &ItemNode) -> Asked {
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Asked::Whole;
    };
    if let Some(validator) = headers.get(header::IF_RANGE) {
        // RFC 9110 13.1.5: only a strong validator holds, and a date is none where clients set it (X-OC-Mtime).
        if validator.to_str().unwrap_or_default().trim() != item.etag() {
            return Asked::Whole;
        }
    }
    one_range(range, item.row.size)
}

fn one_range(text: &str, size: u64) -> Asked {
    let Some((unit, set)) = text.split_once('=') else { return Asked::Whole };
    let Some((first, last)) = set.trim().split_once('-').filter(|_| !set.contains(',')) else {
        return Asked::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::Whole;
    }
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(suffix)) if first.trim().is_empty() => size.saturating_sub(suffix)..size,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Unsatisfiable }
}

#[cfg(test)]
mod tests;
