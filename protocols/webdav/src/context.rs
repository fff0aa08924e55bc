//! Who asks, and from which snapshots; hrefs become resources here, by table.

use crate::app::Registry;
use crate::kinds::Members;
use crate::lock::Lock;
use crate::resource::{CollectionNode, ItemNode, Node, Resource};
use crate::tree::Tree;
use directory::{Account, Directory};
use http::StatusCode;
use http_door::Path;
use model::{AccountId, Address, CollectionId, CollectionKind, Error, Principal, Result, Rights};
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use store::{FILES_ROOT, Reader, Store, Writer};
use tokio::sync::Mutex;

/// The path that everything of ours begins with.
pub(crate) const ROOT: &str = "dav";
/// The name of the principals' part.
pub(crate) const PRINCIPALS: &str = "principals";

/// One request's view of the world: every read of an account comes from one snapshot.
pub struct Context {
    pub(crate) registry: Arc<Registry>,
    principal: Arc<Principal>,
    authority: Option<String>,
    minimal: bool,
    groups: Vec<Arc<Account>>,
    home_tag: Option<((CollectionKind, AccountId), String)>,
    readers: Mutex<HashMap<AccountId, Arc<Reader>>>,
    accounts: Mutex<HashMap<Address, Option<Arc<Account>>>>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl Context {
    pub(crate) fn new(
        registry: Arc<Registry>,
        principal: Arc<Principal>,
        authority: Option<String>,
        minimal: bool,
    ) -> Self {
        Self {
            registry,
            principal,
            authority,
            minimal,
            groups: Vec::new(),
            home_tag: None,
            readers: Mutex::default(),
            accounts: Mutex::default(),
        }
    }

    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// Looks up the groups that the principal is in.
    pub(crate) async fn load_groups(&mut self) -> Result<()> {
        for id in &self.principal.groups {
            self.groups.extend(self.registry.directory.account(*id).await?.map(Arc::new));
        }
        Ok(())
    }

    /// Works out the tag of a home, which changes when any collection in it does.
    pub(crate) async fn load_home_tag(&mut self, kind: CollectionKind, owner: AccountId) -> Result<()> {
        let reader = self.reader(owner).await?;
        let mut hash = std::hash::DefaultHasher::new();
        for (id, row) in reader.children(CollectionId::ROOT, kind).await? {
            (id, row.modseq).hash(&mut hash);
        }
        self.home_tag = Some(((kind, owner), format!("{:016x}", hash.finish())));
        Ok(())
    }

    /// The tag of the home that this request is about.
    pub(crate) fn home_tag(&self, kind: CollectionKind, owner: AccountId) -> Option<String> {
        self.home_tag.as_ref().filter(|(home, _)| *home == (kind, owner)).map(|(_, tag)| tag.clone())
    }

    /// The groups that the principal is in.
    #[must_use]
    pub fn groups(&self) -> &[Arc<Account>] {
        &self.groups
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.registry.store
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Arc<dyn Directory> {
        &self.registry.directory
    }

    /// The authority that the client believes to talk to.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// Whether the client asked for `Prefer: return=minimal` (RFC 8144).
    #[must_use]
    pub fn minimal(&self) -> bool {
        self.minimal
    }

    /// This request's snapshot of an account.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn reader(&self, account: AccountId) -> Result<Arc<Reader>> {
        let mut readers = self.readers.lock().await;
        if let Some(reader) = readers.get(&account) {
            return Ok(reader.clone());
        }
        let reader = Arc::new(self.store().read(&self.principal, account).await?);
        readers.insert(account, reader.clone());
        Ok(reader)
    }

    /// Takes an account's turn. Earlier snapshots of this request are older than what the writer sees:
    /// decide by the writer.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn writer(&self, account: AccountId) -> Result<Writer> {
        self.store().write(&self.principal, account).await
    }

