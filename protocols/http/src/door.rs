//! The connection loop: who may ask, where it goes, and when a connection has to end.

use crate::app::{App, Request, Response, plain};
use crate::auth::authenticate;
use crate::body::{Body, RequestBody};
use crate::guard::{Guarded, Signs};
use crate::head::HeadTimer;
use crate::limits;
use crate::path::Path;
use directory::Directory;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use model::Principal;
use sasl::door::{Drain, Peer, Stream};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often an open connection is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// HTTP with the applications of one listener. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

struct Inner {
    directory: Arc<dyn Directory>,
    apps: Vec<Arc<dyn App>>,
}

impl Door {
    /// A door that leads to these applications; a path that none of them serves is answered with 404.
    #[must_use]
    pub fn new(directory: Arc<dyn Directory>, apps: Vec<Arc<dyn App>>) -> Self {
        Self { inner: Arc::new(Inner { directory, apps }) }
    }

    /// Serves one connection until its end, HTTP/1.1 or HTTP/2 by the client's preface.
    ///
    /// When the drain is wished for, requests in work are finished (within [`limits::DRAIN_TIME_MAX`]). The stream fails
    /// by itself when its peer takes too little ([`sasl::pace`]).
    ///
    /// Who has shut its side for writing still hears all answers. Who has gone altogether looks just alike until
    /// something is sent: then the answer's stream is dropped. Until it begins it is worked on, and holds its place among
    /// the connections of its address.
    pub async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        let (stream, signs) = Guarded::new(stream);
        let activity = Arc::new(Activity::new());
        let peer_addr = peer.addr;
        let builder = builder(&signs);
        let connection =
            Arc::new(Connection { inner: self.inner.clone(), peer, signs, activity: activity.clone() });
        let service = service_fn(move |request| {
            let connection = connection.clone();
            async move { Ok::<_, Infallible>(connection.answer(request).await) }
        });
        let served = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(served);
        let mut end: Option<Instant> = None;
        loop {
            let look = tokio::time::sleep(LOOK_INTERVAL);
            let deadline = end.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                done = served.as_mut() => {
                    if let Err(error) = done {
                        tracing::debug!(%error, "an HTTP connection ended with an error");
                    }
                    return;
                }
                () = tokio::time::sleep_until(deadline), if end.is_some() => return,
                () = drain.drained(), if end.is_none() => {
                    served.as_mut().graceful_shutdown();
                    end = Some(Instant::now() + limits::DRAIN_TIME_MAX);
                }
                () = look, if end.is_none() => {
                    if activity.stalled() > limits::WRITE_STALL_TIME_MAX {
                        tracing::debug!(peer = %peer_addr, "an HTTP/2 client takes nothing of an answer");
                        return;
                    }
                    if activity.idle() > activity.idle_time_max() {
                        served.as_mut().graceful_shutdown();
                        end = Some(Instant::now() + LOOK_INTERVAL);
                    }
                }
            }
        }
    }
}

fn builder(signs: &Arc<Signs>) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(HeadTimer::new(signs.clone()))
        // Who has said all that it wants to say still hears the answer.
        .half_close(true)
        .header_read_timeout(limits::HEAD_TIME_MAX)
        .max_buf_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADER_COUNT_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAM_COUNT_MAX)
        .max_pending_accept_reset_streams(limits::STREAM_RESET_PENDING_MAX)
        .max_local_error_reset_streams(limits::STREAM_RESET_LOCAL_MAX)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(limits::STREAM_SEND_BYTES_MAX)
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(limits::PING_INTERVAL)
        .keep_alive_timeout(limits::PING_TIME_MAX);
    builder
}

struct Connection {
    inner: Arc<Inner>,
    peer: Peer,
    signs: Arc<Signs>,
    activity: Arc<Activity>,
}

impl Connection {
    async fn answer(&self, request: http::Request<Incoming>) -> Response {
        let mut busy = Activity::begin(&self.activity);
        // What waits for an HTTP/1 client is seen on the socket. In HTTP/2 a client can take everything but one
        // answer, and a window of nothing keeps that from the socket altogether.
        busy.paced = request.version() == Version::HTTP_2;
        let (method, since) = (request.method().clone(), Instant::now());
        let mut response = self.route(request).await;
        let (status, took_ms) = (response.status().as_u16(), since.elapsed().as_millis());
        // Paths name what people keep, so they are not logged.
        if response.status().is_server_error() {
            tracing::warn!(peer = %self.peer.addr, %method, status, took_ms, "a request failed");
        } else {
            tracing::debug!(peer = %self.peer.addr, %method, status, took_ms, "a request");
        }
        let headers = response.headers_mut();
        // What users store is never to be taken for a page of this server.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response.map(|body| body.holding(busy))
    }

