//! What a new account begins with: mailboxes with their special uses, a calendar, a task list, an address book
//! and the root of its files.

use crate::{
    collection::NewCollection,
    key::Key,
    kind::{AddressBook, Calendar, Folder, Mailbox},
    record::AccountRow,
    stores::Store,
    writer::Writer,
};
use engine::Table;
use model::{
    AccountId, Address, CollectionId, CollectionKind, Error, ItemId, MessageQuota, Modseq, Principal, Quota,
    Result, Role, SpecialUse, UidValidity,
};
use std::collections::BTreeMap;

/// Name of every account's first calendar.
pub const DEFAULT_CALENDAR: &str = "default";
/// Name of every account's first task list.
pub const DEFAULT_TASK_LIST: &str = "tasks";
/// Name of every account's first address book.
pub const DEFAULT_ADDRESS_BOOK: &str = "default";
/// Name of the folder that holds an account's files.
pub const FILES_ROOT: &str = "files";

const MAILBOXES: &[(&str, SpecialUse)] = &[
    ("INBOX", SpecialUse::Inbox),
    ("Drafts", SpecialUse::Drafts),
    ("Sent", SpecialUse::Sent),
    ("Archive", SpecialUse::Archive),
    ("Junk", SpecialUse::Junk),
    ("Trash", SpecialUse::Trash),
];

/// The special use that a mailbox of this name has in every new account.
pub(crate) fn special_use_of(kind: CollectionKind, parent: CollectionId, name: &str) -> Option<SpecialUse> {
    let top = kind == CollectionKind::Mailbox && parent == CollectionId::ROOT;
    MAILBOXES.iter().find(|(known, _)| top && *known == name).map(|(_, special_use)| *special_use)
}

impl Store {
    pub(crate) fn new_account(&self) -> AccountRow {
        AccountRow {
            modseq: Modseq(0),
            next_collection: CollectionId(1),
            next_item: ItemId(1),
            uid_validity: UidValidity(0),
            quota: Quota { limit_bytes: self.inner.options.quota_bytes, ..Quota::default() },
            collection_count: 0,
            messages: MessageQuota { count: Some(0), limit: None },
        }
    }

    /// The owner in person: the store's own work goes through the same rights as everything else.
    pub(crate) async fn begin_as_owner(&self, account: AccountId) -> Result<Writer> {
        let address = Address::parse("owner@localhost")?;
        self.begin(&Principal { account, address, groups: Vec::new(), role: Role::Member }, account).await
    }

    /// Lays out an account that has nothing yet; does nothing when it has been laid out.
    pub(crate) async fn provision(&self, account: AccountId) -> Result<()> {
        // The owner in person: provisioning goes through the same rights as everything else.
        let owner = Principal {
            account,
            address: Address::parse("owner@localhost")?,
            groups: Vec::new(),
            role: Role::Member,
        };
        let mut writer = self.begin(&owner, account).await?;
        if writer.is_provisioned() {
            return writer.commit(()).await.map(drop);
        }
        let collections = Key::account(account).prefix();
        if !writer.view().scan(Table::Collection, &collections, 1, false).await?.is_empty() {
            // Numbers would be given twice, and what is there would be overwritten.
            tracing::error!(%account, "an account with collections has no record of its own: repair it");
            return Err(Error::Corrupt);
        }
        lay_out(&mut writer).await?;
        writer.commit(()).await.map(drop)
    }
}

async fn lay_out(writer: &mut Writer) -> Result<()> {
    for (name, special_use) in MAILBOXES {
        let new =
            NewCollection { special_use: Some(*special_use), subscribed: true, ..NewCollection::default() };
        writer.create::<Mailbox>(CollectionId::ROOT, name, new).await?;
    }
    let named = |pairs: &[(&str, &str)]| NewCollection {
        properties: pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..NewCollection::default()
    };
    let calendar = named(&[("displayname", "Calendar"), ("components", "VEVENT VJOURNAL VTODO")]);
    writer.create::<Calendar>(CollectionId::ROOT, DEFAULT_CALENDAR, calendar).await?;
    let tasks = named(&[("displayname", "Tasks"), ("components", "VTODO")]);
    writer.create::<Calendar>(CollectionId::ROOT, DEFAULT_TASK_LIST, tasks).await?;
    writer
        .create::<AddressBook>(
            CollectionId::ROOT,
            DEFAULT_ADDRESS_BOOK,
            named(&[("displayname", "Contacts")]),
        )
        .await?;
    writer.create::<Folder>(CollectionId::ROOT, FILES_ROOT, named(&[("displayname", "Files")])).await?;
    Ok(())
}
