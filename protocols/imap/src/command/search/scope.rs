//! What is searched: a mailbox at one state, and how the client numbers it.

use crate::reply::Failure;
use crate::session::Session;
use crate::session::table::Table;
use crate::wire::decoder::sequence::Intervals;
use std::sync::Arc;
use store::{Collection, Mailbox, MessageRow, Reader};

/// A mailbox that is searched.
pub(crate) struct Scope {
    /// The snapshot.
    pub reader: Reader,
    /// Proof that it may be read.
    pub mailbox: Collection<Mailbox>,
    /// What the client knows; its numbers are places in it.
    pub view: Arc<Table>,
    /// The newest state.
    pub table: Arc<Table>,
    /// What `$` stands for.
    pub saved: Intervals,
    /// What is \Recent.
    pub recent: Intervals,
}

impl Scope {
    /// A mailbox that is not open: all is as it is now, and nothing was kept of it.
    pub(crate) fn closed(reader: Reader, mailbox: Collection<Mailbox>, table: Arc<Table>) -> Self {
        let (saved, recent) = (Intervals::default(), Intervals::default());
        Self { reader, mailbox, view: table.clone(), table, saved, recent }
    }

    /// The UIDs of numbers, so that they mean the same when the numbers have shifted.
    pub(crate) fn uids_of(&self, numbers: &[(u32, u32)]) -> Intervals {
        let count = u32::try_from(self.view.len()).unwrap_or(u32::MAX);
        let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let uid = |number: u32| self.view.uids.get(place(number)).copied();
        let range = |&(low, high): &(u32, u32)| Some((uid(low)?, uid(high.min(count))?));
        Intervals(Intervals::resolve(numbers, count).0.iter().filter_map(range).collect())
    }

    /// Whether the client still counts messages that others have removed.
    pub(crate) fn has_gone(&self) -> bool {
        !self.table.has_all_of(&self.view)
    }

    /// The rows of messages; ascending UIDs.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub(crate) async fn rows(&self, uids: &[model::Uid]) -> Result<Vec<Option<MessageRow>>, Failure> {
        Ok(self.table.rows(&self.reader, &self.mailbox, uids).await?)
    }
}

impl Session {
    /// The open mailbox.
    ///
    /// # Errors
    /// Bad where none is open; as [`Session::latest`].
    pub(crate) async fn scope(&mut self) -> Result<Scope, Failure> {
        let (reader, table) = self.latest().await?;
        let selected = self.selected()?;
        let (saved, recent) = (selected.saved.clone(), selected.recent.clone());
        Ok(Scope {
            reader,
            mailbox: selected.mailbox.clone(),
            view: selected.view.clone(),
            table,
            saved,
            recent,
        })
    }
}
