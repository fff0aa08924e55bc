//! `DAV:displayname` (RFC 4918 15.2): settable everywhere but on principals.

use super::{Property, Set, SetTarget, View};
use crate::Node;
use crate::xml::{Name, Writer};
use model::Result;

const NAME: Name = Name::dav("displayname");
/// The key in a collection's record.
const KEY: &str = "displayname";

/// `displayname`
#[derive(Debug)]
pub(super) struct DisplayName;

impl Property for DisplayName {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn needs(&self) -> super::Needs {
        super::Needs::STORED
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        match &view.resource.node {
            Node::Principal(account) => out.leaf(&NAME, &account.name),
            Node::Home(_, account) => out.leaf(&NAME, &account.name),
            Node::Collection(collection) => {
                out.leaf(&NAME, view.text(KEY).unwrap_or(&collection.row.name));
            }
            Node::Item(item) => match view.stored(&NAME) {
                Some(xml) => out.raw(xml),
                None => out.leaf(&NAME, &item.name),
            },
            _ => {}
        }
        Ok(())
    }

    fn set(&self, target: &SetTarget<'_>) -> Set {
        if !target.is_collection {
            return Set::Keep;
        }
        Set::Text(KEY, target.value.map(crate::xml::Element::text))
    }
}
