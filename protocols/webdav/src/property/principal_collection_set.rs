//! `DAV:principal-collection-set` (RFC 3744 5.8).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("principal-collection-set");

/// `principal-collection-set`
#[derive(Debug)]
pub(super) struct PrincipalCollectionSet;

impl Property for PrincipalCollectionSet {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let _ = view;
        out.open(&NAME);
        out.href("/dav/principals/");
        out.close(&NAME);
        Ok(())
    }
}
