//! Tenants own domains; domains make addresses local.

use super::record::{self, DomainRecord, TenantRecord};
use super::{LocalDirectory, key};
use crate::Outcome;
use crate::limits::{DOMAIN_BYTES_MAX, NAME_BYTES_MAX};
use model::{Error, Result, Timestamp};

/// The tenant that is always there.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its name, unique.
    pub name: String,
    /// When it was added.
    pub created: Timestamp,
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its name, lower-cased.
    pub name: String,
    /// The tenant it belongs to.
    pub tenant: String,
    /// When it was added.
    pub created: Timestamp,
}

/// Lower-cased; labels of letters, digits, hyphens and what IDNA brings.
fn parse_domain(name: &str) -> Result<String> {
    let name = name.trim_end_matches('.').to_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    if name.len() > DOMAIN_BYTES_MAX || !name.split('.').all(label) {
        return Err(Error::Invalid("not a domain name"));
    }
    Ok(name)
}

fn parse_tenant(name: &str) -> Result<String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Error::Invalid("not a tenant name"));
    }
    Ok(name.to_owned())
}

impl LocalDirectory {
    /// Adds a tenant.
    ///
    /// # Errors
    /// `Exists`, or `Invalid` for its name.
    pub async fn add_tenant(&self, name: &str) -> Result<Outcome<()>> {
        let name = parse_tenant(name)?;
        let mut change = self.change().await?;
        if change.get(&key::tenant(&name)).await?.is_some() {
            return Err(Error::Exists);
        }
        let mut id = 1;
        for (_, bytes) in change.view().list(key::TENANTS, None, usize::MAX).await? {
            id = id.max(record::decode::<TenantRecord>(&bytes)?.id.saturating_add(1));
        }
        let created = change.now();
        change.put(key::tenant(&name), &TenantRecord { id, created })?;
        change.commit(()).await
    }

    /// All tenants by name.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let rows = self.view().await?.list(key::TENANTS, None, usize::MAX).await?;
        let tenant = |(key, bytes): (bytes::Bytes, bytes::Bytes)| {
            let record: TenantRecord = record::decode(&bytes)?;
            let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
            Ok(Tenant { name, created: record.created })
        };
        rows.into_iter().map(tenant).collect()
    }

    /// Adds a domain to a tenant, the default one when none is named.
    ///
    /// # Errors
    /// `Exists`, `NotFound` without that tenant, `Invalid` for its name.
    pub async fn add_domain(&self, name: &str, tenant: Option<&str>) -> Result<Outcome<String>> {
        let name = parse_domain(name)?;
        let tenant = tenant.unwrap_or(DEFAULT_TENANT);
        let mut change = self.change().await?;
        if change.get(&key::tenant(tenant)).await?.is_none() {
            return Err(Error::NotFound);
        }
        if change.get(&key::domain(&name)).await?.is_some() {
            return Err(Error::Exists);
        }
        let created = change.now();
        change.put(key::domain(&name), &DomainRecord { tenant: tenant.to_owned(), created })?;
        change.commit(name).await
    }

    /// All domains by name.
    ///
    /// # Errors
    /// Of the engine.
    pub async fn domains(&self) -> Result<Vec<Domain>> {
        let rows = self.view().await?.list(key::DOMAINS, None, usize::MAX).await?;
        let domain = |(key, bytes): (bytes::Bytes, bytes::Bytes)| {
            let record: DomainRecord = record::decode(&bytes)?;
            let name = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
            Ok(Domain { name, tenant: record.tenant, created: record.created })
        };
        rows.into_iter().map(domain).collect()
    }

    /// Removes a domain that no address uses.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while an account, group or alias has an address in it.
    pub async fn remove_domain(&self, name: &str) -> Result<Outcome<()>> {
        let name = parse_domain(name)?;
        let mut change = self.change().await?;
        if change.get(&key::domain(&name)).await?.is_none() {
            return Err(Error::NotFound);
        }
        if !change.view().list(&key::addresses_of(&name), None, 1).await?.is_empty() {
            return Err(Error::Conflict);
        }
        change.remove(key::domain(&name));
        change.commit(()).await
    }
}
