//! Groups in groups.

use super::{LocalDirectory, add, add_group, address, directory};
use crate::limits::{GROUP_COUNT_MAX, GROUP_DEPTH_MAX, GROUP_REACH_MAX, MEMBER_COUNT_MAX};
use crate::{Directory, Recipient};
use model::{AccountId, Error};

#[tokio::test]
async fn mail_for_a_group_reaches_each_person_once() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let bob = add(&directory, "bob@example.org").await;
    let inner = add_group(&directory, "inner@example.org").await;
    let outer = add_group(&directory, "outer@example.org").await;
    for (group, member) in [(inner, alice), (inner, bob), (outer, inner), (outer, alice)] {
        directory.add_member(group, member).await.unwrap().into_inner();
    }
    let found = directory.find(&address("outer@example.org")).await.unwrap();
    assert_eq!(found, Some(Recipient::Group(vec![alice, bob])));
    let principal = directory.principal(bob).await.unwrap();
    assert_eq!(principal.groups, [inner, outer]);
    assert!(principal.is(outer) && principal.is(bob) && !principal.is(alice));

    directory.set_disabled(bob, true).await.unwrap().into_inner();
    let found = directory.find(&address("outer@example.org")).await.unwrap();
    assert_eq!(found, Some(Recipient::Group(vec![alice])));
    directory.set_disabled(outer, true).await.unwrap().into_inner();
    assert_eq!(directory.find(&address("outer@example.org")).await.unwrap(), None);
    assert_eq!(directory.principal(alice).await.unwrap().groups, [inner]);
}

#[tokio::test]
async fn a_group_is_never_inside_itself() {
    let directory = directory().await;
    let one = add_group(&directory, "one@example.org").await;
    let two = add_group(&directory, "two@example.org").await;
    let three = add_group(&directory, "three@example.org").await;
    directory.add_member(one, two).await.unwrap().into_inner();
    directory.add_member(two, three).await.unwrap().into_inner();
    assert_eq!(directory.add_member(one, one).await.unwrap_err(), Error::Conflict);
    assert_eq!(directory.add_member(three, one).await.unwrap_err(), Error::Conflict);
    assert_eq!(directory.add_member(one, two).await.unwrap_err(), Error::Exists);
}

#[tokio::test]
async fn nesting_is_bounded() {
    let directory = directory().await;
    let mut groups = Vec::new();
    for at in 0..=GROUP_DEPTH_MAX {
        groups.push(add_group(&directory, &format!("g{at}@example.org")).await);
    }
    for pair in groups[..GROUP_DEPTH_MAX].windows(2) {
        directory.add_member(pair[0], pair[1]).await.unwrap().into_inner();
    }
    let alice = add(&directory, "alice@example.org").await;
    directory.add_member(groups[GROUP_DEPTH_MAX - 1], alice).await.unwrap().into_inner();
    let found = directory.find(&address("g0@example.org")).await.unwrap();
    assert_eq!(found, Some(Recipient::Group(vec![alice])));
    assert_eq!(directory.principal(alice).await.unwrap().groups.len(), GROUP_DEPTH_MAX);
    let deeper = directory.add_member(groups[GROUP_DEPTH_MAX - 1], groups[GROUP_DEPTH_MAX]).await;
    assert_eq!(deeper.unwrap_err(), Error::TooLarge(GROUP_DEPTH_MAX as u64));
    let above = directory.add_member(groups[GROUP_DEPTH_MAX], groups[0]).await;
    assert_eq!(above.unwrap_err(), Error::TooLarge(GROUP_DEPTH_MAX as u64));
}

