//! Headers and places there and back, and no other bytes taken for one.

use super::*;

fn header() -> Header {
    Header { id: BlobId([7; 32]), bytes: 30_000, sequence: 1 << 40 }
}

#[test]
fn header_there_and_back() {
    let encoded = header().encode();
    assert_eq!(encoded.len(), HEADER_BYTES);
    assert_eq!(Header::decode(&encoded), Some(header()));
    assert_eq!(Header::decode(&encoded[..HEADER_BYTES - 1]), None);
}

#[test]
fn every_flipped_bit_of_a_header_is_seen() {
    let encoded = header().encode();
    for bit in 0..HEADER_BYTES * 8 {
        let mut damaged = encoded.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Header::decode(&damaged), None, "bit {bit}");
    }
}

#[test]
fn length_at_the_limit_and_one_past() {
    let at = Header { bytes: BLOB_BYTES_MAX as u32, ..header() };
    assert_eq!(Header::decode(&at.encode()), Some(at));
    let past = Header { bytes: BLOB_BYTES_MAX as u32 + 1, ..header() };
    assert_eq!(Header::decode(&past.encode()), None);
}

#[test]
fn place_there_and_back() {
    let spot = Spot { segment: 9, offset: 8, bytes: 7 };
    assert_eq!(Spot::decode(&spot.encode()), Some(spot));
    assert_eq!(Spot::decode(b"short"), None);
    assert_eq!(Spot::decode(&[255; 12]), None);
}
