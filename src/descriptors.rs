//! File descriptors: all that the system allows are taken, and what the store and the process itself need is kept
//! from connections. Where there are too few, connections wait in the kernel's queue; the store never does.

use crate::limits::DESCRIPTORS_KEPT;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Fifteen thousand quiet clients are fifteen thousand descriptors: takes all that the system allows.
pub(crate) fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(cause) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%cause, "limit of descriptors");
    }
}

/// How many connections there may be of those that are configured.
pub(crate) fn connections(configured: usize) -> usize {
    let kept = engine::descriptors::of_store() + DESCRIPTORS_KEPT;
    configured.min(engine::descriptors::limit().saturating_sub(kept)).max(1)
}

/// What to tell the operator when there are too few.
pub(crate) fn shortage(configured: usize) -> Option<String> {
    let allowed = connections(configured);
    (allowed < configured).then(|| {
        format!(
            "this process may have {} file descriptors: at most {allowed} connections instead of the configured \
             {configured}; raise LimitNOFILE or lower connection_count_max",
            engine::descriptors::limit()
        )
    })
}
