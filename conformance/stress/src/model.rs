//! What must be true of the mailboxes, whatever order the server chose: made of the outcomes of all sessions.
//!
//! Every session has a keyword of its own, which nobody else sets or removes, so that its flags are known exactly
//! although all sessions work at once. A message may be gone only if somebody marked it to be deleted or moved it,
//! and a UID means the same message for ever.

use crate::mistake::{Mistake, Mistakes};
use std::collections::{BTreeMap, BTreeSet};

/// One message of the model.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Which message it is: its octets follow from this. Zero where that is not known.
    pub(crate) content: u64,
    /// The session that copied it here, if it is a copy: others do not know what flags came along.
    pub(crate) copied_by: Option<usize>,
}

/// One mailbox.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailboxModel {
    pub(crate) messages: BTreeMap<u32, Message>,
    /// UIDs that somebody marked to be deleted, or may move.
    pub(crate) may_go: BTreeSet<u32>,
    /// UIDs that some session was told to be gone.
    pub(crate) gone: BTreeSet<u32>,
}

/// All mailboxes, and how much was done.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) mailboxes: Vec<MailboxModel>,
    pub(crate) mistakes: Mistakes,
    next_content: u64,
    /// Commands done.
    pub(crate) deeds: u64,
}

impl Model {
    pub(crate) fn new(mailboxes: usize, mistakes: Mistakes) -> Self {
        Self { mailboxes: vec![MailboxModel::default(); mailboxes], mistakes, next_content: 0, deeds: 0 }
    }

    /// A message that does not exist yet.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.next_content += 1;
        self.next_content
    }

    /// APPEND was answered OK.
    ///
    /// # Errors
    /// The UID was given before.
    pub(crate) fn appended(&mut self, mailbox: usize, uid: u32, content: u64) -> Result<(), String> {
        self.arrived(mailbox, uid, Message { content, copied_by: None })
    }

    /// COPY or MOVE was answered with COPYUID.
    ///
    /// # Errors
    /// The UID was given before.
    pub(crate) fn copied(
        &mut self,
        (from, to): (usize, usize),
        (old, new): (u32, u32),
        by: usize,
    ) -> Result<(), String> {
        let source = self.mailboxes.get(from);
        let content = source.and_then(|mailbox| mailbox.messages.get(&old)).map(|message| message.content);
        // What has come may be copied again before whoever brought it knows of it: it may be anything then.
        let may_go = content.is_none() || source.is_some_and(|mailbox| mailbox.may_go.contains(&old));
        let wrong = u64::from(self.mistakes.make(Mistake::Copy));
        if may_go {
            self.may_go(to, &[new]);
        }
        self.arrived(to, new, Message { content: content.unwrap_or(0) + wrong, copied_by: Some(by) })
    }

    fn arrived(&mut self, mailbox: usize, uid: u32, message: Message) -> Result<(), String> {
        let Some(mailbox) = self.mailboxes.get_mut(mailbox) else { return Ok(()) };
        match mailbox.messages.insert(uid, message) {
            None => Ok(()),
            Some(before) => Err(format!("UID {uid} was given twice, before for {before:?}")),
        }
    }

    /// These are about to be marked as deleted, or moved.
    pub(crate) fn may_go(&mut self, mailbox: usize, uids: &[u32]) {
        if !self.mistakes.make(Mistake::Deleted)
            && let Some(mailbox) = self.mailboxes.get_mut(mailbox)
        {
            mailbox.may_go.extend(uids);
        }
    }

    /// Some session was told that these are gone.
    pub(crate) fn gone(&mut self, mailbox: usize, uids: &[u32]) {
        if let Some(mailbox) = self.mailboxes.get_mut(mailbox) {
            mailbox.gone.extend(uids);
        }
    }
}

/// The octets of a message.
pub(crate) fn message(content: u64) -> Vec<u8> {
    let mut dice = stress::dice::Dice::new(content, 1);
    let mut text = format!(
        "From: <s{content}@example.org>\r\nSubject: message {content}\r\nMessage-ID: <{content}@stress>\r\n\
         X-Stress: {content}\r\n\r\n"
    );
    for _ in 0..dice.below(60) {
        text.push_str(&format!("{:016x}{:016x}\r\n", dice.below(usize::MAX), dice.below(usize::MAX)));
    }
    text.into_bytes()
}
