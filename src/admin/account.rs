//! Accounts, their aliases and app passwords.

use super::{Refusal, Request, misplaced, moment};
use crate::limits::LIST_COUNT_MAX;
use crate::site::Site;
use directory::{Account, AccountKind, Directory, NewAccount};
use model::{AccountId, Address, Error, Rights, Role, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A new account. Without a password one is made and told in the answer, once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    pub(crate) address: String,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) password: Option<String>,
    #[serde(default)]
    pub(crate) administrator: bool,
    pub(crate) quota_bytes: Option<u64>,
}

/// A log line shall not show the password.
impl std::fmt::Debug for Add {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Add").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What of an account is to change; what is `None` stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Set {
    pub(crate) address: String,
    pub(crate) name: Option<String>,
    pub(crate) administrator: Option<bool>,
    /// The most octets it may hold; 0 is no limit.
    pub(crate) quota_bytes: Option<u64>,
    /// The most messages it may hold; 0 is no limit.
    #[serde(default)]
    pub(crate) quota_messages: Option<u64>,
    /// Capabilities that doors do not tell it of; empty shows all again.
    #[serde(default)]
    pub(crate) hidden_capabilities: Option<Vec<String>>,
}

/// The address a person typed.
pub(super) fn address(text: &str) -> Result<Address, Refusal> {
    Address::parse(text).map_err(|error| Refusal::of(error, text))
}

/// The account or group of that address or alias, of one kind.
pub(super) async fn find(site: &Site, text: &str, kind: Option<AccountKind>) -> Result<Account, Refusal> {
    let address = address(text)?;
    let of = |error| Refusal::of(error, text);
    let found = site.directory.by_address(&address).await.map_err(of)?;
    found.filter(|account| kind.is_none_or(|kind| kind == account.kind)).ok_or_else(|| of(Error::NotFound))
}

pub(super) async fn perform(site: &Site, request: Request) -> Result<Value, Refusal> {
    let directory = &site.directory;
    match request {
        Request::AccountAdd(new) => add(site, new).await,
        Request::AccountList {} => list(site).await,
        Request::AccountShow { address } => show(site, &address).await,
        Request::AccountSet(set) => change(site, set).await,
        Request::AccountSetPassword { address, password } => set_password(site, &address, password).await,
        Request::AccountSetDisabled { address, disabled } => {
            let account = find(site, &address, None).await?;
            let done = directory.set_disabled(account.id, disabled).await;
            done.map_err(|error| Refusal::of(error, &address))?.into_inner();
            Ok(json!({"address": account.address.as_str(), "disabled": disabled}))
        }
        Request::AccountSetHold { address, hold } => set_hold(site, &address, hold).await,
        Request::AccountSetSeen { address, mailbox, own } => set_seen(site, &address, &mailbox, own).await,
        Request::AccountRemove { address } => remove(site, &address, AccountKind::Person).await,
        Request::AppPasswordAdd { .. }
        | Request::AppPasswordList { .. }
        | Request::AppPasswordSet { .. }
        | Request::AppPasswordRemove { .. } => app_password(site, request).await,
        Request::AliasAdd { .. } | Request::AliasList { .. } | Request::AliasRemove { .. } => {
            alias(site, request).await
        }
        _ => Err(misplaced()),
    }
}

async fn add(site: &Site, new: Add) -> Result<Value, Refusal> {
    let of = |error| match error {
        Error::NotFound => Refusal {
            kind: "not_found".to_owned(),
            message: format!("{}: its domain is not known; add it first (collegium domain add)", new.address),
        },
        _ => Refusal::of(error, &new.address),
    };
    let made = new.password.is_none();
    let secret = match &new.password {
        Some(password) => Secret::new(password.clone()),
        None => site.directory.random_secret(),
    };
    let record = NewAccount {
        address: address(&new.address)?,
        name: new.name.clone(),
        password: Some(secret.clone()),
        role: if new.administrator { Role::Administrator } else { Role::Member },
        quota_bytes: new.quota_bytes,
    };
    let shown = record.address.clone();
    let id = site.directory.add_account(record).await.map_err(of)?.into_inner();
    site.apply_quota(id, new.quota_bytes).await.map_err(of)?;
    let password = if made { json!(secret.expose()) } else { Value::Null };
    Ok(json!({"id": id.0, "address": shown.as_str(), "password": password}))
}

