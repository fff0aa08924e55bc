//! `DAV:supportedlock` (RFC 4918 15.10).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("supportedlock");

/// `supportedlock`
#[derive(Debug)]
pub(super) struct SupportedLock;

impl Property for SupportedLock {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        const ENTRY: Name = Name::dav("lockentry");
        const SCOPE: Name = Name::dav("lockscope");
        const TYPE: Name = Name::dav("locktype");
        if view.resource.collection().is_none() {
            return Ok(());
        }
        out.open(&NAME);
        for scope in ["exclusive", "shared"] {
            out.open(&ENTRY);
            out.open(&SCOPE);
            out.empty(&Name::dav(scope));
            out.close(&SCOPE);
            out.open(&TYPE);
            out.empty(&Name::dav("write"));
            out.close(&TYPE);
            out.close(&ENTRY);
        }
        out.close(&NAME);
        Ok(())
    }
}
