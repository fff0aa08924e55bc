//! `DAV:creationdate` (RFC 4918 15.1).

use super::{Property, View};
use crate::xml::{Name, Writer};
use crate::{Node, date};
use model::Result;

const NAME: Name = Name::dav("creationdate");

/// `creationdate`
#[derive(Debug)]
pub(super) struct CreationDate;

impl Property for CreationDate {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let created = match &view.resource.node {
            Node::Item(item) => item.row.created,
            Node::Collection(collection) => collection.row.created,
            _ => return Ok(()),
        };
        out.leaf(&NAME, &date::iso(created));
        Ok(())
    }
}
