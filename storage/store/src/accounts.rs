//! Every account of the store, for whoever does something to each of them.

use crate::{
    key::{Key, split_number},
    limits::SCAN_PAGE_COUNT,
    stores::Store,
};
use engine::{Range, Table};
use model::{AccountId, Error, Result};

/// Walks through all accounts in the order of their numbers, some at a time. One that is made meanwhile is met when
/// its number lies ahead.
pub struct Accounts {
    store: Store,
    /// Those that were read and not yet given; the next one last.
    read: Vec<AccountId>,
    /// Where to go on reading; `None` at the end.
    from: Option<AccountId>,
}

impl Store {
    /// Every account that has something.
    #[must_use]
    pub fn all_accounts(&self) -> Accounts {
        Accounts { store: self.clone(), read: Vec::new(), from: Some(AccountId(0)) }
    }

    /// At most `limit` accounts that have something, in order, behind `behind`.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn accounts(&self, behind: Option<AccountId>, limit: usize) -> Result<Vec<AccountId>> {
        let from = behind.map_or(Some(0), |last| last.0.checked_add(1));
        match from {
            Some(from) => self.accounts_from(AccountId(from), limit).await,
            None => Ok(Vec::new()),
        }
    }

    async fn accounts_from(&self, from: AccountId, limit: usize) -> Result<Vec<AccountId>> {
        let range = Range { start: Key::account(from).done(), end: Vec::new() };
        let page = self.inner.engine.newest().await?.scan(Table::Account, &range, limit, false).await?;
        page.iter().map(|(key, _)| Ok(AccountId(split_number(key).ok_or(Error::Corrupt)?.0))).collect()
    }
}

impl Accounts {
    /// The next account; `None` behind the last.
    ///
    /// # Errors
    /// `Unavailable`, and the same call may be made again; `Corrupt`.
    pub async fn next(&mut self) -> Result<Option<AccountId>> {
        if self.read.is_empty() {
            self.read = self.next_page().await?;
            self.read.reverse();
        }
        Ok(self.read.pop())
    }

    /// The next ones, at least one unless behind the last; for whoever asks for something of many at once.
    ///
    /// # Errors
    /// As [`Accounts::next`].
    pub async fn next_page(&mut self) -> Result<Vec<AccountId>> {
        if !self.read.is_empty() {
            let mut page = std::mem::take(&mut self.read);
            page.reverse();
            return Ok(page);
        }
        let Some(from) = self.from else { return Ok(Vec::new()) };
        let page = self.store.accounts_from(from, SCAN_PAGE_COUNT).await?;
        let last = page.last().filter(|_| page.len() == SCAN_PAGE_COUNT);
        self.from = last.and_then(|last| last.0.checked_add(1)).map(AccountId);
        Ok(page)
    }
}

#[cfg(test)]
mod tests;
