//! Outcomes as answers: the one place where the store's errors become statuses and precondition elements.

use crate::xml::{Name, Writer};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_door::{Body, Response};
use model::{Error, Rights};

/// A precondition or postcondition that failed (RFC 4918 16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The element inside `DAV:error`.
    pub name: Name,
    /// Resources it names.
    pub hrefs: Vec<String>,
}

/// A request that is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// What failed, when a specification has an element for it.
    pub condition: Option<Condition>,
}

/// How every method and report comes out.
pub type Reply<T = Response> = Result<T, Refusal>;

impl Refusal {
    /// A status alone.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        Self { status, condition: None }
    }

    /// A status with the precondition that failed.
    #[must_use]
    pub fn condition(status: StatusCode, name: Name) -> Self {
        Self { status, condition: Some(Condition { name, hrefs: Vec::new() }) }
    }

    /// 403 with the precondition that failed: repeating the request is of no use (RFC 4918 16).
    #[must_use]
    pub fn forbidden(name: Name) -> Self {
        Self::condition(StatusCode::FORBIDDEN, name)
    }

    /// 400.
    #[must_use]
    pub fn bad_request() -> Self {
        Self::status(StatusCode::BAD_REQUEST)
    }

    /// Adds a resource that the precondition is about.
    #[must_use]
    pub fn about(mut self, href: String) -> Self {
        if let Some(condition) = &mut self.condition {
            condition.hrefs.push(href);
        }
        self
    }

    /// Writes `<D:error>` with the condition, when there is one.
    pub fn write(&self, out: &mut Writer) {
        let Some(condition) = &self.condition else { return };
        const ERROR: Name = Name::dav("error");
        out.open(&ERROR);
        self.write_condition(condition, out);
        out.close(&ERROR);
    }

    fn write_condition(&self, condition: &Condition, out: &mut Writer) {
        if condition.hrefs.is_empty() {
            out.empty(&condition.name);
            return;
        }
        out.open(&condition.name);
        for href in &condition.hrefs {
            out.href(href);
        }
        out.close(&condition.name);
    }

    /// The answer.
    #[must_use]
    pub fn into_response(self) -> Response {
        let body = match &self.condition {
            None => Body::empty(),
            Some(condition) => {
                const ERROR: Name = Name::dav("error");
                let mut out = Writer::new();
                out.root(&ERROR);
                self.write_condition(condition, &mut out);
                out.close(&ERROR);
                Body::from_bytes(Bytes::from(out.into_string()))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        if self.condition.is_some() {
            response.headers_mut().insert(header::CONTENT_TYPE, XML_TYPE);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// The media type of every XML answer.
pub(crate) const XML_TYPE: HeaderValue = HeaderValue::from_static("application/xml; charset=utf-8");

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::status(StatusCode::NOT_FOUND),
            // RFC 3744 7.1.1
            Error::Forbidden(_) => Self::forbidden(Name::dav("need-privileges")),
            Error::Exists => Self::status(StatusCode::METHOD_NOT_ALLOWED),
            Error::Conflict => Self::status(StatusCode::CONFLICT),
            Error::Locked => Self::status(StatusCode::LOCKED),
            Error::PreconditionFailed => Self::status(StatusCode::PRECONDITION_FAILED),
            // RFC 6578 3.2
            Error::StaleToken => Self::forbidden(Name::dav("valid-sync-token")),
            // RFC 4331 6
            Error::OverQuota => {
                Self::condition(StatusCode::INSUFFICIENT_STORAGE, Name::dav("quota-not-exceeded"))
            }
            // RFC 4331 6
            Error::DiskFull => {
                Self::condition(StatusCode::INSUFFICIENT_STORAGE, Name::dav("sufficient-disk-space"))
            }
            Error::TooLarge(_) => Self::status(StatusCode::PAYLOAD_TOO_LARGE),
            Error::Invalid(_) => Self::status(StatusCode::BAD_REQUEST),
            Error::Unavailable => Self::status(StatusCode::SERVICE_UNAVAILABLE),
            _ => Self::status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// What anyone needs who changes content and membership.
const WRITE_ALL: Rights = Rights::WRITE.union(Rights::INSERT).union(Rights::DELETE).union(Rights::ADMINISTER);

/// The DAV privileges that stand for rights (RFC 3744 3), the aggregates before what they hold.
pub(crate) const PRIVILEGES: &[(Rights, Name)] = &[
    (Rights::OWNER, Name::dav("all")),
    (Rights::READ, Name::dav("read")),
    (WRITE_ALL, Name::dav("write")),
    (Rights::WRITE, Name::dav("write-content")),
    (Rights::ADMINISTER, Name::dav("write-properties")),
    (Rights::INSERT, Name::dav("bind")),
    (Rights::DELETE, Name::dav("unbind")),
    (Rights::WRITE, Name::dav("unlock")),
    (Rights::LOOKUP, Name::dav("read-current-user-privilege-set")),
];
