//! Who is here: tenants, domains, accounts, aliases, groups and their credentials.
//!
//! Storey L2. Doors know the trait [`Directory`] only, so that an LDAP or OIDC backend is one more file here;
//! administration speaks to [`LocalDirectory`].

pub mod limits;
mod local;
mod outcome;
mod proof;
mod scram;
#[doc(hidden)]
pub mod testing;
mod token;
mod traits;

pub use local::{
    AppPassword, Device, DirectoryFault, DirectoryFinding, Domain, HashCost, LocalDirectory, NewAccount,
    Options, Tenant,
};
pub use outcome::Outcome;
pub use proof::{Admitted, Proof, ScramHash, ScramOffer};
pub use token::{Issuer, TokenAlgorithm};
pub use traits::{Account, AccountKind, Directory, Recipient};