    /// The account or group that a path names by its address; `None` when there is none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn account(&self, name: &str) -> Result<Option<Arc<Account>>> {
        let Ok(address) = Address::parse(name) else { return Ok(None) };
        let mut accounts = self.accounts.lock().await;
        if let Some(known) = accounts.get(&address) {
            return Ok(known.clone());
        }
        let found = self.directory().by_address(&address).await?.map(Arc::new);
        accounts.insert(address, found.clone());
        Ok(found)
    }

    /// The href of an account's principal.
    #[must_use]
    pub fn principal_href(&self, account: &Account) -> String {
        self.principal_path(&account.address).href()
    }

    /// The path of the principal with this address.
    #[must_use]
    pub fn principal_path(&self, address: &Address) -> Path {
        let names = [ROOT, PRINCIPALS, address.as_str()];
        Path::from_names(names.map(str::to_owned).to_vec(), true)
    }

    /// The href of an account's home in a tree.
    #[must_use]
    pub fn home_href(&self, tree: &dyn Tree, address: &Address) -> String {
        let names = [ROOT, tree.segment(), address.as_str()];
        Path::from_names(names.map(str::to_owned).to_vec(), true).href()
    }

    /// What stands at a path.
    ///
    /// # Errors
    /// `NotFound` when nothing does, or nothing the principal may know of.
    pub async fn resolve(&self, path: &Path) -> Result<Resource> {
        self.resolve_by(path, None).await
    }

    /// As [`Context::resolve`], what lies in the reader's account being seen through it: a writer tells what
    /// holds inside its turn.
    ///
    /// # Errors
    /// As [`Context::resolve`].
    pub async fn resolve_in(&self, path: &Path, reader: &Reader) -> Result<Resource> {
        self.resolve_by(path, Some(reader)).await
    }

    async fn resolve_by(&self, path: &Path, through: Option<&Reader>) -> Result<Resource> {
        let names: Vec<&str> = path.names().iter().map(String::as_str).collect();
        let collection = |node| Ok(Resource { path: path.clone().with_slash(true), node });
        match names.as_slice() {
            [] | [ROOT] => collection(Node::Root),
            [ROOT, PRINCIPALS] => collection(Node::Principals),
            [ROOT, PRINCIPALS, name] => {
                let account = self.account(name).await?.ok_or(Error::NotFound)?;
                Ok(Resource { path: self.principal_path(&account.address), node: Node::Principal(account) })
            }
            [ROOT, segment, rest @ ..] => {
                let tree = self.registry.tree(segment).ok_or(Error::NotFound)?.clone();
                match rest.split_first() {
                    None => collection(Node::Homes(tree)),
                    Some((name, rest)) => {
                        let owner = self.account(name).await?.ok_or(Error::NotFound)?;
                        let place = InTree { context: self, path, through, tree, owner };
                        place.resolve(rest).await
                    }
                }
            }
            _ => Err(Error::NotFound),
        }
    }

    /// What a path without a parent collection is answered with: 409 (RFC 4918 9.3.1, 9.7.1, 9.8.5), but 404
    /// in another's space, where nobody is to learn what is there.
    #[must_use]
    pub fn no_parent(&self, path: &Path) -> crate::Refusal {
        let named = path.names().get(2).and_then(|name| Address::parse(name).ok());
        let own = named.is_none_or(|address| address == self.principal.address);
        crate::Refusal::status(if own { StatusCode::CONFLICT } else { StatusCode::NOT_FOUND })
    }

    /// The objects of a collection by name, in the order of the names; `None` for those that are not there.
    ///
    /// # Errors
    /// `NotFound` or `Forbidden` for the collection.
    pub async fn items(&self, collection: &Resource, names: &[String]) -> Result<Vec<Option<Resource>>> {
        let Node::Collection(node) = &collection.node else { return Err(Error::NotFound) };
        let reader = self.reader(node.owner.id).await?;
        let members = Members::open(&reader, node.row.kind, node.id, Rights::READ).await?;
        let rows = members.entries_of(&reader, names).await?;
        let item = |(name, row): (&String, Option<_>)| row.map(|row| item_of(collection, node, name, row));
        Ok(names.iter().zip(rows).map(item).collect())
    }

    /// The locks of an account that have not lapsed.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn locks(&self, account: AccountId) -> Result<Vec<Lock>> {
        self.reader(account).await?.locks().await
    }
}

/// The resource of an object whose collection is at hand.
#[must_use]
pub(crate) fn item_of(
    collection: &Resource,
    node: &Arc<CollectionNode>,
    name: &str,
    row: store::ObjectRow,
) -> Resource {
    let item = ItemNode { collection: node.clone(), name: name.to_owned(), row };
    Resource { path: collection.path.join(name, false), node: Node::Item(item) }
}

/// The way down from an account's part of a tree.
struct InTree<'a> {
    context: &'a Context,
    path: &'a Path,
    through: Option<&'a Reader>,
    tree: Arc<dyn Tree>,
    owner: Arc<Account>,
}

impl InTree<'_> {
    async fn resolve(self, rest: &[&str]) -> Result<Resource> {
        if let Some(reader) = self.through.filter(|reader| reader.account() == self.owner.id) {
            return self.resolve_from(reader, rest).await;
        }
        let reader = self.context.reader(self.owner.id).await?;
        self.resolve_from(&reader, rest).await
    }

    async fn resolve_from(&self, reader: &Reader, rest: &[&str]) -> Result<Resource> {
        let kind = self.tree.kind();
        let mut names = rest.iter().copied();
        // A tree that nests keeps an account's files in one top folder; the others have a home of collections.
        let first = if self.tree.nested() { Some(FILES_ROOT) } else { names.next() };
        let Some(first) = first else {
            self.may_see_home(reader).await?;
            let node = Node::Home(self.tree.clone(), self.owner.clone());
            return Ok(Resource { path: self.path.clone().with_slash(true), node });
        };
        let top = reader.child(CollectionId::ROOT, kind, first).await?.ok_or(Error::NotFound)?;
        let mut at = self.open(reader, top).await?;
        while let Some(name) = names.next() {
            let inner = if self.tree.nested() { reader.child(at.id, kind, name).await? } else { None };
            if let Some(id) = inner {
                at = self.open(reader, id).await?;
                continue;
            }
            // Only the last name can be an object's.
            if names.next().is_some() || !at.rights.contains(Rights::READ) {
                return Err(Error::NotFound);
            }
            let members = Members::open(reader, kind, at.id, Rights::READ).await?;
            let row = members.entry(reader, name).await?.ok_or(Error::NotFound)?;
            let item = ItemNode { collection: Arc::new(at), name: name.to_owned(), row };
            return Ok(Resource { path: self.path.clone().with_slash(false), node: Node::Item(item) });
        }
        let node = Node::Collection(Arc::new(at));
        Ok(Resource { path: self.path.clone().with_slash(true), node })
    }

    async fn open(&self, reader: &Reader, id: CollectionId) -> Result<CollectionNode> {
        let members = Members::open(reader, self.tree.kind(), id, Rights::LOOKUP).await?;
        Ok(CollectionNode {
            tree: self.tree.clone(),
            owner: self.owner.clone(),
            id,
            row: members.row().clone(),
            rights: members.rights(),
            quota: reader.quota(),
        })
    }

    /// A home is seen by its owner and by those with whom something in it is shared.
    async fn may_see_home(&self, reader: &Reader) -> Result<()> {
        if self.context.principal.is(self.owner.id) {
            return Ok(());
        }
        let shared = reader.children(CollectionId::ROOT, self.tree.kind()).await?;
        if shared.is_empty() { Err(Error::NotFound) } else { Ok(()) }
    }
}
