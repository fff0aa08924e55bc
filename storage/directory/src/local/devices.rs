//! Which device used each app password last: a note for people, from which nothing is ever decided (RFC 2971 1). It is
//! exact to [`DEVICE_NOTE_AGE`], unless the device is another one: reconnecting costs no commit.

use super::LocalDirectory;
use super::{key, record};
use crate::limits::{DEVICE_CLIENT_CHARS_MAX, DEVICE_NOTE_AGE};
use model::{AccountId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A device, as an app password's last session showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The protocol it spoke.
    pub door: String,
    /// What its client said of itself.
    pub client: Option<String>,
    /// The address it came from.
    pub from: String,
    /// When it logged in.
    pub at: Timestamp,
}

impl Device {
    /// What is to be written, where this is the last that is known: nothing for what says no more than that does.
    fn after(mut self, last: Option<&Self>) -> Option<Self> {
        if let Some(client) = &mut self.client
            && client.chars().count() > DEVICE_CLIENT_CHARS_MAX
        {
            *client = client.chars().take(DEVICE_CLIENT_CHARS_MAX).collect();
        }
        let Some(last) = last else { return Some(self) };
        if self.client.is_none() && self.door == last.door {
            // A client need not say of itself each time what it is.
            self.client.clone_from(&last.client);
        }
        let age_ms = i64::try_from(DEVICE_NOTE_AGE.as_millis()).unwrap_or(i64::MAX);
        let same = self.door == last.door && self.client == last.client;
        let recent = self.at.0.saturating_sub(last.at.0) < age_ms;
        (!(same && recent) && self.at >= last.at).then_some(self)
    }
}

/// The devices of an account's app passwords, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DevicesRecord(pub(crate) Vec<(u32, Device)>);

impl DevicesRecord {
    /// A note that cannot be read is none.
    fn read(bytes: Option<&[u8]>) -> Self {
        bytes.and_then(|bytes| record::decode(bytes).ok()).unwrap_or_default()
    }

    fn of(&self, app: u32) -> Option<&Device> {
        self.0.iter().find(|(number, _)| *number == app).map(|(_, device)| device)
    }
}

impl LocalDirectory {
    /// The device that was seen last with each app password of an account, where one was.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn devices(&self, id: AccountId) -> Result<BTreeMap<u32, Device>> {
        let bytes = self.view().await?.get(&key::devices(id)).await?;
        Ok(DevicesRecord::read(bytes.as_deref()).0.into_iter().collect())
    }

    /// Notes devices with the app passwords that they used, in one change; none where they say nothing new.
    ///
    /// # Errors
    /// `Unavailable`, `Conflict`; nothing is noted then.
    pub async fn note_devices(&self, seen: Vec<((AccountId, u32), Device)>) -> Result<()> {
        let view = self.view().await?;
        let mut news: BTreeMap<AccountId, Vec<(u32, Device)>> = BTreeMap::new();
        for ((id, app), device) in seen {
            let known = DevicesRecord::read(view.get(&key::devices(id)).await?.as_deref());
            if let Some(device) = device.after(known.of(app)) {
                news.entry(id).or_default().push((app, device));
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        let mut change = self.change().await?;
        for (id, devices) in news {
            // Whoever has gone meanwhile leaves nothing.
            let Some(account) = change.view().account(id).await? else { continue };
            let key = key::devices(id);
            let mut record = DevicesRecord::read(change.get(&key).await?.as_deref());
            record.0.retain(|(number, _)| !devices.iter().any(|(other, _)| other == number));
            record.0.extend(devices);
            record.0.retain(|(number, _)| account.app_passwords.iter().any(|app| app.id == *number));
            change.put(key, &record)?;
        }
        change.commit(()).await.map(crate::Outcome::into_inner)
    }
}

impl super::Change {
    /// Forgets the device of an app password.
    pub(super) async fn forget_device(&mut self, id: AccountId, app: u32) -> Result<()> {
        let key = key::devices(id);
        let Some(bytes) = self.get(&key).await? else { return Ok(()) };
        let mut record = DevicesRecord::read(Some(&bytes));
        record.0.retain(|(number, _)| *number != app);
        self.put(key, &record)
    }
}
