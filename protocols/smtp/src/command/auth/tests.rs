//! What a login comes to.

use super::*;
use crate::tests::house::House;
use model::Rights;
use sasl::testing::loopback;

#[tokio::test]
async fn only_a_wrong_login_counts() {
    let house = House::new();
    let (_client, stream) = tokio::io::duplex(64);
    let context = house.door.context.clone();
    let mut session = Session::new(context, Box::new(stream), loopback(), house.drain.clone());
    for error in [Error::Unavailable, Error::Corrupt, Error::Invalid("x"), Error::TooLarge(1)] {
        for _ in 0..=LOGIN_FAILURE_COUNT_MAX {
            assert_eq!(told(&mut session, Err(error)).unwrap().1, Then::Go, "{error}");
        }
    }
    let wrong = || Err(Error::Forbidden(Rights::empty()));
    for _ in 1..LOGIN_FAILURE_COUNT_MAX {
        assert_eq!(told(&mut session, wrong()).unwrap().1, Then::Go);
    }
    assert_eq!(told(&mut session, wrong()).unwrap().1, Then::Close);
}
