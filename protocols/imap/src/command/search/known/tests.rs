//! When the index is asked.

use super::super::matching::{Sought, Test};
use super::{Candidate, Known, Scope};
use crate::limits::SEARCH_UNINDEXED_COUNT_MAX;
use crate::session::table::Tables;
use engine::sim::{SimDisk, SimEnv};
use format::collation::Collation;
use model::{AccountId, Address, Principal, Rights, Role};
use std::sync::Arc;
use store::{Options, Store};

#[tokio::test]
async fn it_is_asked_for_more_messages_than_are_read_without_it() {
    let disk = SimDisk::new(1);
    let store = Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), Options::default());
    let account = AccountId(1);
    let address = Address::parse("alice@example.org").unwrap();
    let principal = Principal { account, address, groups: Vec::new(), role: Role::Member };
    let reader = store.read(&principal, account).await.unwrap();
    let mailbox = reader.open_mailbox("INBOX", Rights::READ).await.unwrap();
    let table = Tables::default().at(&reader, &mailbox, None).await.unwrap();
    let scope = Scope::closed(reader, mailbox, table);
    let test = Test::Body(Sought::new("needle", Collation::UnicodeCasemap));
    let candidates =
        |count| (0..count).map(|index| Candidate { number: 1, uid: 1, index }).collect::<Vec<_>>();
    for (count, strings) in [(SEARCH_UNINDEXED_COUNT_MAX, 0), (SEARCH_UNINDEXED_COUNT_MAX + 1, 1)] {
        let known = Known::ask(&scope, &test, &candidates(count)).await.unwrap();
        assert_eq!(known.exact.len(), strings, "{count}");
    }
}
