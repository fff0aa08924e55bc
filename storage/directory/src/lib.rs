//! Who is here: tenants, domains, accounts, aliases, groups and their credentials.
//!
//! Storey L2. Doors know the trait [`Directory`] only, so that an LDAP or OIDC backend is one more file here.

#[doc(hidden)]
pub mod testing;
mod traits;

pub use traits::{Account, AccountKind, Directory, Recipient};
