//! The HTTP door: connections, authentication, deadlines, routing. What a path means is an [`App`]'s to say.
//!
//! HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113) by hyper. Storey L3: WebDAV and its plug-ins stand on this.
//!
//! *Invariant:* an [`App`] sees no request without a [`Request::principal`] that this very request proved
//! (nothing is inherited from an earlier request on the connection).

mod app;
mod auth;
mod body;
mod door;
mod guard;
mod head;
pub mod limits;
mod path;

pub use app::{App, Request, Response, plain};
pub use body::{Body, RequestBody};
pub use door::Door;
pub use path::{Destination, Path, encode_segment};
pub use sasl::door::{Drain, Peer, Stream};
