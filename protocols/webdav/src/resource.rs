//! What an href stands for.

use crate::Tree;
use crate::xml::Name;
use directory::Account;
use http_door::Path;
use model::{CollectionId, Quota, Rights};
use std::fmt;
use std::sync::Arc;
use store::{CollectionRow, ObjectRow};

/// A resource that is there and that the principal may know of.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its canonical path; with a slash for collections.
    pub path: Path,
    /// What it is.
    pub node: Node,
}

/// What a resource is.
#[derive(Clone, Debug)]
pub enum Node {
    /// `/` and `/dav/`.
    Root,
    /// `/dav/principals/`.
    Principals,
    /// `/dav/principals/<account>/`: a person or a group.
    Principal(Arc<Account>),
    /// `/dav/<segment>/`: the homes of all accounts.
    Homes(Arc<dyn Tree>),
    /// `/dav/<segment>/<account>/` where homes hold collections.
    Home(Arc<dyn Tree>, Arc<Account>),
    /// A calendar, an address book, a folder.
    Collection(Arc<CollectionNode>),
    /// A calendar object, a card, a file.
    Item(ItemNode),
}

/// A collection of the store.
pub struct CollectionNode {
    /// The part of the path space it lies in.
    pub tree: Arc<dyn Tree>,
    /// Whose it is.
    pub owner: Arc<Account>,
    /// Its number.
    pub id: CollectionId,
    /// Its record.
    pub row: CollectionRow,
    /// What the principal may do with it.
    pub rights: Rights,
    /// What its account holds and may hold.
    pub quota: Quota,
}

/// An object of the store.
#[derive(Clone, Debug)]
pub struct ItemNode {
    /// The collection it lies in.
    pub collection: Arc<CollectionNode>,
    /// Its name there.
    pub name: String,
    /// Its covering row.
    pub row: ObjectRow,
}

impl fmt::Debug for CollectionNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectionNode")
            .field("id", &self.id)
            .field("name", &self.row.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for dyn Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({})", self.segment())
    }
}

impl Resource {
    /// Its href: absolute path, canonical percent-encoding.
    #[must_use]
    pub fn href(&self) -> String {
        self.path.href()
    }

    /// Whether it is a collection in the sense of RFC 4918.
    #[must_use]
    pub fn is_collection(&self) -> bool {
        !matches!(self.node, Node::Item(_))
    }

    /// The tree it lies in; `None` for root and principals.
    #[must_use]
    pub fn tree(&self) -> Option<&Arc<dyn Tree>> {
        match &self.node {
            Node::Root | Node::Principals | Node::Principal(_) => None,
            Node::Homes(tree) | Node::Home(tree, _) => Some(tree),
            Node::Collection(collection) => Some(&collection.tree),
            Node::Item(item) => Some(&item.collection.tree),
        }
    }

    /// Whose data it is; the account or group itself for a principal.
    #[must_use]
    pub fn owner(&self) -> Option<&Arc<Account>> {
        match &self.node {
            Node::Root | Node::Principals | Node::Homes(_) => None,
            Node::Principal(account) | Node::Home(_, account) => Some(account),
            Node::Collection(collection) => Some(&collection.owner),
            Node::Item(item) => Some(&item.collection.owner),
        }
    }

    /// The store's collection: the resource itself, or the one an item lies in.
    #[must_use]
    pub fn collection(&self) -> Option<&Arc<CollectionNode>> {
        match &self.node {
            Node::Collection(collection) => Some(collection),
            Node::Item(item) => Some(&item.collection),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn item(&self) -> Option<&ItemNode> {
        match &self.node {
            Node::Item(item) => Some(item),
            _ => None,
        }
    }

    /// Its `DAV:resourcetype`.
    #[must_use]
    pub fn resource_type(&self) -> &'static [Name] {
        const COLLECTION: &[Name] = &[Name::dav("collection")];
        const PRINCIPAL: &[Name] = &[Name::dav("collection"), Name::dav("principal")];
        match &self.node {
            Node::Root | Node::Principals | Node::Homes(_) | Node::Home(..) => COLLECTION,
            Node::Principal(_) => PRINCIPAL,
            Node::Collection(collection) => collection.tree.resource_type(),
            Node::Item(_) => &[],
        }
    }
}

impl CollectionNode {
    /// The tag that tells this state of the collection from every other: `getctag`.
    #[must_use]
    pub fn ctag(&self) -> String {
        format!("{}-{}", self.row.uid_validity, self.row.modseq)
    }

    /// The sync token of this state (RFC 6578 3.2): a URI that names the collection and its Modseq.
    #[must_use]
    pub fn sync_token(&self) -> String {
        format!("urn:collegium:sync:{}:{}", self.row.uid_validity, self.row.modseq)
    }
}

impl ItemNode {
    /// The strong ETag: the hash of the octets, quoted.
    #[must_use]
    pub fn etag(&self) -> String {
        etag(&self.row)
    }
}

/// The strong ETag of a row: half of the hash tells any two contents apart.
#[must_use]
pub(crate) fn etag(row: &ObjectRow) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(34);
    out.push('"');
    for byte in row.hash.0.iter().take(16) {
        let _ = write!(out, "{byte:02x}");
    }
    out.push('"');
    out
}
