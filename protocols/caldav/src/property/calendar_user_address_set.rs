//! calendar-user-address-set (RFC 6638 2.4.1): the addresses by which a principal is an attendee. Clients ask
//! for it to know which ATTENDEE they are, with or without scheduling on the server.

use http_door::encode_segment;
use model::Result;
use webdav::xml::{Name, Writer};
use webdav::{Node, Property, View};

#[derive(Debug)]
pub(super) struct CalendarUserAddressSet;

impl Property for CalendarUserAddressSet {
    fn name(&self) -> Name {
        super::name("calendar-user-address-set")
    }

    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()> {
        let Node::Principal(account) = &view.resource.node else { return Ok(()) };
        out.open(&self.name());
        for address in &account.addresses {
            let mut href = "mailto:".to_owned();
            encode_segment(address.as_str(), &mut href);
            out.href(&href);
        }
        out.href(&view.context.principal_href(account));
        out.close(&self.name());
        Ok(())
    }
}
