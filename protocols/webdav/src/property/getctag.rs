//! `CS:getctag`: changes with every change of a collection, and of a home with every change in one of its
//! collections.

use super::{Property, View};
use crate::Node;
use crate::xml::{CALENDAR_SERVER, Name, Writer};
use model::Result;

const NAME: Name = Name::new(CALENDAR_SERVER, "getctag");

/// `getctag`
#[derive(Debug)]
pub(super) struct GetCtag;

impl Property for GetCtag {
    fn name(&self) -> Name {
        NAME
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        match &view.resource.node {
            Node::Collection(collection) => out.leaf(&NAME, &collection.ctag()),
            Node::Home(tree, owner) => {
                if let Some(tag) = view.context.home_tag(tree.kind(), owner.id) {
                    out.leaf(&NAME, &tag);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
