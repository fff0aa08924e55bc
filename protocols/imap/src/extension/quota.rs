//! QUOTA (RFC 9208): how much an account holds and may hold, told to those who use it and set by administrators.
//!
//! Each account is one quota root, named by its address; all its mailboxes, calendars, address books and files
//! share it. The resources are STORAGE and, of its mailboxes, MESSAGE. Without a limit there is no root.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::words::StatusWord;
use model::{Address, Error, MessageQuota, Quota, Rights, Role};
use store::Reader;

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

/// The resource MESSAGE (RFC 9208 5.2); DELETED of STATUS is IMAP4rev2's already.
pub(super) const MESSAGE: Extension = Extension {
    name: "QUOTA=RES-MESSAGE",
    rfc: "RFC 9208",
    capability: Some("QUOTA=RES-MESSAGE"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};

/// Setting it: told to everybody, done for administrators (RFC 9208 4.1.3).
pub(super) const SET: Extension = Extension {
    name: "QUOTASET",
    rfc: "RFC 9208",
    capability: Some("QUOTASET"),
    when: When::LoggedIn,
    needs: &["QUOTA"],
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
    let opened = reader.open_mailbox(&place.path, Rights::READ).await;
    match opened {
        // RFC 9208 4.1.2: one may ask what will apply to a mailbox that is to be made; of one's own, all alike.
        Err(Error::NotFound) if session.account()?.0.is(place.account) => {}
        opened => drop(opened?),
    }
    let account = session.context.directory.account(place.account).await?;
    let out = &mut session.connection.out;
    out.raw(b"* QUOTAROOT ").mailbox(&name);
    match account.filter(|_| Resources::of(&reader).is_limited()) {
        Some(account) => {
            out.raw(b" ").astring(account.address.as_str().as_bytes()).crlf();
            tell(session, account.address.as_str(), Resources::of(&reader));
        }
        None => out.crlf(),
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
    let resources = Resources::of(&reader);
    if !resources.is_limited() {
        return Err(NO_ROOT);
    }
    tell(session, address.as_str(), resources);
    Ok(Done::told("GETQUOTA completed"))
}

/// What a root says of its account.
#[derive(Clone, Copy)]
struct Resources {
    storage: Quota,
    messages: MessageQuota,
}

impl Resources {
    fn of(reader: &Reader) -> Self {
        Self { storage: reader.quota(), messages: reader.message_quota() }
    }

    /// Whether there is a root at all.
    fn is_limited(&self) -> bool {
        self.storage.limit_bytes.is_some() || self.messages.limit.is_some()
    }
}

/// `* QUOTA root (STORAGE used limit MESSAGE used limit)`, what has no limit left out: of STORAGE what is used is
/// rounded up, what may be used down.
fn tell(session: &mut Session, root: &str, resources: Resources) {
    if !resources.is_limited() {
        return;
    }
    let Resources { storage, messages } = resources;
    let storage = storage
        .limit_bytes
        .map(|limit| format!("STORAGE {} {}", storage.used_bytes.div_ceil(UNIT_BYTES), limit / UNIT_BYTES));
    let messages =
        messages.count.zip(messages.limit).map(|(count, limit)| format!("MESSAGE {count} {limit}"));
    let told: Vec<String> = storage.into_iter().chain(messages).collect();
    let out = &mut session.connection.out;
    out.raw(b"* QUOTA ").astring(root.as_bytes()).raw(b" (").raw(told.join(" ")).raw(b")").crlf();
}

/// What SETQUOTA sets; a resource that it does not name has no limit from then on (RFC 9208 4.1.3).
#[derive(Default)]
struct Limits {
    bytes: Option<u64>,
    messages: Option<u64>,
}

impl Limits {
    /// `(STORAGE n MESSAGE n)`, or `()` for no limit.
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(', "Expected a list of resources")?;
        let mut limits = Self::default();
        let mut first = true;
        while !cursor.eat(b')') {
            if !std::mem::take(&mut first) {
                cursor.space()?;
            }
            let resource = cursor.atom()?;
            cursor.space()?;
            let number = cursor.number64()?;
            let (limit, number) = match () {
                () if resource.eq_ignore_ascii_case("STORAGE") => {
                    (&mut limits.bytes, number.saturating_mul(UNIT_BYTES))
                }
                () if resource.eq_ignore_ascii_case("MESSAGE") => (&mut limits.messages, number),
                () => return Err(Failure::No(Some("CANNOT"), "The resources here are STORAGE and MESSAGE")),
            };
            if limit.replace(number).is_some() {
                return Err(Failure::Bad("Each resource is named once"));
            }
        }
        Ok(limits)
    }
}

async fn set(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let root = cursor.text()?.into_owned();
    cursor.space()?;
    let limits = Limits::read(&mut cursor)?;
    cursor.end()?;
    let (principal, _) = session.account()?;
    if principal.role != Role::Administrator {
        // Before the root is looked at: nobody else learns which there are.
        return Err(Failure::Store(Error::Forbidden(Rights::ADMINISTER)));
    }
    let address = Address::parse(&root).map_err(|_| NO_ROOT)?;
    let found = session.context.directory.by_address(&address).await?;
    let account = found.filter(|found| found.address == address).ok_or(NO_ROOT)?;
    session.context.directory.limit_quota(account.id, limits.bytes).await?;
    let owner = session.context.directory.principal(account.id).await?;
    let mut writer = session.context.store.write(&owner, account.id).await?;
    writer.set_quota(limits.bytes);
    writer.set_message_limit(limits.messages).await?;
    let resources = Resources::of(&writer);
    let proof = writer.commit(()).await?;
    tell(session, address.as_str(), resources);
    Ok(Done::changed(&proof, "SETQUOTA completed"))
}
