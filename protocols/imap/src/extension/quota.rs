//! QUOTA (RFC 9208): how much an account holds and may hold, told to those who use it and set by administrators.
//!
//! Each account is one quota root, named by its address; all its mailboxes, calendars, address books and files
//! share it. The one resource is STORAGE. Without a limit there is no root.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::words::StatusWord;
use model::{Address, Error, Quota, Rights, Role};

pub(super) const EXTENSION: Extension = Extension {
    name: "QUOTA",
    rfc: "RFC 9208",
    capability: Some("QUOTA"),
    when: When::LoggedIn,
    commands: &[
        verb("GETQUOTA", |session, cursor| Box::pin(get(session, cursor))),
        verb("GETQUOTAROOT", |session, cursor| Box::pin(get_root(session, cursor))),
    ],
    codes: &["OVERQUOTA"],
    ..Extension::PLAIN
};

/// The resource STORAGE (RFC 9208 5.1) and what STATUS then knows (RFC 9208 4.1.4).
pub(super) const STORAGE: Extension = Extension {
    name: "QUOTA=RES-STORAGE",
    rfc: "RFC 9208",
    capability: Some("QUOTA=RES-STORAGE"),
    when: When::LoggedIn,
    status: &[StatusWord {
        name: "DELETED-STORAGE",
        asked: None,
        value: |out, _, row| {
            out.number(row.deleted_bytes);
        },
    }],
    ..Extension::PLAIN
};

/// Setting it: told to everybody, done for administrators (RFC 9208 4.1.3).
pub(super) const SET: Extension = Extension {
    name: "QUOTASET",
    rfc: "RFC 9208",
    capability: Some("QUOTASET"),
    when: When::LoggedIn,
    commands: &[verb("SETQUOTA", |session, cursor| Box::pin(set(session, cursor)))],
    ..Extension::PLAIN
};

type Run = for<'a> fn(&'a mut Session, Cursor<'a>) -> futures_util::future::BoxFuture<'a, Outcome>;

const fn verb(name: &'static str, run: Run) -> Verb {
    Verb { name, uid: false, states: States::LOGGED_IN, sequences: Sequences::Free, run }
}

/// STORAGE counts in these (RFC 9208 5.1).
const UNIT_BYTES: u64 = 1024;

const NO_ROOT: Failure = Failure::No(Some("NONEXISTENT"), "No such quota root");

async fn get_root(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    let place = session.place(&name).await?;
    let reader = session.reader_of(place.account).await?;
    reader.open_mailbox(&place.path, Rights::READ).await?;
    let account = session.context.directory.account(place.account).await?;
    let out = &mut session.connection.out;
    out.raw(b"* QUOTAROOT ").mailbox(&name);
    match (account, reader.quota().limit_bytes) {
        (Some(account), Some(_)) => {
            out.raw(b" ").astring(account.address.as_str().as_bytes()).crlf();
            tell(session, account.address.as_str(), reader.quota());
        }
        _ => out.crlf(),
    }
    Ok(Done::told("GETQUOTAROOT completed"))
}

async fn get(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let root = cursor.text()?.into_owned();
    cursor.end()?;
    let address = Address::parse(&root).map_err(|_| NO_ROOT)?;
    let found = session.context.directory.by_address(&address).await?;
    let account = found.filter(|found| found.address == address).ok_or(NO_ROOT)?;
    let (principal, _) = session.account()?;
    if !principal.is(account.id) && principal.role != Role::Administrator {
        return Err(NO_ROOT);
    }
    let reader = session.context.store.read_if_there(principal, account.id).await?.ok_or(NO_ROOT)?;
    if reader.quota().limit_bytes.is_none() {
        return Err(NO_ROOT);
    }
    tell(session, address.as_str(), reader.quota());
    Ok(Done::told("GETQUOTA completed"))
}

/// `* QUOTA root (STORAGE used limit)`: what is used is rounded up, what may be used down.
fn tell(session: &mut Session, root: &str, quota: Quota) {
    let Some(limit) = quota.limit_bytes else { return };
    let out = &mut session.connection.out;
    out.raw(b"* QUOTA ").astring(root.as_bytes()).raw(b" (STORAGE ");
    out.number(quota.used_bytes.div_ceil(UNIT_BYTES)).raw(b" ").number(limit / UNIT_BYTES).raw(b")").crlf();
}

/// `(STORAGE n)`, or `()` for no limit; in octets.
fn limits(cursor: &mut Cursor<'_>) -> Parsed<Option<u64>> {
    cursor.expect(b'(', "Expected a list of resources")?;
    let mut limit = None;
    while !cursor.eat(b')') {
        if limit.is_some() {
            cursor.space()?;
        }
        let resource = cursor.atom()?;
        cursor.space()?;
        let number = cursor.number64()?;
        if !resource.eq_ignore_ascii_case("STORAGE") || limit.is_some() {
            return Err(Failure::No(Some("CANNOT"), "The one resource here is STORAGE"));
        }
        limit = Some(number.saturating_mul(UNIT_BYTES));
    }
    Ok(limit)
}

async fn set(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let root = cursor.text()?.into_owned();
    cursor.space()?;
    let limit = limits(&mut cursor)?;
    cursor.end()?;
    let (principal, _) = session.account()?;
    if principal.role != Role::Administrator {
        // Before the root is looked at: nobody else learns which there are.
        return Err(Failure::Store(Error::Forbidden(Rights::ADMINISTER)));
    }
    let address = Address::parse(&root).map_err(|_| NO_ROOT)?;
    let found = session.context.directory.by_address(&address).await?;
    let account = found.filter(|found| found.address == address).ok_or(NO_ROOT)?;
    session.context.directory.limit_quota(account.id, limit).await?;
    let owner = session.context.directory.principal(account.id).await?;
    let mut writer = session.context.store.write(&owner, account.id).await?;
    writer.set_quota(limit);
    let quota = writer.quota();
    let proof = writer.commit(()).await?;
    tell(session, address.as_str(), quota);
    Ok(Done::changed(&proof, "SETQUOTA completed"))
}
