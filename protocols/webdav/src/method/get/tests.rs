//! The `Range` field.

use super::{Asked, one_range};

#[test]
fn ranges() {
    assert_eq!(one_range("bytes=0-9", 100), Asked::Part(0..10));
    assert_eq!(one_range("bytes=90-", 100), Asked::Part(90..100));
    assert_eq!(one_range("Bytes = 90-1000", 100), Asked::Part(90..100));
    assert_eq!(one_range("bytes=-10", 100), Asked::Part(90..100));
    assert_eq!(one_range("bytes=-1000", 100), Asked::Part(0..100));
    assert_eq!(one_range("bytes=100-", 100), Asked::Unsatisfiable);
    assert_eq!(one_range("bytes=0-", 0), Asked::Unsatisfiable);
    assert_eq!(one_range("bytes=-0", 100), Asked::Unsatisfiable);
    for whole in ["bytes=5-1", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes", "bytes=-", "bytes=1"] {
        assert_eq!(one_range(whole, 100), Asked::Whole, "{whole}");
    }
}
