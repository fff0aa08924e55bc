//! Administration: one list of requests, performed by the running server (over its socket) or, when none
//! runs, by the command itself on the store it has opened. Both ways go through [`perform`].

pub(crate) mod account;
pub(crate) mod backup;
mod client;
mod domain;
mod export;
mod fsck;
mod group;
mod import;
mod queue;
mod session;
mod socket;
pub(crate) mod undelete;

pub(crate) use client::Administration;
pub(crate) use fsck::Mode as FsckMode;
pub(crate) use import::{Collection, ImportMemory, Item, Object, Place};
pub(crate) use socket::serve;

use crate::site::Site;
use model::Error;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use tokio::io::AsyncRead;

/// Everything that can be asked. The JSON form is `{"account_add": {"address": ..}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    TenantAdd { name: String },
    TenantList {},
    DomainAdd { name: String, tenant: Option<String> },
    DomainList {},
    DomainRemove { name: String },
    AccountAdd(account::Add),
    AccountList {},
    AccountShow { address: String },
    AccountSet(account::Set),
    AccountSetPassword { address: String, password: Option<String> },
    AccountSetDisabled { address: String, disabled: bool },
    AccountSetHold { address: String, hold: bool },
    AccountSetSeen { address: String, mailbox: String, own: bool },
    AccountRemove { address: String },
    AccountTrace { address: String, minutes: u64 },
    SessionList { account: Option<String> },
    AppPasswordAdd { address: String, label: String },
    AppPasswordList { address: String },
    AppPasswordSet { address: String, id: u32, hidden_capabilities: Vec<String> },
    AppPasswordRemove { address: String, id: u32 },
    AliasAdd { alias: String, target: String },
    AliasList { target: Option<String> },
    AliasRemove { alias: String },
    GroupAdd { address: String, name: String },
    GroupList {},
    GroupShow { address: String },
    GroupAddMember { group: String, member: String },
    GroupRemoveMember { group: String, member: String },
    GroupRemove { address: String },
    QueueList {},
    QueueRetry { id: String },
    QueueRemove { id: String },
    ExportBegin { account: String },
    ExportPage { collection: u32, behind: Option<String> },
    ExportOctets { item: u64, message: bool, offset: u64 },
    ExportEnd {},
    FsckAccounts {},
    FsckAccount { account: u32, mode: FsckMode },
    FsckOutside { mode: FsckMode, lost: Vec<(u32, u64)> },
    Collect {},
    Backup(backup::Create),
    Restore(backup::Restore),
    UndeleteList(undelete::List),
    UndeleteRestore(undelete::Restore),
    Import(Item),
}

impl Request {
    /// Raw octets that follow the request.
    pub(crate) fn body_bytes(&self) -> u64 {
        if let Self::Import(item) = self { item.bytes } else { 0 }
    }
}

/// Why a request was not done, for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// For programs: `not_found`, `exists`, `conflict`, `invalid`, `too_large`, `over_quota`, `unavailable`,
    /// `corrupt`, `forbidden`, `disk_full`.
    pub(crate) kind: String,
    /// For people.
    pub(crate) message: String,
}

impl Refusal {
    /// About the thing that `what` names.
    pub(crate) fn of(error: Error, what: &str) -> Self {
        let (kind, message) = match error {
            Error::NotFound => ("not_found", format!("{what}: not found")),
            Error::Exists => ("exists", format!("{what}: exists already")),
            Error::Conflict | Error::Locked | Error::PreconditionFailed | Error::StaleToken => {
                ("conflict", format!("{what}: its state does not allow it"))
            }
            Error::Invalid(why) => ("invalid", format!("{what}: {why}")),
            Error::TooLarge(limit) => ("too_large", format!("{what}: past the limit of {limit}")),
            Error::OverQuota => ("over_quota", format!("{what}: over quota")),
            Error::DiskFull => ("disk_full", format!("{what}: the disk is full")),
            Error::Forbidden(_) => ("forbidden", format!("{what}: forbidden")),
            Error::Corrupt => ("corrupt", format!("{what}: stored data is damaged; see the log")),
            _ => ("unavailable", format!("{what}: not now; see the log")),
        };
        Self { kind: kind.to_owned(), message }
    }

    /// Something of ours went wrong on the way.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { kind: "unavailable".to_owned(), message: message.into() }
    }

    /// Whether trying the same again may work.
    pub(crate) fn is_unavailable(&self) -> bool {
        self.kind == "unavailable"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The answer on the socket.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    Ok(Value),
    Error(Refusal),
}

/// Does what is asked. `body` holds [`Request::body_bytes`] octets; what is left of them is the caller's to
/// skip.
///
/// # Errors
/// Nothing has happened then.
pub(crate) async fn perform(
    site: &Site,
    memory: &mut ImportMemory,
    request: Request,
    body: &mut (dyn AsyncRead + Unpin + Send),
) -> Result<Value, Refusal> {
    match request {
        Request::TenantAdd { .. }
        | Request::TenantList {}
        | Request::DomainAdd { .. }
        | Request::DomainList {}
        | Request::DomainRemove { .. } => domain::perform(site, request).await,
        Request::GroupAdd { .. }
        | Request::GroupList {}
        | Request::GroupShow { .. }
        | Request::GroupAddMember { .. }
        | Request::GroupRemoveMember { .. }
        | Request::GroupRemove { .. } => group::perform(site, request).await,
        Request::QueueList {} | Request::QueueRetry { .. } | Request::QueueRemove { .. } => {
            queue::perform(site, request).await
        }
        Request::AccountTrace { .. } | Request::SessionList { .. } => session::perform(site, request).await,
        Request::ExportBegin { account } => export::begin(site, memory, &account).await,
        Request::ExportPage { collection, behind } => export::page(site, memory, collection, behind).await,
        Request::ExportOctets { item, message, offset } => {
            export::octets(site, memory, item, message, offset).await
        }
        Request::ExportEnd {} => Ok(export::end(memory)),
        Request::FsckAccounts {} => fsck::accounts(site).await,
        Request::FsckAccount { account, mode } => fsck::account(site, account, mode).await,
        Request::FsckOutside { mode, lost } => fsck::outside(site, mode, lost).await,
        Request::Collect {} => fsck::collect(site).await,
        Request::Backup(create) => backup::create(site, create).await,
        Request::Restore(restore) => backup::restore(site, restore).await,
        Request::UndeleteList(list) => undelete::list(site, list).await,
        Request::UndeleteRestore(restore) => undelete::restore(site, restore).await,
        Request::Import(item) => import::perform(site, memory, item, body).await,
        _ => account::perform(site, request).await,
    }
}

/// When something happened, as people and programs read it.
fn moment(time: model::Timestamp) -> Value {
    jiff::Timestamp::from_millisecond(time.0).map_or(Value::Null, |time| Value::from(time.to_string()))
}

/// What does not belong to the noun's file: a fault of the dispatch above.
fn misplaced() -> Refusal {
    Refusal::unavailable("this request is not known here")
}
