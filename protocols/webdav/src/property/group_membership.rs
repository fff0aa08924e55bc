//! `DAV:group-membership` (RFC 3744 4.4), told to the principal itself.

use super::{Property, View};
use crate::Node;
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("group-membership");

/// `group-membership`
#[derive(Debug)]
pub(super) struct GroupMembership;

impl Property for GroupMembership {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let Node::Principal(account) = &view.resource.node else { return Ok(()) };
        if account.id != view.context.principal().account {
            return Ok(());
        }
        out.open(&NAME);
        for group in view.context.groups() {
            out.href(&view.context.principal_href(group));
        }
        out.close(&NAME);
        Ok(())
    }
}