async fn list(site: &Site) -> Result<Value, Refusal> {
    let all = site.directory.accounts(None, LIST_COUNT_MAX).await;
    let all = all.map_err(|error| Refusal::of(error, "accounts"))?;
    let people = all.into_iter().filter(|account| account.kind == AccountKind::Person);
    Ok(people.map(|account| row(&account)).collect())
}

/// An account as listings show it.
pub(super) fn row(account: &Account) -> Value {
    let aliases: Vec<&str> = account.addresses.iter().skip(1).map(Address::as_str).collect();
    json!({
        "id": account.id.0,
        "address": account.address.as_str(),
        "name": account.name,
        "aliases": aliases,
        "administrator": account.role == Role::Administrator,
        "disabled": account.disabled,
        "quota_bytes": account.quota_bytes,
    })
}

async fn show(site: &Site, text: &str) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, text);
    let account = find(site, text, Some(AccountKind::Person)).await?;
    let mut shown = row(&account);
    let principal = site.directory.principal(account.id).await.map_err(of)?;
    let mut groups = Vec::new();
    for id in &principal.groups {
        if let Some(group) = site.directory.account(*id).await.map_err(of)? {
            groups.push(group.address.to_string());
        }
    }
    let apps = app_rows(site, account.id).await.map_err(of)?;
    let hidden = site.directory.hidden(account.id, None).await.map_err(of)?;
    let usage = site.usage(&principal).await.map_err(of)?;
    let reader = site.store.read(&principal, account.id).await.map_err(of)?;
    let (kept, messages) = (reader.kept().await.map_err(of)?, reader.message_quota());
    if let Some(object) = shown.as_object_mut() {
        object.insert("groups".to_owned(), json!(groups));
        object.insert("app_passwords".to_owned(), apps);
        object.insert("hidden_capabilities".to_owned(), json!(hidden));
        object.insert("used_bytes".to_owned(), json!(usage.used_bytes));
        object.insert("used_count".to_owned(), json!(usage.used_count));
        object.insert("quota_messages".to_owned(), json!(messages.limit));
        object.insert("used_messages".to_owned(), json!(messages.count));
        object.insert("deleted_bytes".to_owned(), json!(kept.bytes));
        object.insert("deleted_count".to_owned(), json!(kept.count));
        object.insert("hold".to_owned(), json!(kept.hold));
    }
    Ok(shown)
}

async fn change(site: &Site, set: Set) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, &set.address);
    let id = find(site, &set.address, Some(AccountKind::Person)).await?.id;
    can_be_hidden(set.hidden_capabilities.as_deref().unwrap_or_default())?;
    if let Some(name) = &set.name {
        site.directory.set_name(id, name).await.map_err(of)?.into_inner();
    }
    if let Some(administrator) = set.administrator {
        let role = if administrator { Role::Administrator } else { Role::Member };
        site.directory.set_role(id, role).await.map_err(of)?.into_inner();
    }
    if let Some(quota) = set.quota_bytes {
        let quota = Some(quota).filter(|bytes| *bytes > 0);
        site.directory.set_quota(id, quota).await.map_err(of)?.into_inner();
        site.apply_quota(id, quota).await.map_err(of)?;
    }
    if let Some(limit) = set.quota_messages {
        site.limit_messages(id, Some(limit).filter(|limit| *limit > 0)).await.map_err(of)?;
    }
    if let Some(hidden) = &set.hidden_capabilities {
        site.directory.set_hidden(id, None, hidden).await.map_err(of)?.into_inner();
    }
    show(site, &set.address).await
}

/// Whether each is a capability: whoever mistypes one would believe it hidden.
fn can_be_hidden(names: &[String]) -> Result<(), Refusal> {
    let refusal =
        |unknown: imap::hidden::Unknown| Refusal { kind: "invalid".to_owned(), message: unknown.to_string() };
    names.iter().try_for_each(|name| imap::hidden::known(name.trim())).map_err(refusal)
}

