//! WebDAV (RFC 4918 classes 1, 2, 3) and the frame that CalDAV and CardDAV plug into.
//!
//! Storey L4. An href becomes a [`Resource`] by table ([`Context::resolve`]); a request becomes a [`Call`] of
//! one [`Method`]; REPORT becomes a call of one [`Report`]; what a resource tells of itself are [`Property`]s.
//! All three are lists that a [`Plugin`] adds to, and everything advertised (`DAV`, `Allow`,
//! `supported-report-set`) is derived from those lists. What a tree holds (calendars, books, files) is a
//! [`Tree`]'s to say.
//!
//! *Invariant:* conditions (`If`, `If-Match`, locks) are evaluated inside the account's write turn.

mod app;
mod call;
mod condition;
mod context;
mod date;
mod files;
pub mod filter;
mod kinds;
pub mod limits;
mod lock;
pub mod method;
pub mod multistatus;
mod plugin;
pub mod property;
mod reply;
pub mod report;
mod resource;
pub mod support;
mod tree;
pub mod xml;

pub use app::Dav;
pub use call::{Call, Depth};
pub use condition::Conditions;
pub use context::Context;
pub use files::{Files, content_type};
pub use kinds::Members;
pub use method::Method;
pub use multistatus::{Entry, Multistatus};
pub use plugin::Plugin;
pub use property::{Needs, Plan, Property, Selection, Set, SetTarget, View};
pub use reply::{Condition, Refusal, Reply};
pub use report::{Report, ReportCall};
pub use resource::{CollectionNode, ItemNode, Node, Resource};
pub use tree::{Form, Forms, Gather, Incoming, Prepared, Tree, uid_held_by};

#[cfg(test)]
mod tests;
