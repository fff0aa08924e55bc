//! `DAV:principal-search-property-set` (RFC 3744 9.5): what [`super::principal_property_search`] looks at.

use super::{Report, ReportCall};
use crate::reply::XML_TYPE;
use crate::xml::{CALDAV, Name, Writer};
use crate::{Multistatus, Node, Reply, Resource};
use async_trait::async_trait;
use bytes::Bytes;
use http::header;
use http_door::{Body, Response};

const NAME: Name = Name::dav("principal-search-property-set");

/// The searchable properties, and how they are called.
pub(super) const SEARCHABLE: &[(Name, &str)] =
    &[(Name::dav("displayname"), "Name"), (Name::new(CALDAV, "calendar-user-address-set"), "Address")];

/// `principal-search-property-set`
#[derive(Debug)]
pub(super) struct PrincipalSearchPropertySet;

#[async_trait]
impl Report for PrincipalSearchPropertySet {
    fn name(&self) -> Name {
        NAME
    }

    fn applies(&self, resource: &Resource) -> bool {
        matches!(resource.node, Node::Principals)
    }

    async fn run(&self, _call: &ReportCall, _out: &mut Multistatus) -> Reply<Option<Response>> {
        const ENTRY: Name = Name::dav("principal-search-property");
        const PROP: Name = Name::dav("prop");
        let mut out = Writer::new();
        out.root(&NAME);
        for (name, description) in SEARCHABLE {
            out.open(&ENTRY);
            out.open(&PROP);
            out.empty(name);
            out.close(&PROP);
            out.leaf(&Name::dav("description"), description);
            out.close(&ENTRY);
        }
        out.close(&NAME);
        let mut response = Response::new(Body::from_bytes(Bytes::from(out.into_string())));
        response.headers_mut().insert(header::CONTENT_TYPE, XML_TYPE);
        Ok(Some(response))
    }
}
