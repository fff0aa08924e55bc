//! What a protocol on top of WebDAV brings along.

use crate::{Method, Property, Report, Tree};
use std::sync::Arc;

/// A protocol on top of WebDAV: lists, from which everything else is derived.
///
/// A listener's [`crate::Dav`] is made with the plug-ins that it shall serve; what a plug-in does not bring is
/// neither answered nor advertised there.
pub trait Plugin: Send + Sync + 'static {
    /// Its name in the configuration: `webdav`, `caldav`, `carddav`.
    fn name(&self) -> &'static str;

    /// What it adds to the `DAV` header, such as `calendar-access`.
    fn classes(&self) -> &'static [&'static str];

    /// Its part of the path space.
    fn tree(&self) -> Option<Arc<dyn Tree>>;

    /// Methods it adds.
    fn methods(&self) -> Vec<Arc<dyn Method>> {
        Vec::new()
    }

    /// Live properties it adds.
    fn properties(&self) -> Vec<Arc<dyn Property>> {
        Vec::new()
    }

    /// Reports it adds.
    fn reports(&self) -> Vec<Arc<dyn Report>> {
        Vec::new()
    }
}