    async fn route(&self, request: http::Request<Incoming>) -> Response {
        let (head, incoming) = request.into_parts();
        let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
        if head.version <= Version::HTTP_11 {
            let target = head.uri.path_and_query().map_or("", |target| target.as_str());
            // RFC 9112 6.1 and 3.2
            let mut hosts = head.headers.get_all(header::HOST).iter();
            let one_host = match (hosts.next(), hosts.next()) {
                (None, _) => head.version < Version::HTTP_11,
                (Some(host), None) => is_host(host),
                _ => false,
            };
            if chunked && self.signs.ambiguous() || self.signs.had_fragment(target) || !one_host {
                return closing(StatusCode::BAD_REQUEST);
            }
        }
        let (body, rest) = RequestBody::new(incoming, length(&head.headers));
        // A client that waits for 100 Continue sends nothing once it has the answer instead.
        let waits = head.headers.contains_key(header::EXPECT);
        let http1 = head.version <= Version::HTTP_11;
        let (mut response, limit) = self.dispatch(head, body).await;
        let left = rest.lock().unwrap_or_else(PoisonError::into_inner).take();
        // In HTTP/2 too: a stream that is reset while they send costs many clients the answer.
        match left {
            Some(left) if left.is_begun() || !waits => left.discard(limit, limits::REST_TIME_MAX).await,
            // RFC 9110 10.1.1: whether it still comes is not known, so nothing can follow.
            Some(_) if http1 => {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }

    /// The answer, and how much of what it left unread is to be read.
    async fn dispatch(&self, head: http::request::Parts, body: RequestBody) -> (Response, u64) {
        let stranger = |response| (response, limits::STRANGERS_REST_BYTES_MAX);
        let Some(path) = target(&head.uri) else { return stranger(closing(StatusCode::BAD_REQUEST)) };
        if let Some(elsewhere) = self.well_known(&path) {
            return stranger(elsewhere);
        }
        let Some(app) = self.inner.apps.iter().find(|app| app.serves(&path)) else {
            return stranger(plain(StatusCode::NOT_FOUND, ""));
        };
        match authenticate(&*self.inner.directory, &self.peer, &head.headers).await {
            Err(refusal) => stranger(refusal),
            Ok(principal) => {
                self.activity.note_login();
                (self.hand_over(app, (head, path), body, principal).await, limits::REST_BYTES_MAX)
            }
        }
    }

    async fn hand_over(
        &self,
        app: &Arc<dyn App>,
        (head, path): (http::request::Parts, Path),
        body: RequestBody,
        principal: Principal,
    ) -> Response {
        let principal = Arc::new(principal);
        let host = head.headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let authority = head.uri.authority().map_or(host, |authority| Some(authority.as_str()));
        let authority = authority.map(str::to_owned);
        let query = head.uri.query().map(str::to_owned);
        let request =
            Request { method: head.method, path, query, headers: head.headers, authority, body, principal };
        app.handle(request).await
    }

    /// RFC 6764 5: the redirect needs no login, and clients follow it with PROPFIND as with GET.
    fn well_known(&self, path: &Path) -> Option<Response> {
        let [first, name] = path.names() else { return None };
        if first != ".well-known" {
            return None;
        }
        let mut known = self.inner.apps.iter().flat_map(|app| app.well_known());
        let (_, to) = known.find(|(known, _)| known == name)?;
        let mut response = plain(StatusCode::MOVED_PERMANENTLY, "");
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
        Some(response)
    }
}

fn target(uri: &Uri) -> Option<Path> {
    match uri.path() {
        // RFC 9110 9.3.7: OPTIONS * asks about the server.
        "*" | "" => Path::parse("/").ok(),
        path => Path::parse(path).ok(),
    }
}

/// Whether it is a host, with or without a port, or nothing (RFC 9110 7.2).
fn is_host(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let host = match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => text,
    };
    host.is_empty() || host.parse::<Authority>().is_ok_and(|authority| authority.host() == host)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// An answer after which an HTTP/1.1 connection ends, since what follows cannot be trusted.
fn closing(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The requests in work, and since when none is.
pub(crate) struct Activity(Mutex<State>);

struct State {
    count: usize,
    since: Instant,
    /// Whether any of them has proved who sent it.
    known: bool,
    /// The number of the next request.
    next: u64,
    /// Answers that gave something and were not asked for more yet, by request, and since when.
    handed: BTreeMap<u64, Instant>,
}

/// One request in work, until its answer has gone out.
pub(crate) struct Busy {
    activity: Arc<Activity>,
    number: u64,
    /// Whether its answer must be asked for more each [`limits::WRITE_STALL_TIME_MAX`].
    paced: bool,
}

impl Activity {
    pub(crate) fn new() -> Self {
        let state = State { count: 0, since: Instant::now(), known: false, next: 0, handed: BTreeMap::new() };
        Self(Mutex::new(state))
    }

    pub(crate) fn begin(this: &Arc<Self>) -> Busy {
        let mut state = this.state();
        let number = state.next;
        state.next = state.next.wrapping_add(1);
        state.count = state.count.saturating_add(1);
        Busy { activity: this.clone(), number, paced: false }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_login(&self) {
        self.state().known = true;
    }

    fn idle(&self) -> Duration {
        let state = self.state();
        if state.count == 0 { state.since.elapsed() } else { Duration::ZERO }
    }

    /// How long it may be idle.
    fn idle_time_max(&self) -> Duration {
        if self.state().known { limits::IDLE_TIME_MAX } else { limits::STRANGERS_IDLE_TIME_MAX }
    }

    /// How long the answer that waits longest for its client waits for it.
    fn stalled(&self) -> Duration {
        self.state().handed.values().min().map_or(Duration::ZERO, Instant::elapsed)
    }
}

impl Busy {
    /// Whether the client must take the answer piece by piece in time.
    pub(crate) fn is_paced(&self) -> bool {
        self.paced
    }

    /// The answer gave something: now it is the client's turn.
    pub(crate) fn handed(&self) {
        if self.paced {
            self.activity.state().handed.insert(self.number, Instant::now());
        }
    }

    /// The answer was asked for more and works on it, or is done.
    pub(crate) fn asked(&self) {
        if self.paced {
            self.activity.state().handed.remove(&self.number);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.handed.remove(&self.number);
        state.count = state.count.saturating_sub(1);
        state.since = Instant::now();
    }
}

#[cfg(test)]
mod tests;
