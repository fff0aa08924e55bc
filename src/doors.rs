//! The doors of this build, made once and shared by their listeners.

use crate::config::{Config, Protocol};
use crate::listener::Door;
use crate::site::Site;
use async_trait::async_trait;
use directory::Directory;
use sasl::door::{Drain, Peer, Stream};
use std::sync::Arc;
use store::Store;
use webdav::Plugin;

/// See the module.
pub(crate) struct Doors {
    imap: Arc<dyn Door>,
    submission: Arc<dyn Door>,
    pop3: Arc<dyn Door>,
    store: Store,
    directory: Arc<dyn Directory>,
}

impl Doors {
    /// Protocols that this build serves.
    pub(crate) const SERVED: &'static [Protocol] = &[
        Protocol::Imap,
        Protocol::Submission,
        Protocol::Pop3,
        Protocol::Caldav,
        Protocol::Carddav,
        Protocol::Webdav,
    ];

    /// Makes them.
    pub(crate) fn open(config: &Config, site: &Site) -> Self {
        site.sessions.begin();
        let directory: Arc<dyn Directory> = site.directory.clone();
        let submission = smtp::Context {
            delivery: site.delivery.clone(),
            directory: directory.clone(),
            config: config.submission.clone(),
            sessions: site.sessions.clone(),
        };
        Self {
            imap: Arc::new(imap::Door::configured(
                site.store.clone(),
                directory.clone(),
                config.imap.clone(),
                site.sessions.clone(),
            )),
            submission: Arc::new(smtp::Door::new(submission)),
            pop3: Arc::new(pop3::Door::new(site.store.clone(), directory.clone(), site.sessions.clone())),
            store: site.store.clone(),
            directory,
        }
    }

    /// What serves a listener of these protocols: one that has its connections to itself, or HTTP with a
    /// plug-in for each.
    pub(crate) fn for_listener(&self, protocols: &[Protocol]) -> Option<Arc<dyn Door>> {
        match protocols {
            [Protocol::Imap] => return Some(self.imap.clone()),
            [Protocol::Submission] => return Some(self.submission.clone()),
            [Protocol::Pop3] => return Some(self.pop3.clone()),
            _ => {}
        }
        let plugins: Option<Vec<_>> = protocols.iter().map(|protocol| plugin(*protocol)).collect();
        let dav = webdav::Dav::new(self.store.clone(), self.directory.clone(), &plugins?);
        Some(Arc::new(http_door::Door::new(self.directory.clone(), vec![Arc::new(dav)])))
    }
}

/// Every plug-in of this build.
pub(crate) fn plugins() -> Vec<Arc<dyn Plugin>> {
    Doors::SERVED.iter().filter_map(|protocol| plugin(*protocol)).collect()
}

/// What a protocol adds to HTTP.
fn plugin(protocol: Protocol) -> Option<Arc<dyn Plugin>> {
    match protocol {
        Protocol::Caldav => Some(Arc::new(caldav::CalDav)),
        Protocol::Carddav => Some(Arc::new(carddav::CardDav)),
        Protocol::Webdav => Some(Arc::new(webdav::Files)),
        Protocol::Imap | Protocol::Submission | Protocol::Pop3 => None,
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

#[async_trait]
impl Door for pop3::Door {
    async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        Self::serve(self, stream, peer, drain).await;
    }
}

#[async_trait]
impl Door for http_door::Door {
    async fn serve(&self, stream: Box<dyn Stream>, peer: Peer, drain: Drain) {
        Self::serve(self, stream, peer, drain).await;
    }
}
