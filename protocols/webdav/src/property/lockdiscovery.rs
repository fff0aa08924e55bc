//! `DAV:lockdiscovery` (RFC 4918 15.8). A token is shown only to the principal that took the lock.

use super::{Needs, Property, View};
use crate::lock::Lock;
use crate::xml::{Name, Writer};
use model::{AccountId, Result, Timestamp};

const NAME: Name = Name::dav("lockdiscovery");

/// `lockdiscovery`
#[derive(Debug)]
pub(super) struct LockDiscovery;

impl Property for LockDiscovery {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::LOCKS
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if view.resource.collection().is_some() {
            let now = view.context.store().env().now();
            write_locks(view.locks, view.context.principal().account, now, out);
        }
        Ok(())
    }
}

/// Writes the property as LOCK also answers it.
pub(crate) fn write_locks(locks: &[Lock], me: AccountId, now: Timestamp, out: &mut Writer) {
    if locks.is_empty() {
        out.empty(&NAME);
        return;
    }
    out.open(&NAME);
    locks.iter().for_each(|lock| active_lock(lock, me, now, out));
    out.close(&NAME);
}

fn active_lock(lock: &Lock, me: AccountId, now: Timestamp, out: &mut Writer) {
    let nested = |outer: &'static str, write: &dyn Fn(&mut Writer), out: &mut Writer| {
        let name = Name::dav(outer);
        out.open(&name);
        write(out);
        out.close(&name);
    };
    let scope = Name::dav(if lock.shared { "shared" } else { "exclusive" });
    nested(
        "activelock",
        &|out| {
            nested("locktype", &|out| out.empty(&Name::dav("write")), out);
            nested("lockscope", &|out| out.empty(&scope), out);
            out.leaf(&Name::dav("depth"), if lock.infinite { "infinity" } else { "0" });
            if !lock.owner.is_empty() {
                out.raw(&lock.owner);
            }
            let left = lock.expires.0.saturating_sub(now.0).max(0).saturating_add(999) / 1000;
            out.leaf(&Name::dav("timeout"), &format!("Second-{left}"));
            if lock.principal == me {
                nested("locktoken", &|out| out.href(&lock.token), out);
            }
            nested("lockroot", &|out| out.href(&lock.root), out);
        },
        out,
    );
}
