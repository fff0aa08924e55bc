//! Every outcome of the store has its words.

use super::{Failure, words};
use model::{Error, Rights};

#[test]
fn every_outcome_has_a_code() {
    let expect = [
        (Error::NotFound, "NONEXISTENT"),
        (Error::Forbidden(Rights::READ), "NOPERM"),
        (Error::Exists, "ALREADYEXISTS"),
        (Error::Conflict, "INUSE"),
        (Error::OverQuota, "OVERQUOTA"),
        (Error::TooLarge(1), "LIMIT"),
        (Error::DiskFull, "UNAVAILABLE"),
        (Error::Unavailable, "UNAVAILABLE"),
        (Error::Corrupt, "SERVERBUG"),
    ];
    for (error, code) in expect {
        let (condition, found, _) = words(Failure::Store(error)).unwrap();
        assert_eq!((condition, found), ("NO", Some(code)), "{error:?}");
    }
    assert!(words(Failure::Gone).is_none());
}
