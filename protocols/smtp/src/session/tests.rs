//! The recipients of a transaction at their limits.

use super::*;
use delivery::Route;
use model::AccountId;

fn recipient(number: usize, reach: usize) -> Recipient {
    let spelled = format!("r{number}@example.org");
    let route = Route::Accounts(vec![AccountId(1); reach]);
    Recipient { address: Address::parse(&spelled).unwrap(), spelled, route }
}

fn transaction() -> Transaction {
    Transaction { sender: None, options: MailOptions::default(), recipients: vec![], identities: vec![] }
}

#[test]
fn recipients_reach_so_many() {
    let mut transaction = transaction();
    assert!(transaction.add(recipient(1, REACH_COUNT_MAX - 1)).is_ok());
    let refused = transaction.add(recipient(2, 2)).unwrap_err();
    assert!(sasl::talk::Answer::encode(&refused).starts_with(b"452 4.5.3"));
    assert!(transaction.add(recipient(3, 1)).is_ok());
    assert!(transaction.add(recipient(4, 1)).is_err());
    assert_eq!(transaction.recipients.len(), 2);
}

#[test]
fn a_recipient_named_again_is_taken_and_counts_once() {
    let mut transaction = transaction();
    for number in 0..RECIPIENT_COUNT_MAX {
        assert!(transaction.add(recipient(number, 1)).is_ok());
    }
    assert!(transaction.add(recipient(0, 1)).is_ok());
    assert!(transaction.add(recipient(RECIPIENT_COUNT_MAX, 1)).is_err());
    assert_eq!(transaction.recipients.len(), RECIPIENT_COUNT_MAX);
}
