//! The IMAP door: IMAP4rev1 (RFC 3501) and IMAP4rev2 (RFC 9051) over the store.
//!
//! Storey L4. `wire/` reads and writes octets, `command/` has one verb per file, `extension/` one extension per
//! file, `words.rs` says what an extension can add to other commands,
//! `session/` keeps the order of things, `reply.rs` is the one mapping of the store's outcomes.
//!
//! *Invariant:* a positive reply to a change takes a [`store::Committed`]. *Invariant:* a message is never held
//! whole: APPEND streams it in, FETCH streams it out. *Invariant:* a session that waits holds no buffer.

mod command;
pub mod extension;
pub mod hidden;
mod language;
mod limits;
mod reply;
mod session;
mod wire;
mod words;

use directory::Directory;
pub use extension::messagelimit::MessageLimit;
use sasl::door::{Drain, Peer, Stream};
use sasl::sessions::Sessions;
use session::Session;
use session::connection::Connection;
use session::recent::Recent;
use session::table::Tables;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use store::Store;

/// What all sessions share.
pub(crate) struct Context {
    /// Where everything is kept.
    pub store: Store,
    /// Who may come in.
    pub directory: Arc<dyn Directory>,
    /// Open mailboxes' UIDs and flags.
    pub tables: Tables,
    /// Messages that no session was told of.
    pub recent: Recent,
    /// What the installation sets.
    pub config: Config,
    /// Who is logged in.
    pub sessions: Arc<Sessions>,
}

/// `[imap]`: what the installation says of itself.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `/shared/comment` of the server (RFC 5464 6.2.1): for people to read.
    pub comment: Option<String>,
    /// `/shared/admin` of the server: a URI of those who run it, as `mailto:postmaster@example.org`.
    pub admin: Option<String>,
    /// Searches for everybody, by name (RFC 5466): `/shared/filters/values/<name>` of the server.
    pub filters: BTreeMap<String, String>,
    /// After how many seconds, and then how often, a long command tells how far it is (RFC 9585); 10.
    pub progress_seconds: Option<u64>,
    /// Capabilities that nobody is told of, before login either: by whole name, or by what stands before their `=`.
    #[serde(deserialize_with = "hidden::configured")]
    pub hide_capabilities: Vec<String>,
    /// The most messages that one command works on (RFC 9738); as many as it names where nothing is set.
    pub message_limit: Option<MessageLimit>,
    /// The same for COPY and APPEND alone.
    pub save_limit: Option<MessageLimit>,
}

impl Config {
    /// The search of that name for everybody; names have no case.
    fn filter(&self, name: &str) -> Option<&str> {
        let found = self.filters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The IMAP door. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    context: Arc<Context>,
}

impl Door {
    /// A door to a store.
    #[must_use]
    pub fn new(store: Store, directory: Arc<dyn Directory>) -> Self {
        Self::configured(store, directory, Config::default(), Arc::default())
    }

    /// As [`Door::new`], with what the installation sets and where sessions are listed.
    #[must_use]
    pub fn configured(
        store: Store,
        directory: Arc<dyn Directory>,
        config: Config,
        sessions: Arc<Sessions>,
    ) -> Self {
        let recent = Recent::new(store.env().now());
        let tables = Tables::default();
        Self { context: Arc::new(Context { store, directory, tables, recent, config, sessions }) }
    }

    /// Serves one connection until it ends.
    pub async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        let connection = Connection::new(stream);
        let mut session = Box::new(Session::new(self.context.clone(), connection, peer, drain));
        session.run().await;
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("imap::Door")
    }
}
