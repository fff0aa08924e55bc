//! Listing and the bound on open files.

use super::*;
use crate::limits::SEGMENT_HANDLES_MAX;

#[test]
fn listing_tells_present_gone_and_missing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    assert_eq!(list(path).unwrap(), Listing::default());
    for segment in [1, 2, 4] {
        File::create(segment_path(path, segment)).unwrap();
    }
    File::create(path.join("lock")).unwrap();
    File::create(path.join("00000009.bak")).unwrap();
    File::create(path.join("7.seg")).unwrap();
    assert_eq!(list(path), Err(Error::Corrupt), "3 is missing");
    File::create(gone_path(path, 3)).unwrap();
    assert_eq!(list(path).unwrap(), Listing { present: vec![1, 2, 4], highest: 4 });
    File::create(gone_path(path, 4)).unwrap();
    assert_eq!(list(path).unwrap(), Listing { present: vec![1, 2], highest: 4 });
}

#[test]
fn open_files_at_the_limit_and_one_past() {
    let directory = tempfile::tempdir().unwrap();
    let mut handles = Handles::new(directory.path().to_path_buf());
    handles.count_max = SEGMENT_HANDLES_MAX;
    let limit = u32::try_from(SEGMENT_HANDLES_MAX).unwrap();
    let open = |handles: &Handles| handles.open.lock().unwrap().files.keys().copied().collect::<Vec<_>>();
    for segment in 1..=limit {
        File::create(segment_path(directory.path(), segment)).unwrap();
        handles.get(segment).unwrap();
    }
    assert_eq!(open(&handles).len(), SEGMENT_HANDLES_MAX);
    handles.get(1).unwrap();
    File::create(segment_path(directory.path(), limit + 1)).unwrap();
    handles.get(limit + 1).unwrap();
    let open_now = open(&handles);
    assert_eq!(open_now.len(), SEGMENT_HANDLES_MAX);
    assert!(open_now.contains(&1) && !open_now.contains(&2), "the longest unused goes");
    assert_eq!(handles.get(limit + 2).err(), Some(Error::Corrupt));
}
