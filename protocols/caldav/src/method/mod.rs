//! The method that CalDAV adds.

mod mkcalendar;

use std::sync::Arc;
use webdav::Method;

/// All of them.
pub(crate) fn all() -> Vec<Arc<dyn Method>> {
    vec![Arc::new(mkcalendar::Mkcalendar)]
}
