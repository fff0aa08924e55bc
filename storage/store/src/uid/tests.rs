//! UIDs of cards: optional, unique in a book, changed with the card.

use crate::kind::AddressBook;
use crate::testing::{object, store, writer};
use crate::{Collection, DEFAULT_ADDRESS_BOOK, Reader};
use model::{CollectionId, CollectionKind, Error, Rights};

async fn book(reader: &Reader) -> Collection<AddressBook> {
    let name = DEFAULT_ADDRESS_BOOK;
    let id = reader.child(CollectionId::ROOT, CollectionKind::AddressBook, name).await.unwrap().unwrap();
    reader.open(id, Rights::READ).await.unwrap()
}

#[tokio::test]
async fn a_uid_belongs_to_one_card_and_is_freed_with_it() {
    let store = store();
    let new = object(&store, b"card").await;
    let mut turn = writer(&store).await;
    let open = book(&turn).await;
    turn.put_card(&open, "a.vcf", new.clone(), Some("u1")).await.unwrap();
    turn.put_card(&open, "none.vcf", new.clone(), None).await.unwrap();
    turn.put_card(&open, "none2.vcf", new.clone(), None).await.unwrap();
    let refused = turn.put_card(&open, "b.vcf", new.clone(), Some("u1")).await;
    assert_eq!(refused.unwrap_err(), Error::Conflict);
    turn.put_card(&open, "a.vcf", new.clone(), Some("u2")).await.unwrap();
    turn.put_card(&open, "b.vcf", new.clone(), Some("u1")).await.unwrap();
    turn.move_card((&open, "a.vcf"), (&open, "c.vcf")).await.unwrap();
    assert_eq!(turn.name_of_uid(&open, "u2").await.unwrap().as_deref(), Some("c.vcf"));
    turn.remove_card(&open, "b.vcf").await.unwrap();
    assert_eq!(turn.name_of_uid(&open, "u1").await.unwrap(), None);
    turn.commit(()).await.unwrap();
}
