//! Domains, addresses and ids.

use super::{add, add_group, address, directory, new, open};
use crate::limits::{ALIAS_COUNT_MAX, DOMAIN_BYTES_MAX, NAME_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::{Directory, NewAccount, Recipient};
use engine::sim::SimDisk;
use model::{AccountId, Error, Secret};

#[tokio::test]
async fn a_fresh_directory_has_the_default_tenant_and_nobody() {
    let directory = open(&SimDisk::new(1)).await;
    assert_eq!(directory.tenants().await.unwrap().len(), 1);
    assert!(directory.domains().await.unwrap().is_empty());
    assert!(directory.accounts(None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn names_are_unique_across_accounts_aliases_and_groups() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    directory.add_alias(alice, &address("a@example.org")).await.unwrap().into_inner();
    add_group(&directory, "team@example.org").await;
    for taken in ["ALICE@example.org", "a@example.org", "team@example.org"] {
        assert_eq!(directory.add_account(new(taken)).await.unwrap_err(), Error::Exists, "{taken}");
        assert_eq!(directory.add_group(address(taken), "").await.unwrap_err(), Error::Exists, "{taken}");
        assert_eq!(directory.add_alias(alice, &address(taken)).await.unwrap_err(), Error::Exists, "{taken}");
    }
    assert_eq!(directory.add_account(new("x@example.net")).await.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn an_id_is_never_given_twice_and_a_name_is_free_again() {
    let directory = directory().await;
    assert_eq!(add(&directory, "alice@example.org").await, AccountId(1));
    directory.add_alias(AccountId(1), &address("a@example.org")).await.unwrap().into_inner();
    directory.remove_account(AccountId(1)).await.unwrap().into_inner();
    assert!(directory.account(AccountId(1)).await.unwrap().is_none());
    assert!(directory.find(&address("a@example.org")).await.unwrap().is_none());
    assert_eq!(add(&directory, "alice@example.org").await, AccountId(2));
}

#[tokio::test]
async fn aliases_find_their_account_and_are_identities() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    directory.add_alias(alice, &address("a@example.org")).await.unwrap().into_inner();
    let found = directory.find(&address("A@Example.org")).await.unwrap();
    assert_eq!(found, Some(Recipient::Account(alice)));
    let identities = directory.identities(alice).await.unwrap();
    assert_eq!(identities, [address("alice@example.org"), address("a@example.org")]);
    assert_eq!(directory.remove_alias(&address("alice@example.org")).await.unwrap_err(), Error::Conflict);
    directory.remove_alias(&address("a@example.org")).await.unwrap().into_inner();
    assert!(directory.find(&address("a@example.org")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tag_is_dropped_unless_somebody_has_the_longer_name() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    let shop = add(&directory, "alice+shop@example.org").await;
    let find = async |text| directory.find(&address(text)).await.unwrap();
    assert_eq!(find("alice+list@example.org").await, Some(Recipient::Account(alice)));
    assert_eq!(find("alice+shop@example.org").await, Some(Recipient::Account(shop)));
    assert_eq!(find("+x@example.org").await, None);
    assert_eq!(find("bob+x@example.org").await, None);
}

#[tokio::test]
async fn a_domain_in_use_stays() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    assert!(directory.is_local("EXAMPLE.org").await.unwrap());
    assert_eq!(directory.remove_domain("example.org").await.unwrap_err(), Error::Conflict);
    directory.remove_account(alice).await.unwrap().into_inner();
    directory.remove_domain("example.org").await.unwrap().into_inner();
    assert!(!directory.is_local("example.org").await.unwrap());
    assert_eq!(directory.remove_domain("example.org").await.unwrap_err(), Error::NotFound);
}

#[tokio::test]
async fn domains_are_names() {
    let directory = directory().await;
    assert_eq!(directory.add_domain("EXAMPLE.ORG.", None).await.unwrap_err(), Error::Exists);
    for bad in ["", "a..b", "-a.org", "a b.org", "a@b.org", ".org", "a/b"] {
        assert!(matches!(directory.add_domain(bad, None).await, Err(Error::Invalid(_))), "{bad}");
    }
    assert_eq!(directory.add_domain("other.org", Some("nobody")).await.unwrap_err(), Error::NotFound);
    directory.add_tenant("school").await.unwrap().into_inner();
    directory.add_domain("other.org", Some("school")).await.unwrap().into_inner();
    let of = |name: &str, domains: &[crate::Domain]| {
        domains.iter().find(|domain| domain.name == name).map(|domain| domain.tenant.clone())
    };
    assert_eq!(of("other.org", &directory.domains().await.unwrap()).as_deref(), Some("school"));
    let label = "a".repeat(61);
    let long = [label.as_str(); 4].join(".") + ".abcde";
    assert_eq!(long.len(), DOMAIN_BYTES_MAX);
    directory.add_domain(&long, None).await.unwrap().into_inner();
    assert!(directory.add_domain(&(long + "f"), None).await.is_err());
}

#[tokio::test]
async fn aliases_are_bounded() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    for at in 0..ALIAS_COUNT_MAX {
        directory.add_alias(alice, &address(&format!("a{at}@example.org"))).await.unwrap().into_inner();
    }
    let one_more = directory.add_alias(alice, &address("z@example.org")).await;
    assert_eq!(one_more.unwrap_err(), Error::TooLarge(ALIAS_COUNT_MAX as u64));
    assert!(directory.find(&address("z@example.org")).await.unwrap().is_none());
}

#[tokio::test]
async fn names_for_people_are_bounded_and_harmless() {
    let directory = directory().await;
    let alice = add(&directory, "alice@example.org").await;
    directory.set_name(alice, &"n".repeat(NAME_BYTES_MAX)).await.unwrap().into_inner();
    assert!(directory.set_name(alice, &"n".repeat(NAME_BYTES_MAX + 1)).await.is_err());
    assert!(directory.set_name(alice, "a\r\nb").await.is_err());
    directory.set_name(alice, "").await.unwrap().into_inner();
    assert_eq!(directory.account(alice).await.unwrap().unwrap().name, "alice@example.org");
}

#[tokio::test]
async fn listings_go_on_behind_an_id() {
    let directory = directory().await;
    for at in 0..300 {
        add(&directory, &format!("a{at}@example.org")).await;
    }
    let ids = |accounts: Vec<crate::Account>| accounts.into_iter().map(|one| one.id.0).collect::<Vec<_>>();
    assert_eq!(ids(directory.accounts(None, 1000).await.unwrap()), (1..=300).collect::<Vec<_>>());
    assert_eq!(ids(directory.accounts(Some(AccountId(290)), 3).await.unwrap()), [291, 292, 293]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_want_a_name_one_gets_it() {
    let directory = std::sync::Arc::new(directory().await);
    let mut wishes = tokio::task::JoinSet::new();
    for at in 0..40 {
        let directory = directory.clone();
        let text = if at % 2 == 0 { "same@example.org".to_owned() } else { format!("u{at}@example.org") };
        wishes.spawn(async move { directory.add_account(new(&text)).await.map(crate::Outcome::into_inner) });
    }
    let mut ids = std::collections::BTreeSet::new();
    let mut refused = 0;
    while let Some(done) = wishes.join_next().await {
        match done.unwrap() {
            Ok(id) => assert!(ids.insert(id), "{id} was given twice"),
            Err(error) => refused += usize::from(error == Error::Exists),
        }
    }
    assert_eq!((ids.len(), refused), (21, 19));
    assert!(directory.fsck().await.unwrap().is_empty());
}

#[tokio::test]
async fn passwords_have_their_least_length() {
    let directory = directory().await;
    let letters = |count: usize| Some(Secret::new("é".repeat(count)));
    let short = NewAccount { password: letters(PASSWORD_CHARS_MIN - 1), ..new("short@example.org") };
    assert!(matches!(directory.add_account(short).await.unwrap_err(), Error::Invalid(_)));
    let long = NewAccount { password: letters(PASSWORD_CHARS_MIN), ..new("long@example.org") };
    directory.add_account(long).await.unwrap().into_inner();
}