#[tokio::test]
async fn both_sides_forget_who_goes() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let team = add_group(&directory, "team@example.org").await;
    directory.add_member(team, alice).await.unwrap().into_inner();
    directory.remove_member(team, alice).await.unwrap().into_inner();
    assert!(directory.members(team).await.unwrap().is_empty());
    assert!(directory.principal(alice).await.unwrap().groups.is_empty());
    assert_eq!(directory.remove_member(team, alice).await.unwrap_err(), Error::NotFound);

    directory.add_member(team, alice).await.unwrap().into_inner();
    directory.remove_account(alice).await.unwrap().into_inner();
    assert!(directory.members(team).await.unwrap().is_empty());

    let bob = add(&directory, "bob@example.org").await;
    directory.add_member(team, bob).await.unwrap().into_inner();
    directory.remove_account(team).await.unwrap().into_inner();
    assert!(directory.principal(bob).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn only_groups_have_members_and_only_people_passwords() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let bob = add(&directory, "bob@example.org").await;
    let team = add_group(&directory, "team@example.org").await;
    assert!(matches!(directory.add_member(alice, bob).await, Err(Error::Invalid(_))));
    let secret = model::Secret::new("correct horse");
    assert!(matches!(directory.set_password(team, Some(&secret)).await, Err(Error::Invalid(_))));
    assert!(matches!(directory.add_app_password(team, "x").await, Err(Error::Invalid(_))));
    assert_eq!(directory.add_member(team, AccountId(99)).await.unwrap_err(), Error::NotFound);
}

/// Gives a group these members, as a change at a time would have it.
async fn fill(directory: &LocalDirectory, group: AccountId, members: &[AccountId]) {
    let mut change = directory.change().await.unwrap();
    let mut record = change.account(group).await.unwrap();
    record.members = members.to_vec();
    change.put_account(group, &record).unwrap();
    change.commit(()).await.unwrap().into_inner();
}

#[tokio::test]
async fn members_end_at_their_limit() {
    let directory = directory().await;
    let team = add_group(&directory, "team@example.org").await;
    let others: Vec<_> =
        (0..MEMBER_COUNT_MAX as u32 - 1).map(|number| AccountId(1_000_000 + number)).collect();
    fill(&directory, team, &others).await;
    let (alice, bob) = (add(&directory, "alice@example.org").await, add(&directory, "bob@example.org").await);
    directory.add_member(team, alice).await.unwrap().into_inner();
    let refused = directory.add_member(team, bob).await.unwrap_err();
    assert_eq!(refused, Error::TooLarge(MEMBER_COUNT_MAX as u64));
}

#[tokio::test]
async fn a_group_that_reaches_too_many_is_refused_rather_than_cut() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let everyone = add_group(&directory, "everyone@example.org").await;
    let crowd: Vec<_> = (0..GROUP_REACH_MAX as u32).map(|number| AccountId(1_000_000 + number)).collect();
    let mut change = directory.change().await.unwrap();
    let record = change.account(alice).await.unwrap();
    for id in &crowd {
        change.put_account(*id, &record).unwrap();
    }
    change.commit(()).await.unwrap().into_inner();
    fill(&directory, everyone, &crowd).await;
    let found = directory.find(&address("everyone@example.org")).await.unwrap();
    assert_eq!(found, Some(Recipient::Group(crowd.clone())));
    fill(&directory, everyone, &[crowd, vec![alice]].concat()).await;
    let refused = directory.find(&address("everyone@example.org")).await.unwrap_err();
    assert_eq!(refused, Error::TooLarge(GROUP_REACH_MAX as u64));
}

#[tokio::test]
async fn rights_come_from_so_many_groups() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let team = add_group(&directory, "team@example.org").await;
    let mut change = directory.change().await.unwrap();
    let group = change.account(team).await.unwrap();
    let mut person = change.account(alice).await.unwrap();
    person.groups = (0..=GROUP_COUNT_MAX as u32).map(|number| AccountId(1_000_000 + number)).collect();
    for id in &person.groups {
        change.put_account(*id, &group).unwrap();
    }
    change.put_account(alice, &person).unwrap();
    change.commit(()).await.unwrap().into_inner();
    assert_eq!(directory.principal(alice).await.unwrap().groups, person.groups[..GROUP_COUNT_MAX]);
}
