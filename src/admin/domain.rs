//! Tenants and domains.

use super::{Refusal, Request, misplaced, moment};
use crate::site::Site;
use serde_json::{Value, json};

pub(super) async fn perform(site: &Site, request: Request) -> Result<Value, Refusal> {
    let directory = &site.directory;
    match request {
        Request::TenantAdd { name } => {
            let of = |error| Refusal::of(error, &name);
            directory.add_tenant(&name).await.map_err(of)?.into_inner();
            Ok(json!({"name": name}))
        }
        Request::TenantList {} => {
            let tenants = directory.tenants().await.map_err(|error| Refusal::of(error, "tenants"))?;
            let row =
                |tenant: directory::Tenant| json!({"name": tenant.name, "created": moment(tenant.created)});
            Ok(tenants.into_iter().map(row).collect())
        }
        Request::DomainAdd { name, tenant } => {
            let of = |error| match (error, &tenant) {
                (model::Error::NotFound, Some(tenant)) => Refusal::of(error, tenant),
                _ => Refusal::of(error, &name),
            };
            let name = directory.add_domain(&name, tenant.as_deref()).await.map_err(of)?.into_inner();
            Ok(json!({"name": name}))
        }
        Request::DomainList {} => {
            let domains = directory.domains().await.map_err(|error| Refusal::of(error, "domains"))?;
            let row = |domain: directory::Domain| json!({"name": domain.name, "tenant": domain.tenant, "created": moment(domain.created)});
            Ok(domains.into_iter().map(row).collect())
        }
        Request::DomainRemove { name } => {
            let of = |error| match error {
                model::Error::Conflict => Refusal {
                    kind: "conflict".to_owned(),
                    message: format!("{name}: accounts, groups or aliases still have addresses in it"),
                },
                _ => Refusal::of(error, &name),
            };
            directory.remove_domain(&name).await.map_err(of)?.into_inner();
            Ok(json!({"name": name}))
        }
        _ => Err(misplaced()),
    }
}
