//! Plain data shared by every storey: identities, counters, rights, outcomes. No I/O, no clocks, no dice.
//!
//! Storey L0. Nothing here knows a protocol or an engine; every other crate may depend on this one.

mod collection;
mod error;
mod flag;
mod id;
mod principal;
mod rights;
mod secret;
mod time;

pub use collection::{CollectionKind, SpecialUse};
pub use error::{Error, Result};
pub use flag::{Flags, KEYWORD_BYTES_MAX, KEYWORD_COUNT_MAX, Keyword, SystemFlags};
pub use id::{AccountId, BlobId, CollectionId, ItemId, Modseq, Uid, UidValidity};
pub use principal::{ADDRESS_BYTES_MAX, Address, MessageQuota, Principal, Quota, Role};
pub use rights::Rights;
pub use secret::{SECRET_BYTES_MAX, Secret, wipe};
pub use time::{Timestamp, ZonedTime};
