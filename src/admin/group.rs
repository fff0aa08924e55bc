//! Groups and their members.

use super::account::{address, find, remove, row};
use super::{Refusal, Request, misplaced};
use crate::limits::LIST_COUNT_MAX;
use crate::site::Site;
use directory::{AccountKind, Directory};
use model::Error;
use serde_json::{Value, json};

pub(super) async fn perform(site: &Site, request: Request) -> Result<Value, Refusal> {
    let directory = &site.directory;
    let group = Some(AccountKind::Group);
    match request {
        Request::GroupAdd { address: text, name } => {
            let address = address(&text)?;
            let of = |error| match error {
                Error::NotFound => Refusal {
                    kind: "not_found".to_owned(),
                    message: format!("{text}: its domain is not known; add it first (collegium domain add)"),
                },
                _ => Refusal::of(error, &text),
            };
            let id = directory.add_group(address.clone(), &name).await.map_err(of)?.into_inner();
            Ok(json!({"id": id.0, "address": address.as_str()}))
        }
        Request::GroupList {} => {
            let all = directory.accounts(None, LIST_COUNT_MAX).await;
            let all = all.map_err(|error| Refusal::of(error, "groups"))?;
            let mut rows = Vec::new();
            for account in all.iter().filter(|account| account.kind == AccountKind::Group) {
                let members = directory.members(account.id).await;
                let count = members.map_err(|error| Refusal::of(error, account.address.as_str()))?.len();
                rows.push(group_row(account, json!({"member_count": count})));
            }
            Ok(Value::from(rows))
        }
        Request::GroupShow { address } => show(site, &address).await,
        Request::GroupAddMember { group: name, member } => {
            let inner = find(site, &member, None).await?;
            let of = |error| match error {
                Error::Exists => {
                    Refusal { kind: "exists".to_owned(), message: format!("{member}: is in {name} already") }
                }
                Error::Conflict => {
                    Refusal { kind: "conflict".to_owned(), message: format!("{name} would be inside itself") }
                }
                _ => Refusal::of(error, &name),
            };
            let id = find(site, &name, group).await?.id;
            directory.add_member(id, inner.id).await.map_err(of)?.into_inner();
            show(site, &name).await
        }
        Request::GroupRemoveMember { group: name, member } => {
            let inner = find(site, &member, None).await?;
            let id = find(site, &name, group).await?.id;
            let of = |error| Refusal::of(error, &format!("{member} in {name}"));
            directory.remove_member(id, inner.id).await.map_err(of)?.into_inner();
            show(site, &name).await
        }
        Request::GroupRemove { address } => remove(site, &address, AccountKind::Group).await,
        _ => Err(misplaced()),
    }
}

/// A group as listings show it: an account's row without what only people have.
fn group_row(account: &directory::Account, more: Value) -> Value {
    let mut shown = row(account);
    if let (Some(object), Value::Object(more)) = (shown.as_object_mut(), more) {
        object.remove("administrator");
        object.remove("quota_bytes");
        object.extend(more);
    }
    shown
}

async fn show(site: &Site, text: &str) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, text);
    let account = find(site, text, Some(AccountKind::Group)).await?;
    let mut members = Vec::new();
    for id in site.directory.members(account.id).await.map_err(of)? {
        if let Some(member) = site.directory.account(id).await.map_err(of)? {
            members.push(member.address.to_string());
        }
    }
    Ok(group_row(&account, json!({"members": members})))
}
