//! Headers and places there and back, and no other bytes taken for one.

use super::*;

fn header() -> Header {
    let (stored, bytes, sequence, group) = (30_000, 30_000, 1 << 40, 0x1234_5678_9abc);
    Header { id: BlobId([7; 32]), codec: Codec::Plain, stored, bytes, sequence, group }
}

/// What the first builds wrote, kept for ever.
const VERSION_1: &str = "4367463101000000307500003075000000000000000100000707070707070707070707070707070707070707\
                         070707070707070707070707000000005ec498e8";
const VERSION_2: &str = "4367463102013412282300003075000000000000000100000707070707070707070707070707070707070707\
                         070707070707070707070707bc9a785623e8a33a";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn headers_of_every_version_are_read() {
    assert_eq!(Header::decode(&unhex(VERSION_1)), Some(Header { group: 0, ..header() }));
    let zstd = Header { codec: Codec::Zstd, stored: 9_000, ..header() };
    assert_eq!(zstd.encode(), unhex(VERSION_2), "a frame that changes takes a new version");
    assert_eq!(Header::decode(&unhex(VERSION_2)), Some(zstd));
}

#[test]
fn what_a_later_build_may_write_is_not_taken_for_anything() {
    for (at, value) in [(4, 0), (4, 3), (5, 2)] {
        let mut encoded = header().encode();
        encoded[at] = value;
        let crc = crc32fast::hash(&encoded[..60]);
        encoded[60..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(Header::decode(&encoded), None, "{at} {value}");
    }
    let longer = Header { codec: Codec::Zstd, stored: 30_000, ..header() };
    assert_eq!(Header::decode(&longer.encode()), None, "compressed and no shorter");
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
    let max = BLOB_BYTES_MAX as u32;
    let at = Header { stored: max, bytes: max, ..header() };
    assert_eq!(Header::decode(&at.encode()), Some(at));
    let past = Header { stored: max + 1, bytes: max + 1, ..header() };
    assert_eq!(Header::decode(&past.encode()), None);
}

#[test]
fn place_there_and_back() {
    let spot = Spot { segment: 9, offset: 8, stored: 7 };
    assert_eq!(Spot::decode(&spot.encode()), Some(spot));
    assert_eq!(Spot::decode(b"short"), None);
    assert_eq!(Spot::decode(&[255; 12]), None);
}
