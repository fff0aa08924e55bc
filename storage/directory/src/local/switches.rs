//! What an administrator sets for one account's, or one app password's, sessions: capabilities that are hidden
//! from clients that break on them.

use super::LocalDirectory;
use super::change::View;
use super::{key, record};
use crate::Outcome;
use crate::limits::{HIDDEN_BYTES_MAX, HIDDEN_COUNT_MAX};
use model::{AccountId, Error, Result};
use serde::{Deserialize, Serialize};

/// What doors are told of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SwitchesRecord {
    /// Hidden from all its sessions.
    pub(crate) hidden: Vec<String>,
    /// Hidden from sessions with an app password, by its number.
    pub(crate) apps: Vec<(u32, Vec<String>)>,
}

/// Capitals, each once; nothing but what a capability can be made of (RFC 9051 9: an atom).
fn checked(names: &[String]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for name in names {
        let name = name.trim().to_ascii_uppercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-=+_.".contains(&byte);
        if name.is_empty() || name.len() > HIDDEN_BYTES_MAX || !name.bytes().all(plain) {
            return Err(Error::Invalid("not the name of a capability"));
        }
        if !all.contains(&name) {
            all.push(name);
        }
    }
    if all.len() > HIDDEN_COUNT_MAX {
        return Err(Error::TooLarge(HIDDEN_COUNT_MAX as u64));
    }
    Ok(all)
}

impl LocalDirectory {
    /// Capabilities hidden from an account, and from one of its app passwords.
    pub(super) async fn hidden_of(view: &View, id: AccountId, app: Option<u32>) -> Result<Vec<String>> {
        let Some(bytes) = view.get(&key::switches(id)).await? else { return Ok(Vec::new()) };
        let switches: SwitchesRecord = record::decode(&bytes)?;
        let mut hidden = switches.hidden;
        let of_app = switches.apps.into_iter().filter(|(number, _)| app == Some(*number));
        hidden.extend(of_app.flat_map(|(_, names)| names));
        Ok(hidden)
    }

    /// Capabilities that doors hide: from all sessions of an account, or from those of one app password.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn hidden(&self, id: AccountId, app: Option<u32>) -> Result<Vec<String>> {
        let view = self.view().await?;
        let Some(bytes) = view.get(&key::switches(id)).await? else { return Ok(Vec::new()) };
        let switches: SwitchesRecord = record::decode(&bytes)?;
        Ok(match app {
            None => switches.hidden,
            Some(number) => switches
                .apps
                .into_iter()
                .find(|(other, _)| *other == number)
                .map(|(_, names)| names)
                .unwrap_or_default(),
        })
    }

    /// Hides capabilities from all sessions of an account, or from those of one app password; an empty list
    /// shows all again. Sessions that begin after this see it.
    ///
    /// # Errors
    /// `NotFound` for the account or the app password; `Invalid` for what is no name; `TooLarge` past
    /// [`HIDDEN_COUNT_MAX`].
    pub async fn set_hidden(&self, id: AccountId, app: Option<u32>, names: &[String]) -> Result<Outcome<()>> {
        let names = checked(names)?;
        let mut change = self.change().await?;
        let account = change.account(id).await?;
        let key = key::switches(id);
        let mut switches: SwitchesRecord = match change.get(&key).await? {
            Some(bytes) => record::decode(&bytes)?,
            None => SwitchesRecord::default(),
        };
        match app {
            None => switches.hidden = names,
            Some(number) => {
                if !account.app_passwords.iter().any(|known| known.id == number) {
                    return Err(Error::NotFound);
                }
                // Numbers are never used again, so what revoked ones leave behind is let go of here.
                switches.apps.retain(|(other, _)| {
                    *other != number && account.app_passwords.iter().any(|known| known.id == *other)
                });
                if !names.is_empty() {
                    switches.apps.push((number, names));
                }
            }
        }
        change.put(key, &switches)?;
        change.commit(()).await
    }
}
