//! `DAV:current-user-principal` (RFC 5397).

use super::{Property, View};
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("current-user-principal");

/// `current-user-principal`
#[derive(Debug)]
pub(super) struct CurrentUserPrincipal;

impl Property for CurrentUserPrincipal {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let path = view.context.principal_path(&view.context.principal().address);
        out.open(&NAME);
        out.href(&path.href());
        out.close(&NAME);
        Ok(())
    }
}
