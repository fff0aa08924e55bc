//! Into an account's inbox: one batch that appends the message and settles its recipient.

use crate::runner::{Delivery, UNREACHED, Verdict};
use model::{AccountId, Error, Flags, Rights, ZonedTime};
use store::{INBOX, NewMessage, Queued};

impl Delivery {
    /// Delivers to one recipient of the entry; with `last` the entry goes in the same batch.
    ///
    /// # Errors
    /// `Unavailable` while the store is away, which says nothing of the mailbox: no try is counted.
    pub(crate) async fn deliver(
        &self,
        queued: &Queued,
        number: u32,
        id: AccountId,
        last: bool,
    ) -> model::Result<Verdict> {
        Ok(match self.append(queued, number, id, last).await {
            Ok(()) => Verdict::Done,
            Err(Error::Unavailable) => return Err(Error::Unavailable),
            Err(Error::NotFound) => Verdict::fails("5.1.1", "there is no such mailbox any more"),
            Err(Error::Forbidden(_)) => Verdict::fails("5.2.1", "the mailbox takes no mail"),
            Err(Error::OverQuota) => Verdict::waits("4.2.2 the mailbox is full"),
            Err(Error::TooLarge(_)) => Verdict::waits("4.2.2 the mailbox holds too much"),
            Err(error) => {
                tracing::warn!(id = %queued.id, account = %id, %error, "local delivery must wait");
                Verdict::waits(UNREACHED)
            }
        })
    }

    async fn append(&self, queued: &Queued, number: u32, id: AccountId, last: bool) -> model::Result<()> {
        let account = self.directory().account(id).await?.ok_or(Error::NotFound)?;
        if account.disabled {
            return Err(Error::Forbidden(Rights::POST));
        }
        // In the owner's name: the address was checked when the recipient was taken.
        let owner = self.directory().principal(id).await?;
        let mut writer = self.store().write(&owner, id).await?;
        let inbox = writer.open_mailbox(INBOX, Rights::POST).await?;
        let received = ZonedTime { seconds: queued.entry.created.seconds(), offset_minutes: 0 };
        let record = queued.entry.message.clone();
        writer.append(&inbox, NewMessage { record, flags: Flags::default(), received, keys: None }).await?;
        writer.settle(queued, number, last);
        writer.commit(()).await.map(drop)
    }
}
