//! The search index: it knows every message that it says it knows, and all its rows are there.
//!
//! A message that is missing in it would not be found; one that has gone since it was entered does no harm.

use super::{Check, Fault};
use crate::search::{self, Covered};
use model::{ItemId, Result};

impl Check {
    /// `messages` are all the account's, ascending.
    pub(super) async fn check_search(&mut self, messages: &[ItemId]) -> Result<()> {
        let agrees = match search::covered(&self.snapshot, self.account).await? {
            Covered::None => true,
            Covered::Damaged => false,
            Covered::Messages { known_to, items } => {
                let known = messages.iter().take_while(|item| **item <= known_to);
                let ascending = items.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
                ascending && known.into_iter().all(|item| items.binary_search(item).is_ok())
            }
        };
        if !agrees {
            self.find(Fault::Search);
        }
        Ok(())
    }
}
