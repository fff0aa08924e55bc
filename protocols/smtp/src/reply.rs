//! Replies (RFC 5321 4.2, enhanced codes of RFC 3463 by RFC 2034), and the one mapping of the store's
//! outcomes. All texts are ours.

use model::Error;
use sasl::talk::Answer;
use store::{Committed, QueueId};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    /// Empty where RFC 2034 4 wants none: greeting, EHLO, 334, 354.
    status: &'static str,
    lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub(crate) fn new(code: u16, status: &'static str, text: impl Into<String>) -> Self {
        Self { code, status, lines: vec![text.into()] }
    }

    /// A reply without enhanced code, of these lines.
    pub(crate) fn plain(code: u16, lines: Vec<String>) -> Self {
        Self { code, status: "", lines }
    }

    /// 250 after DATA: only the proof that the message is on stable storage makes it.
    pub(crate) fn queued(id: &Committed<QueueId>) -> Self {
        Self::new(250, "2.0.0", format!("queued as {}", **id))
    }

    /// The reply to an outcome.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::NotFound => Self::new(550, "5.1.1", "no such recipient here"),
            Error::Forbidden(_) => Self::new(550, "5.7.1", "not permitted"),
            Error::OverQuota => Self::new(452, "4.2.2", "the mailbox is full"),
            // RFC 3463 3.4: the mail system is full, not the mailbox.
            Error::DiskFull => Self::new(452, "4.3.1", "no room on this server, try again later"),
            Error::TooLarge(limit) => Self::new(552, "5.3.4", format!("too large, the limit is {limit}")),
            Error::Invalid(text) => Self::new(501, "5.5.2", *text),
            _ => Self::new(451, "4.3.0", "not now, try again later"),
        }
    }
}

impl Answer for Reply {
    fn encode(&self) -> Vec<u8> {
        let mut wire = Vec::new();
        let last = self.lines.len().saturating_sub(1);
        for (index, line) in self.lines.iter().enumerate() {
            let separator = if index == last { ' ' } else { '-' };
            let space = if self.status.is_empty() { "" } else { " " };
            let text = format!("{}{separator}{}{space}{line}\r\n", self.code, self.status);
            wire.extend_from_slice(text.as_bytes());
        }
        wire
    }

    /// Refused recipients and messages are no misuse.
    fn is_misuse(&self) -> bool {
        matches!(self.code, 500..=504 | 530 | 535 | 538 | 555)
    }
}

#[cfg(test)]
mod tests;
