//! Contents: requests' read under deadlines, answers' whole or streamed.

use crate::door::Busy;
use crate::limits::{BODY_GRACE_TIME, BODY_IDLE_TIME_MAX, BODY_RATE_MIN, WRITE_PIECE_BYTES};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use model::{Error, Result};
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// A request's content.
pub struct RequestBody {
    source: Source,
    length: Option<u64>,
    received: u64,
    since: Option<Instant>,
    /// Where what was not read goes when an application is done with it.
    rest: Option<Rest>,
}

/// A place for a content that was not read to its end.
pub(crate) type Rest = Arc<Mutex<Option<RequestBody>>>;

enum Source {
    Wire(Incoming),
    Memory(Option<Bytes>),
    Nothing,
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(rest) = self.rest.take() else { return };
        let source = std::mem::replace(&mut self.source, Source::Nothing);
        let left =
            Self { source, length: self.length, received: self.received, since: self.since, rest: None };
        *rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
    }
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, length: Option<u64>) -> (Self, Rest) {
        let rest = Rest::default();
        let body = Self {
            source: Source::Wire(incoming),
            length,
            received: 0,
            since: None,
            rest: Some(rest.clone()),
        };
        (body, rest)
    }

    /// Reads on to the end and forgets it, as far as `limit` octets and `time` go: a client that is cut off
    /// while it sends cannot read the answer.
    pub(crate) async fn discard(mut self, limit: u64, time: Duration) {
        let Source::Wire(incoming) = &self.source else { return };
        if incoming.is_end_stream()
            || self.length.is_some_and(|length| length - self.received.min(length) > limit)
        {
            return;
        }
        let most = self.received.saturating_add(limit);
        let reading = async { while self.received < most && matches!(self.next().await, Ok(Some(_))) {} };
        // Whoever takes longer is cut off after all.
        let _ = tokio::time::timeout(time, reading).await;
    }

    /// Whether the application has begun to read.
    pub(crate) fn is_begun(&self) -> bool {
        self.since.is_some()
    }

    /// From memory, for tests of applications.
    #[must_use]
    pub fn from_bytes(bytes: Bytes) -> Self {
        let length = Some(bytes.len() as u64);
        Self { source: Source::Memory(Some(bytes)), length, received: 0, since: None, rest: None }
    }

    /// How many octets the client announced; `None` when it sends chunks.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next octets; `None` at the true end.
    ///
    /// # Errors
    /// `Invalid` when the content breaks off before its announced end; `Unavailable` when the client is
    /// slower than [`BODY_RATE_MIN`] or silent for [`BODY_IDLE_TIME_MAX`].
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let incoming = match &mut self.source {
            Source::Nothing => return Ok(None),
            Source::Memory(bytes) => return Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Source::Wire(incoming) => incoming,
        };
        let since = *self.since.get_or_insert_with(Instant::now);
        loop {
            let earned = Duration::from_secs(self.received / BODY_RATE_MIN);
            let deadline = (since + BODY_GRACE_TIME + earned).min(Instant::now() + BODY_IDLE_TIME_MAX);
            let frame = match tokio::time::timeout_at(deadline, incoming.frame()).await {
                Err(_) => return Err(Error::Unavailable),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Error::Invalid("the content broke off")),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers carry nothing that we use.
            if let Ok(data) = frame.into_data()
                && !data.is_empty()
            {
                self.received = self.received.saturating_add(data.len() as u64);
                return Ok(Some(data));
            }
        }
    }

    /// The whole content, when it has at most `limit` octets.
    ///
    /// # Errors
    /// `TooLarge(limit)`, before anything is read when the length was announced; as [`RequestBody::next`].
    pub async fn collect(&mut self, limit: u64) -> Result<Bytes> {
        if self.length.is_some_and(|length| length > limit) {
            return Err(Error::TooLarge(limit));
        }
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let mut all = BytesMut::from(first);
        while all.len() as u64 <= limit {
            match self.next().await? {
                Some(more) => all.extend_from_slice(&more),
                None => return Ok(all.freeze()),
            }
        }
        Err(Error::TooLarge(limit))
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Some octets of an answer, or the sign that it cannot be finished: the connection is cut then, so that the
/// client cannot take what it has for the whole.
type Piece = Result<Bytes>;

/// An answer's content.
pub struct Body {
    content: Content,
    /// The sign that the connection is at work, given back when the answer has gone out.
    busy: Option<Busy>,
}

enum Content {
    Whole(Option<Bytes>),
    Streamed {
        pieces: Pin<Box<dyn Stream<Item = Piece> + Send>>,
        left: Option<u64>,
        /// What is left of the last piece where a client is given less at a time.
        ahead: Bytes,
    },
}

impl Body {
    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::of(Content::Whole(None))
    }

    /// These octets.
    #[must_use]
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self::of(Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub(crate) fn from_static(text: &'static str) -> Self {
        Self::from_bytes(Bytes::from_static(text.as_bytes()))
    }

    /// A stream; `length` when it is known.
    #[must_use]
    pub fn stream(pieces: impl Stream<Item = Piece> + Send + 'static, length: Option<u64>) -> Self {
        Self::of(Content::Streamed { pieces: Box::pin(pieces), left: length, ahead: Bytes::new() })
    }

    fn of(content: Content) -> Self {
        Self { content, busy: None }
    }

    pub(crate) fn holding(mut self, busy: Busy) -> Self {
        busy.handed();
        self.busy = Some(busy);
        self
    }

    /// The whole content, for tests.
    ///
    /// # Errors
    /// What the stream fails with.
    pub async fn collect(self) -> Result<Bytes> {
        BodyExt::collect(self).await.map(http_body_util::Collected::to_bytes).map_err(|cut| cut.0)
    }
}

impl Content {
    /// The next octets, at most `most` of a stream's.
    fn poll_next(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Option<Piece>> {
        let (pieces, left, ahead) = match self {
            Self::Whole(bytes) => return Poll::Ready(bytes.take().map(Ok)),
            Self::Streamed { pieces, left, ahead } => (pieces, left, ahead),
        };
        if ahead.is_empty() {
            match ready!(pieces.as_mut().poll_next(cx)) {
                Some(Ok(piece)) => *ahead = piece,
                end => return Poll::Ready(end),
            }
        }
        let bytes = ahead.split_to(most.min(ahead.len()));
        *left = left.map(|left| left.saturating_sub(bytes.len() as u64));
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self.content, Content::Whole(_)) { "Body(whole)" } else { "Body(streamed)" })
    }
}

/// An answer that broke off.
#[derive(Debug)]
pub struct Cut(Error);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer broke off: {}", self.0)
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let paced = self.busy.as_ref().is_some_and(Busy::is_paced);
        // A client that is just fast enough must not seem to stand still because a piece is large.
        let most = if paced { WRITE_PIECE_BYTES } else { usize::MAX };
        let next = self.content.poll_next(cx, most);
        if let Some(busy) = &self.busy {
            if matches!(next, Poll::Ready(Some(Ok(_)))) { busy.handed() } else { busy.asked() }
        }
        next.map(|next| next.map(|piece| piece.map(Frame::data).map_err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Streamed { left: Some(left), .. } => SizeHint::with_exact(*left),
            Content::Streamed { left: None, .. } => SizeHint::default(),
        }
    }
}