/// An account that is there, or one that was removed and still holds something.
pub(super) async fn find_or_removed(site: &Site, text: &str) -> Result<AccountId, Refusal> {
    match find(site, text, Some(AccountKind::Person)).await {
        Err(refusal) if refusal.kind == "not_found" => {
            let of = |error| Refusal::of(error, text);
            let removed = site.store.removed_accounts().await.map_err(of)?;
            let address = address(text)?;
            let had = |kept: &store::Kept| {
                kept.removed.as_ref().is_some_and(|removed| removed.address == address.as_str())
            };
            // The newest, where several had the address one after another.
            let found = removed.into_iter().rev().find(|(_, kept)| had(kept));
            found.map(|(id, _)| id).ok_or(refusal)
        }
        found => Ok(found?.id),
    }
}

async fn set_hold(site: &Site, text: &str, hold: bool) -> Result<Value, Refusal> {
    let of = |error| Refusal::of(error, text);
    let id = find_or_removed(site, text).await?;
    let who = crate::site::owner(id).map_err(of)?;
    let mut writer = site.store.write(&who, id).await.map_err(of)?;
    writer.set_hold(hold).await.map_err(of)?;
    let _durable = writer.commit(()).await.map_err(of)?;
    Ok(json!({"address": text, "id": id.0, "hold": hold}))
}

/// Chooses whose \Seen of a mailbox is, as its owner can; of a group's mailbox too.
async fn set_seen(site: &Site, text: &str, path: &str, own: bool) -> Result<Value, Refusal> {
    let account = find(site, text, None).await?;
    let what = format!("{text}: {path}");
    let of = |error| Refusal::of(error, &what);
    let who = crate::site::owner(account.id).map_err(of)?;
    let mut writer = site.store.write(&who, account.id).await.map_err(of)?;
    let mailbox = writer.open_mailbox(path, Rights::ADMINISTER).await.map_err(of)?;
    writer.choose_seen(&mailbox, Some(own)).await.map_err(of)?;
    let _durable = writer.commit(()).await.map_err(of)?;
    let seen = if own { "own" } else { "shared" };
    Ok(json!({"address": account.address.as_str(), "mailbox": path, "seen": seen}))
}

async fn set_password(site: &Site, text: &str, password: Option<String>) -> Result<Value, Refusal> {
    let account = find(site, text, Some(AccountKind::Person)).await?;
    let made = password.is_none();
    let secret = password.map_or_else(|| site.directory.random_secret(), Secret::new);
    let done = site.directory.set_password(account.id, Some(&secret)).await;
    done.map_err(|error| Refusal::of(error, text))?.into_inner();
    let password = if made { json!(secret.expose()) } else { Value::Null };
    Ok(json!({"address": account.address.as_str(), "password": password}))
}

/// Removes an account or group from the directory, and what it holds from the store.
pub(super) async fn remove(site: &Site, text: &str, kind: AccountKind) -> Result<Value, Refusal> {
    let account = find(site, text, Some(kind)).await?;
    if account.address.as_str() != text.to_lowercase() {
        // An alias is too easily taken for a mere alias's removal.
        return Err(Refusal {
            kind: "conflict".to_owned(),
            message: format!("{text}: is an alias of {}; name that one", account.address),
        });
    }
    let of = |error| Refusal::of(error, text);
    // Written down first: were this cut short, the hourly jobs would see that the account is there still.
    let person = kind == AccountKind::Person;
    if person {
        site.mark_removed(account.id, account.address.as_str()).await.map_err(of)?;
    }
    let done = site.directory.remove_account(account.id).await;
    done.map_err(of)?.into_inner();
    // Nobody can log in any more. What it held goes when its time is over: now, where there is no window.
    let removed = if person { site.expire(account.id).await.map_err(of)? } else { 0 };
    Ok(json!({"address": account.address.as_str(), "id": account.id.0, "removed_collections": removed}))
}

