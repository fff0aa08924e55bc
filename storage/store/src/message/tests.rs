//! Records read in place are those that are read the long way; sweeps are for neighbours only.

use super::{MessageRecord, RUN_COUNT_MIN, read, run_length};
use crate::body::{Body, Chunk, Content};
use crate::record::{decode, encode};
use bytes::Bytes;
use model::{BlobId, ItemId};

fn record(content: Content) -> MessageRecord {
    MessageRecord {
        copies: 3,
        body: Body { size: 300, hash: BlobId([7; 32]), content, fresh: Vec::new(), pin: None },
        envelope: Bytes::from_static(b"(NIL)"),
        structure: Bytes::new(),
        extended_structure: Bytes::from_static(&[0, 255, 10]),
        parts: Bytes::from(vec![1; 200]),
        sent: None,
    }
}

fn both() -> [MessageRecord; 2] {
    let chunk = |of: u8| Chunk { id: BlobId([of; 32]), bytes: u32::from(of) };
    [
        record(Content::Inline(Bytes::from(vec![b'x'; 300]))),
        record(Content::Chunks(vec![chunk(1), chunk(2), chunk(0)])),
    ]
}

#[test]
fn what_is_read_in_place_is_what_was_written() {
    for record in both() {
        let octets = encode(&record).unwrap();
        assert_eq!(read(&octets).unwrap(), record);
    }
}

#[test]
fn a_small_body_is_not_copied() {
    let [inline, _] = both();
    let octets = encode(&inline).unwrap();
    let Content::Inline(body) = read(&octets).unwrap().body.content else { panic!("no longer inline") };
    assert!(octets.as_ptr_range().contains(&body.as_ptr()));
}

/// Every cut and every single wrong octet: read the same both ways, or refused both ways.
#[test]
fn what_is_malformed_is_read_as_the_long_way_reads_it() {
    for record in both() {
        let octets = encode(&record).unwrap();
        for end in 0..octets.len() {
            let cut = octets.slice(..end);
            assert_eq!(read(&cut), decode::<MessageRecord>(&cut), "cut at {end}");
        }
        for place in 0..octets.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut wrong = octets.to_vec();
                wrong[place] ^= flip;
                let wrong = Bytes::from(wrong);
                assert_eq!(read(&wrong), decode::<MessageRecord>(&wrong), "{flip:#x} at {place}");
            }
        }
    }
}

#[test]
fn only_neighbours_are_a_run() {
    let ids = |numbers: &[u64]| numbers.iter().map(|&number| ItemId(number)).collect::<Vec<_>>();
    let from = |count: usize| (100..).take(count).collect::<Vec<u64>>();
    assert_eq!(run_length(&[]), None);
    assert_eq!(run_length(&ids(&from(RUN_COUNT_MIN - 1))), None);
    assert_eq!(run_length(&ids(&from(RUN_COUNT_MIN))), Some(RUN_COUNT_MIN));
    // Two holes among ten are a run, three are none.
    assert_eq!(run_length(&ids(&[1, 2, 3, 5, 6, 8, 9, 10])), Some(10));
    assert_eq!(run_length(&ids(&[1, 2, 3, 5, 6, 8, 9, 11])), None);
    // Neither is what comes down, comes twice or is in no order.
    assert_eq!(run_length(&ids(&[8, 7, 6, 5, 4, 3, 2, 1])), None);
    assert_eq!(run_length(&ids(&[1, 2, 3, 4, 4, 5, 6, 7, 8])), None);
    assert_eq!(run_length(&ids(&[1, 3, 2, 4, 5, 6, 7, 8])), None);
    assert_eq!(run_length(&ids(&[0, 1, 2, 3, 4, 5, 6, u64::MAX])), None);
}
