//! Live properties: one file each, one line each in [`all`].

pub(crate) mod change;
mod creationdate;
mod current_user_principal;
mod current_user_privilege_set;
mod displayname;
mod getcontentlength;
mod getcontenttype;
mod getctag;
mod getetag;
mod getlastmodified;
mod group_membership;
mod lockdiscovery;
mod owner;
mod plan;
mod principal_collection_set;
mod principal_url;
mod quota_available;
mod quota_used;
mod resourcetype;
mod supported_report_set;
mod supportedlock;
mod sync_token;
mod view;

pub use plan::{Plan, Selection};
pub use view::View;

pub(crate) use lockdiscovery::write_locks;
pub(crate) use plan::propstat;

use crate::xml::{Element, Name, Writer};
use crate::{Refusal, Tree};
use bitflags::bitflags;
use model::Result;
use std::sync::Arc;

bitflags! {
    /// What must be loaded before a property can be written; loaded once for a whole page of resources.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Needs: u8 {
        /// The octets of the object ([`View::body`]).
        const BODY = 1;
        /// The locks of the account ([`View::locks`]).
        const LOCKS = 2;
        /// The dead properties of an item ([`View::stored`]); those of collections are always at hand.
        const STORED = 4;
    }
}

/// A property that the server computes or gives a meaning to.
pub trait Property: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> Name;

    /// Whether `DAV:allprop` tells it (RFC 4918 9.1 asks for those of that document only).
    fn in_allprop(&self) -> bool {
        false
    }

    /// What must be loaded before [`Property::get`].
    fn needs(&self) -> Needs {
        Needs::empty()
    }

    /// Writes the whole element, or nothing when the resource has no such property (told as 404).
    ///
    /// # Errors
    /// What goes wrong for this property alone is told in its own propstat.
    fn get(&self, view: &View<'_>, out: &mut Writer) -> Result<()>;

    /// What PROPPATCH, MKCOL and their kin shall do with it.
    fn set(&self, target: &SetTarget<'_>) -> Set {
        let _ = target;
        Set::Protected
    }
}

/// What is to be set or removed, and where.
#[derive(Clone, Copy, Debug)]
pub struct SetTarget<'a> {
    /// The tree the resource lies or will lie in; `None` for root and principals.
    pub tree: Option<&'a dyn Tree>,
    /// Whether the resource is a collection.
    pub is_collection: bool,
    /// Whether it is being made (MKCOL, MKCALENDAR): some properties can be set only then.
    pub creating: bool,
    /// The element with the new value; `None` to remove the property.
    pub value: Option<&'a Element>,
}

/// What becomes of an attempt to set a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// 403 `cannot-modify-protected-property`.
    Protected,
    /// Another refusal.
    Refuse(Refusal),
    /// Kept as it came under its own name, as a dead property is; [`View::stored`] gives it back.
    Keep,
    /// Kept as text under this key of [`store::CollectionRow::properties`] (collections only); `None` removes
    /// it; [`View::text`] gives it back.
    Text(&'static str, Option<String>),
    /// Answered with 200 and forgotten.
    Ignore,
}

/// The live properties of the core.
pub(crate) fn all() -> Vec<Arc<dyn Property>> {
    vec![
        Arc::new(creationdate::CreationDate),
        Arc::new(current_user_principal::CurrentUserPrincipal),
        Arc::new(current_user_privilege_set::CurrentUserPrivilegeSet),
        Arc::new(displayname::DisplayName),
        Arc::new(getcontentlength::GetContentLength),
        Arc::new(getcontenttype::GetContentType),
        Arc::new(getctag::GetCtag),
        Arc::new(getetag::GetEtag),
        Arc::new(getlastmodified::GetLastModified),
        Arc::new(group_membership::GroupMembership),
        Arc::new(lockdiscovery::LockDiscovery),
        Arc::new(owner::Owner),
        Arc::new(principal_collection_set::PrincipalCollectionSet),
        Arc::new(principal_url::PrincipalUrl),
        Arc::new(quota_available::QuotaAvailableBytes),
        Arc::new(quota_used::QuotaUsedBytes),
        Arc::new(resourcetype::ResourceType),
        Arc::new(supported_report_set::SupportedReportSet),
        Arc::new(supportedlock::SupportedLock),
        Arc::new(sync_token::SyncToken),
    ]
}
