//! Who is in which group. Both sides of a membership change in one batch; a group is never inside itself.

use super::record::Kind;
use super::{Change, LocalDirectory};
use crate::Outcome;
use crate::limits::{GROUP_DEPTH_MAX, MEMBER_COUNT_MAX};
use model::{AccountId, Error, Result};

impl LocalDirectory {
    /// Puts an account or group into a group.
    ///
    /// # Errors
    /// `NotFound`; `Exists` when it is in; `Invalid` when the first is no group; `Conflict` when the group
    /// would contain itself; `TooLarge` past [`MEMBER_COUNT_MAX`] members or [`GROUP_DEPTH_MAX`] levels.
    pub async fn add_member(&self, group: AccountId, member: AccountId) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let mut container = change.account(group).await?;
        let mut inner = change.account(member).await?;
        if container.kind != Kind::Group {
            return Err(Error::Invalid("not a group"));
        }
        if container.members.contains(&member) {
            return Err(Error::Exists);
        }
        if container.members.len() >= MEMBER_COUNT_MAX {
            return Err(Error::TooLarge(MEMBER_COUNT_MAX as u64));
        }
        if group == member {
            return Err(Error::Conflict);
        }
        let above = height(&change, group, Some(member)).await?;
        let below = if inner.kind == Kind::Group { depth(&change, member).await? } else { 0 };
        if above + below > GROUP_DEPTH_MAX {
            return Err(Error::TooLarge(GROUP_DEPTH_MAX as u64));
        }
        container.members.push(member);
        inner.groups.push(group);
        change.put_account(group, &container)?;
        change.put_account(member, &inner)?;
        change.commit(()).await
    }

    /// Takes an account or group out of a group.
    ///
    /// # Errors
    /// `NotFound` when it is not in.
    pub async fn remove_member(&self, group: AccountId, member: AccountId) -> Result<Outcome<()>> {
        let mut change = self.change().await?;
        let mut container = change.account(group).await?;
        let mut inner = change.account(member).await?;
        if !container.members.contains(&member) {
            return Err(Error::NotFound);
        }
        container.members.retain(|other| *other != member);
        inner.groups.retain(|other| *other != group);
        change.put_account(group, &container)?;
        change.put_account(member, &inner)?;
        change.commit(()).await
    }
}

/// Levels of groups from this one upwards, itself counted.
///
/// `Conflict` when `forbidden` is met: it would become its own member.
async fn height(change: &Change, group: AccountId, forbidden: Option<AccountId>) -> Result<usize> {
    let mut level = vec![group];
    let mut levels = 0;
    while !level.is_empty() && levels <= GROUP_DEPTH_MAX {
        levels += 1;
        let mut above = Vec::new();
        for id in level {
            if Some(id) == forbidden {
                return Err(Error::Conflict);
            }
            above.extend(change.account(id).await?.groups);
        }
        above.sort_unstable();
        above.dedup();
        level = above;
    }
    Ok(levels)
}

/// Levels of groups from this one downwards, itself counted.
async fn depth(change: &Change, group: AccountId) -> Result<usize> {
    let mut level = vec![group];
    let mut levels = 0;
    while !level.is_empty() && levels <= GROUP_DEPTH_MAX {
        levels += 1;
        let mut below = Vec::new();
        for id in level {
            for member in change.account(id).await?.members {
                if change.account(member).await?.kind == Kind::Group {
                    below.push(member);
                }
            }
        }
        below.sort_unstable();
        below.dedup();
        level = below;
    }
    Ok(levels)
}
