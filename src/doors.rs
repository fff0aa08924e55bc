//! The doors of this build, made once and shared by their listeners.

use crate::config::{Config, Protocol};
use crate::listener::Door;
use crate::site::Site;
use async_trait::async_trait;
use directory::Directory;
use sasl::door::{Drain, Peer, Stream};
use std::sync::Arc;

/// See the module.
pub(crate) struct Doors {
    imap: Arc<dyn Door>,
    submission: Arc<dyn Door>,
}

impl Doors {
    /// Protocols that this build serves.
    pub(crate) const SERVED: &'static [Protocol] = &[Protocol::Imap, Protocol::Submission];

    /// Makes them.
    pub(crate) fn open(config: &Config, site: &Site) -> Self {
        let directory: Arc<dyn Directory> = site.directory.clone();
        let submission = smtp::Context {
            delivery: site.delivery.clone(),
            directory: directory.clone(),
            config: config.submission.clone(),
        };
        Self {
            imap: Arc::new(imap::Door::new(site.store.clone(), directory)),
            submission: Arc::new(smtp::Door::new(submission)),
        }
    }

    /// What serves a listener of these protocols.
    pub(crate) fn for_listener(&self, protocols: &[Protocol]) -> Option<Arc<dyn Door>> {
        match protocols {
            [Protocol::Imap] => Some(self.imap.clone()),
            [Protocol::Submission] => Some(self.submission.clone()),
            _ => None,
        }
    }
}

#[async_trait]
impl Door for imap::Door {
    async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        Self::serve(self, stream, peer, drain).await;
    }
}

#[async_trait]
impl Door for smtp::Door {
    async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        Self::serve(self, stream, peer, drain).await;
    }
}
