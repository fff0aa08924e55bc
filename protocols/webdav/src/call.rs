//! One request on its way through a method.

use crate::limits::XML_BYTES_MAX;
use crate::xml::Element;
use crate::{Context, Refusal, Reply, Resource};
use http::{HeaderMap, HeaderName, StatusCode};
use http_door::{Path, RequestBody};
use model::Error;
use std::sync::Arc;

/// The `Depth` header (RFC 4918 10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The resource itself.
    Zero,
    /// And its members.
    One,
    /// And all below.
    Infinity,
}

/// One request.
#[derive(Debug)]
pub struct Call {
    /// Who asks, and the snapshots that the request reads from.
    pub context: Arc<Context>,
    /// The target.
    pub path: Path,
    /// What is there; `None` when nothing is, or nothing that the principal may know of.
    pub resource: Option<Resource>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The content.
    pub body: RequestBody,
}

impl Call {
    /// The target, which must be there.
    ///
    /// # Errors
    /// 404.
    pub fn found(&self) -> Reply<&Resource> {
        self.resource.as_ref().ok_or_else(|| Error::NotFound.into())
    }

    /// A header field as text; `None` when it is absent, 400 when it is no text.
    ///
    /// # Errors
    /// 400 for octets that are not visible ASCII.
    pub fn header(&self, name: impl Into<HeaderName>) -> Reply<Option<&str>> {
        match self.headers.get(name.into()) {
            None => Ok(None),
            Some(value) => value.to_str().map(|text| Some(text.trim())).map_err(|_| Refusal::bad_request()),
        }
    }

    /// The `Depth` header; `None` when there is none.
    ///
    /// # Errors
    /// 400 for a value that is not 0, 1 or infinity.
    pub fn depth(&self) -> Reply<Option<Depth>> {
        let depth = match self.header(HeaderName::from_static("depth"))? {
            None => return Ok(None),
            Some("0") => Depth::Zero,
            Some("1") => Depth::One,
            Some(text) if text.eq_ignore_ascii_case("infinity") => Depth::Infinity,
            Some(_) => return Err(Refusal::bad_request()),
        };
        Ok(Some(depth))
    }

    /// The XML content; `None` when there is no content at all.
    ///
    /// # Errors
    /// 400 for what is no XML, 413 past [`XML_BYTES_MAX`].
    pub async fn xml(&mut self) -> Reply<Option<Element>> {
        let octets = self.body.collect(XML_BYTES_MAX).await?;
        if octets.is_empty() {
            return Ok(None);
        }
        Element::parse(&octets).map(Some).map_err(Refusal::from)
    }

    /// Refuses content in a request that has no use for it (RFC 4918 8.4).
    ///
    /// # Errors
    /// 415 when there is content.
    pub async fn no_content(&mut self) -> Reply<()> {
        match self.body.next().await? {
            None => Ok(()),
            Some(_) => Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
        }
    }
}
