//! The doors of this build, made once and shared by their listeners.

use crate::config::{Config, Protocol};
use crate::failure::Failure;
use crate::listener::Door;
use crate::site::Site;
use async_trait::async_trait;
use sasl::door::{Drain, Peer, Stream};
use std::sync::Arc;

/// See the module.
pub(crate) struct Doors {}

impl Doors {
    /// Protocols that this build serves.
    pub(crate) const SERVED: &'static [Protocol] = &[];

    /// Makes them.
    ///
    /// # Errors
    /// When the configuration does not let one work.
    pub(crate) fn open(_config: &Config, _site: &Arc<Site>, _drain: &Drain) -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// What serves a listener of these protocols.
    pub(crate) fn for_listener(&self, _protocols: &[Protocol]) -> Arc<dyn Door> {
        Arc::new(Nothing)
    }
}

struct Nothing;

#[async_trait]
impl Door for Nothing {
    async fn serve(&self, _stream: Box<dyn Stream>, _peer: Peer, _drain: Drain) {}
}
