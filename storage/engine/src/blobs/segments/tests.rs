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
    std::fs::rename(segment_path(path, 2), kept_path(path, 2)).unwrap();
    assert_eq!(list(path).unwrap(), Listing { present: vec![1], highest: 4 });
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

#[test]
fn a_segment_that_goes_while_the_names_are_read_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_path_buf();
    // So many that the names do not come from the system in one piece.
    let count = 3_000;
    for segment in 1..=count {
        File::create(segment_path(&path, segment)).unwrap();
    }
    let goes = {
        let path = path.clone();
        std::thread::spawn(move || {
            for segment in 1..count {
                File::create(gone_path(&path, segment)).unwrap();
                std::fs::remove_file(segment_path(&path, segment)).unwrap();
            }
        })
    };
    while !goes.is_finished() {
        list(&path).unwrap();
    }
    goes.join().unwrap();
    assert_eq!(list(&path).unwrap(), Listing { present: vec![count], highest: count });
}
