//! `DAV:principal-URL` (RFC 3744 4.2).

use super::{Property, View};
use crate::Node;
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("principal-URL");

/// `principal-URL`
#[derive(Debug)]
pub(super) struct PrincipalUrl;

impl Property for PrincipalUrl {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Node::Principal(account) = &view.resource.node {
            out.open(&NAME);
            out.href(&view.context.principal_href(account));
            out.close(&NAME);
        }
        Ok(())
    }
}