/// The app passwords of an account, each with the device that was seen last with it.
async fn app_rows(site: &Site, id: AccountId) -> model::Result<Value> {
    let mut devices = site.directory.devices(id).await?;
    for ((account, app), known) in site.sessions.devices() {
        if account == id {
            let earlier = devices.remove(&app);
            let mut device = crate::devices::device(&known);
            let client =
                earlier.filter(|earlier| earlier.door == device.door).and_then(|earlier| earlier.client);
            device.client = device.client.or(client);
            devices.insert(app, device);
        }
    }
    let row = |app: directory::AppPassword| {
        let device = devices.get(&app.id);
        json!({
            "id": app.id,
            "label": app.label,
            "created": moment(app.created),
            "last_seen": device.map(|device| moment(device.at)),
            "last_door": device.map(|device| &device.door),
            "last_from": device.map(|device| &device.from),
            "last_client": device.and_then(|device| device.client.as_ref()),
        })
    };
    Ok(site.directory.app_passwords(id).await?.into_iter().map(row).collect())
}

async fn app_password(site: &Site, request: Request) -> Result<Value, Refusal> {
    let person = Some(AccountKind::Person);
    match request {
        Request::AppPasswordAdd { address, label } => {
            let id = find(site, &address, person).await?.id;
            let added = site.directory.add_app_password(id, &label).await;
            let (number, secret) = added.map_err(|error| Refusal::of(error, &address))?.into_inner();
            Ok(json!({"id": number, "label": label, "password": secret.expose()}))
        }
        Request::AppPasswordList { address } => {
            let id = find(site, &address, person).await?.id;
            app_rows(site, id).await.map_err(|error| Refusal::of(error, &address))
        }
        Request::AppPasswordSet { address, id: number, hidden_capabilities } => {
            let id = find(site, &address, person).await?.id;
            let what = format!("{address}: app password {number}");
            can_be_hidden(&hidden_capabilities)?;
            let done = site.directory.set_hidden(id, Some(number), &hidden_capabilities).await;
            done.map_err(|error| Refusal::of(error, &what))?.into_inner();
            let hidden = site.directory.hidden(id, Some(number)).await;
            let hidden = hidden.map_err(|error| Refusal::of(error, &what))?;
            Ok(json!({"id": number, "hidden_capabilities": hidden}))
        }
        Request::AppPasswordRemove { address, id: number } => {
            let id = find(site, &address, person).await?.id;
            let done = site.directory.remove_app_password(id, number).await;
            let what = format!("{address}: app password {number}");
            done.map_err(|error| Refusal::of(error, &what))?.into_inner();
            Ok(json!({"id": number}))
        }
        _ => Err(misplaced()),
    }
}

async fn alias(site: &Site, request: Request) -> Result<Value, Refusal> {
    match request {
        Request::AliasAdd { alias, target } => {
            let account = find(site, &target, None).await?;
            let name = address(&alias)?;
            let of = |error| Refusal::of(error, &alias);
            site.directory.add_alias(account.id, &name).await.map_err(of)?.into_inner();
            Ok(json!({"alias": name.as_str(), "target": account.address.as_str()}))
        }
        Request::AliasList { target } => {
            let accounts = match target {
                Some(target) => vec![find(site, &target, None).await?],
                None => {
                    let all = site.directory.accounts(None, LIST_COUNT_MAX).await;
                    all.map_err(|error| Refusal::of(error, "aliases"))?
                }
            };
            let of_account = |account: Account| {
                let target = account.address.to_string();
                let aliases = account.addresses.into_iter().skip(1);
                aliases
                    .map(move |alias| json!({"alias": alias.as_str(), "target": target}))
                    .collect::<Vec<_>>()
            };
            Ok(accounts.into_iter().flat_map(of_account).collect())
        }
        Request::AliasRemove { alias } => {
            let name = address(&alias)?;
            let of = |error| match error {
                Error::Conflict => Refusal {
                    kind: "conflict".to_owned(),
                    message: format!("{alias}: is an account's own address, not an alias"),
                },
                _ => Refusal::of(error, &alias),
            };
            site.directory.remove_alias(&name).await.map_err(of)?.into_inner();
            Ok(json!({"alias": name.as_str()}))
        }
        _ => Err(misplaced()),
    }
}
