//! addressbook-home-set (RFC 6352 7.1.1): where a principal's address books are.

use crate::books::Books;
use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Node, Property, View};

#[derive(Debug)]
pub(super) struct AddressbookHomeSet;

impl Property for AddressbookHomeSet {
    fn name(&self) -> Name {
        super::name("addressbook-home-set")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        if let Node::Principal(account) = &view.resource.node {
            out.open(&self.name());
            out.href(&view.context.home_href(&Books, &account.address));
            out.close(&self.name());
        }
        Ok(())
    }
}
