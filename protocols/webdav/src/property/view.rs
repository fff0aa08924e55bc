//! What a property sees of a resource.

use crate::lock::Lock;
use crate::xml::{Element, Name};
use crate::{Context, Resource};
use bytes::Bytes;
use std::collections::BTreeMap;

/// A resource with what was loaded for the properties that were asked for.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Who asks.
    pub context: &'a Context,
    /// The resource.
    pub resource: &'a Resource,
    /// The element as it was asked for, with its content (such as `calendar-data` with its `comp`); an empty
    /// one where the client gave none.
    pub asked: &'a Element,
    /// The octets of the object ([`crate::Needs::BODY`]).
    pub body: Option<&'a Bytes>,
    /// The locks that cover the resource ([`crate::Needs::LOCKS`]).
    pub locks: &'a [Lock],
    /// The dead properties of an item ([`crate::Needs::STORED`]).
    pub(crate) dead: Option<&'a BTreeMap<String, String>>,
}

impl<'a> View<'a> {
    /// The XML of a property that was kept as it came: the whole element, standing alone.
    #[must_use]
    pub fn stored(&self, name: &Name) -> Option<&'a str> {
        self.properties()?.get(&name.to_string()).map(String::as_str)
    }

    /// The text that a collection's record keeps under a plain key, such as `displayname` or `components`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let collection = self.own_collection()?;
        collection.row.properties.get(key).map(String::as_str)
    }

    /// The collection, when the resource itself is one of the store.
    #[must_use]
    pub fn own_collection(&self) -> Option<&'a crate::CollectionNode> {
        match &self.resource.node {
            crate::Node::Collection(collection) => Some(collection),
            _ => None,
        }
    }

    pub(crate) fn properties(&self) -> Option<&'a BTreeMap<String, String>> {
        match self.own_collection() {
            Some(collection) => Some(&collection.row.properties),
            None => self.dead,
        }
    }
}
