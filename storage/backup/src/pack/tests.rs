//! Packs at their limits.

use super::*;

fn begun(directory: &Path) -> PackWriter {
    PackWriter::begin(directory.join("pack")).unwrap()
}

#[test]
fn an_object_at_the_limit_and_one_past_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut pack = begun(directory.path());
    let octets = vec![7; OBJECT_BYTES_MAX as usize + 1];
    let past = pack.add(BlobId([1; 32]), &octets);
    assert_eq!(past, Err(Error::TooLarge(u64::from(OBJECT_BYTES_MAX))));
    pack.add(BlobId([2; 32]), &octets[..OBJECT_BYTES_MAX as usize]).unwrap();
    let (path, _, entries) = pack.seal().unwrap();
    assert_eq!(entries.iter().map(|entry| entry.bytes).collect::<Vec<_>>(), [OBJECT_BYTES_MAX]);
    assert_eq!(index(&path).unwrap().len(), 1);
}

#[test]
fn objects_at_the_limit_fill_a_pack_and_one_less_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut pack = begun(directory.path());
    for number in 0..PACK_OBJECT_COUNT_MAX {
        assert!(!pack.is_full(), "after {number}");
        pack.add(BlobId([0; 32]), b"").unwrap();
    }
    assert!(pack.is_full());
}
