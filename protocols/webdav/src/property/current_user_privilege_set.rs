//! `DAV:current-user-privilege-set` (RFC 3744 5.4): rights as privileges.

use super::{Property, View};
use crate::Node;
use crate::reply::PRIVILEGES;
use crate::xml::{Name, Writer};
use model::Result;
use model::Rights;

const NAME: Name = Name::dav("current-user-privilege-set");

/// `current-user-privilege-set`
#[derive(Debug)]
pub(super) struct CurrentUserPrivilegeSet;

impl Property for CurrentUserPrivilegeSet {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        const PRIVILEGE: Name = Name::dav("privilege");
        let own = view.resource.owner().is_some_and(|owner| view.context.principal().is(owner.id));
        let rights = match &view.resource.node {
            Node::Collection(_) | Node::Item(_) => {
                view.resource.collection().map_or(Rights::empty(), |collection| collection.rights)
            }
            Node::Home(..) if own => Rights::OWNER,
            _ => Rights::READ | Rights::LOOKUP,
        };
        out.open(&NAME);
        let granted = PRIVILEGES.iter().filter(|(needed, _)| rights.contains(*needed));
        for (_, name) in granted {
            out.open(&PRIVILEGE);
            out.empty(name);
            out.close(&PRIVILEGE);
        }
        out.close(&NAME);
        Ok(())
    }
}
