//! `DAV:getlastmodified` (RFC 4918 15.7); for collections when they were made.

use super::{Property, View};
use crate::xml::{Name, Writer};
use crate::{Node, date};
use model::Result;

const NAME: Name = Name::dav("getlastmodified");

/// `getlastmodified`
#[derive(Debug)]
pub(super) struct GetLastModified;

impl Property for GetLastModified {
    fn name(&self) -> Name {
        NAME
    }

    fn in_allprop(&self) -> bool {
        true
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let modified = match &view.resource.node {
            Node::Item(item) => item.row.modified,
            Node::Collection(collection) => collection.row.created,
            _ => return Ok(()),
        };
        out.leaf(&NAME, &date::http(modified));
        Ok(())
    }
}
