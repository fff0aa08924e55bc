//! A message that a door has received whole, on its way into the queue.

use crate::{limits::LEASE, route::Route, runner::Delivery};
use model::{Address, Result, Timestamp};
use std::collections::HashSet;
use store::{Committed, Entry, MessageRecord, QueueId, QueueRecipient, Target};

/// A recipient that was taken.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Its address in canonical form.
    pub address: Address,
    /// As the sender wrote it.
    pub spelled: String,
    /// Where [`Delivery::route`] said it leads.
    pub route: Route,
}

/// What a door hands over.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The reverse path; `None` is the null one.
    pub sender: Option<Address>,
    /// Every recipient that was taken at RCPT.
    pub recipients: Vec<Recipient>,
    /// The message with its trace fields, from an `Arrival`.
    pub message: MessageRecord,
    /// Octets at its front (Return-Path) that are not for other servers.
    pub local_prefix_bytes: u64,
    /// Octets of its header section, that front included.
    pub header_bytes: u64,
    /// It may only go to servers with 8BITMIME.
    pub eight_bit: bool,
    /// It may only go to servers with SMTPUTF8.
    pub smtputf8: bool,
}

impl Delivery {
    /// Puts a message into the queue. The `Committed` is what a 250 after DATA stands on; delivery begins at
    /// once and is not waited for.
    ///
    /// # Errors
    /// `Invalid` when there is nobody to deliver to (groups without members); `TooLarge` when groups make too
    /// many; `Unavailable`.
    pub async fn accept(&self, submission: Submission) -> Result<Committed<QueueId>> {
        let recipients = expand(submission.recipients);
        let now = self.now();
        let entry = Entry {
            sender: submission.sender,
            created: now,
            expires: self.schedule().expiry_of(now),
            message: submission.message,
            local_prefix_bytes: submission.local_prefix_bytes,
            header_bytes: submission.header_bytes,
            eight_bit: submission.eight_bit,
            smtputf8: submission.smtputf8,
        };
        let due = Timestamp(now.0.saturating_add(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)));
        let accepted = self.queue().accept(entry, recipients, due).await?;
        self.hand_off(*accepted);
        Ok(accepted)
    }
}

/// One recipient per account and per remote address, under the first address that led there.
fn expand(recipients: Vec<Recipient>) -> Vec<QueueRecipient> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut add = |recipient: &Recipient, target: Target, key: String| {
        if seen.insert(key) {
            found.push(QueueRecipient {
                address: recipient.address.clone(),
                spelled: recipient.spelled.clone(),
                target,
                attempts: 0,
                last_reply: String::new(),
            });
        }
    };
    for recipient in recipients {
        match &recipient.route {
            Route::Accounts(accounts) => {
                for id in accounts {
                    add(&recipient, Target::Account(*id), id.to_string());
                }
            }
            // Letter for letter but for the domain, which has no capitals.
            Route::Relay => {
                let local = recipient.spelled.rsplit_once('@').map_or("", |(local, _)| local);
                add(&recipient, Target::Relay, format!("{local}@{}", recipient.address.domain()));
            }
        }
    }
    found
}
