//! What people have seen of mailboxes where that is their own: pages of nothing go. A page that cannot be read is
//! lost, and its messages are as everybody has them; they take a new Modseq, so that clients hear of it.

use super::Repair;
use crate::{
    collection::after,
    kind::Mailbox,
    limits::{REPAIR_PAGE_COUNT, SEEN_PAGE_UIDS},
    record,
    seen::{SeenPage, read_page, split_seen},
    writer::Writer,
};
use engine::Table;
use model::{AccountId, CollectionId, CollectionKind, Error, Result, Rights, Uid};

/// What becomes of a page.
enum Verdict {
    Right,
    /// It reached beyond the UIDs that were given.
    Cut(Box<SeenPage>),
    /// It is of nothing.
    Stray,
    /// It could not be read.
    Lost(CollectionId, u32),
}

impl Repair {
    pub(super) async fn seen_pages(&mut self) -> Result<()> {
        let prefix = self.prefix();
        let mut range = prefix.prefix();
        loop {
            let mut writer = self.turn().await?;
            self.look_for_removed(&writer).await?;
            let page = writer.view().scan(Table::Seen, &range, REPAIR_PAGE_COUNT, false).await?;
            // Each lost page writes thousands of rows: no more than one goes into a batch.
            let mut on = None;
            for (key, value) in &page {
                let split = key.get(prefix.len()..).and_then(split_seen);
                match self.verdict(&writer, split, value).await? {
                    Verdict::Right => {}
                    Verdict::Cut(page) => {
                        writer.put_raw(Table::Seen, key.to_vec(), record::encode(&page.runs())?);
                    }
                    Verdict::Stray => self.discard(&mut writer, Table::Seen, key),
                    Verdict::Lost(id, number) => {
                        self.discard(&mut writer, Table::Seen, key);
                        tell_anew(&mut writer, id, number).await?;
                        on = Some(after(key));
                        break;
                    }
                }
            }
            let _committed = writer.commit(()).await?;
            match (on, page.last()) {
                (Some(on), _) => range.start = on,
                (None, Some((last, _))) if page.len() == REPAIR_PAGE_COUNT => range.start = after(last),
                _ => return Ok(()),
            }
        }
    }

    async fn verdict(
        &self,
        writer: &Writer,
        split: Option<(CollectionId, AccountId, u32)>,
        value: &[u8],
    ) -> Result<Verdict> {
        let Some((id, _, number)) = split.filter(|(_, who, _)| *who != self.account) else {
            return Ok(Verdict::Stray);
        };
        if self.removed.get(&id).is_some_and(|(_, purging)| *purging) {
            // It goes with its mailbox.
            return Ok(Verdict::Right);
        }
        let row = self.row_of(writer, id).await?;
        let own = row.filter(|row| row.kind == CollectionKind::Mailbox && row.seen_is_own());
        let Some(row) = own else { return Ok(Verdict::Stray) };
        let Ok(mut page) = read_page(value) else { return Ok(Verdict::Lost(id, number)) };
        Ok(if page.cut(number, row.uid_next) { Verdict::Cut(Box::new(page)) } else { Verdict::Right })
    }
}

/// Gives the messages of a page a new Modseq.
async fn tell_anew(writer: &mut Writer, id: CollectionId, number: u32) -> Result<()> {
    // Those of a removed mailbox are read anew when it comes back: it has a new UIDVALIDITY then.
    let Ok(mailbox) = writer.open::<Mailbox>(id, Rights::READ).await else { return Ok(()) };
    let first = number.saturating_mul(SEEN_PAGE_UIDS);
    let end = first.saturating_add(SEEN_PAGE_UIDS);
    let mut last = Uid(first.saturating_sub(1));
    loop {
        let rows = match writer.entries(&mailbox, Some(&last), REPAIR_PAGE_COUNT).await {
            // A row that cannot be read is another step's to mend.
            Err(Error::Corrupt) => return Ok(()),
            rows => rows?,
        };
        let here = rows.iter().take_while(|(uid, _)| uid.0 < end);
        for (uid, row) in here {
            writer.replace(&mailbox, uid, Some(row.clone()), row.clone()).await?;
        }
        match rows.last() {
            Some((uid, _)) if rows.len() == REPAIR_PAGE_COUNT && uid.0 < end => last = *uid,
            _ => return Ok(()),
        }
    }
}
