//! Lists there and back, in one part and in several, and nothing else taken for one.

use super::*;

fn chunks(count: usize) -> Vec<Chunk> {
    let id = |number: usize| BlobId(*blake3::hash(&number.to_be_bytes()).as_bytes());
    (0..count).map(|number| Chunk { id: id(number), bytes: 7 }).collect()
}

fn listed(blobs: &[Bytes]) -> Vec<Listed> {
    let mut lists = Lists::default();
    for blob in blobs {
        lists.take(BlobId(*blake3::hash(blob).as_bytes()), blob);
    }
    lists.whole()
}

#[test]
fn a_part_at_the_limit_and_one_past() {
    for (count, parts) in [(2, 1), (LIST_CHUNK_COUNT_MAX, 1), (LIST_CHUNK_COUNT_MAX + 1, 2)] {
        let chunks = chunks(count);
        let blobs = encode(7 * count as u64, &BlobId([1; 32]), &chunks);
        assert_eq!(blobs.len(), parts);
        assert!(blobs.iter().all(|blob| blob.len() <= 1 << 20), "a blob like any other");
        let whole = listed(&blobs);
        assert_eq!(whole.len(), 1);
        assert_eq!((whole[0].size, &whole[0].chunks), (7 * count as u64, &chunks));
        assert_eq!(whole[0].parts.len(), parts);
        assert!(parts == 1 || listed(&blobs[1..]).is_empty(), "a part is no list");
    }
}

#[test]
fn what_is_no_list_is_not_taken_for_one() {
    let blob = encode(14, &BlobId([1; 32]), &chunks(2)).remove(0);
    assert!(decode(&blob).is_some());
    assert!(decode(&blob[..blob.len() - 1]).is_none());
    assert!(decode(b"CgL1").is_none());
    assert!(decode(b"Subject: CgL1").is_none());
    let wrong = encode(15, &BlobId([1; 32]), &chunks(2));
    assert!(listed(&wrong).is_empty(), "its chunks come to another size");
}

#[test]
fn octets_that_begin_as_a_list_are_cut_behind_the_first() {
    let list = encode(14, &BlobId([1; 32]), &chunks(2)).remove(0);
    for octets in [&list[..], b"CgL", b"CgL1", b"CgL9 of a later build"] {
        assert_eq!(first_chunk_bytes(octets), 1);
        assert_eq!(first_chunk_bytes(&octets[1..]), octets.len() - 1);
    }
    for octets in [&b""[..], b"C", b"Cg", b"cgL2", b" CgL2", b"gL2"] {
        assert_eq!(first_chunk_bytes(octets), octets.len(), "{octets:?}");
    }
}

#[test]
fn a_list_of_an_earlier_build_is_one_and_stands_behind_the_certain_ones() {
    let body = chunks(2);
    let blob = encode(14, &BlobId([1; 32]), &body).remove(0);
    let mut former = blob.to_vec();
    former[3] = b'1';
    let mut unknown = blob.to_vec();
    unknown[3] = b'3';
    assert!(decode(&unknown).is_none());
    let found = listed(&[former.into(), blob]);
    assert_eq!(found.iter().map(|listed| listed.certain).collect::<Vec<_>>(), [true, false]);
    assert!(found.iter().all(|listed| listed.chunks == body));
}

#[test]
fn a_forged_part_does_not_displace_the_true_one() {
    for (count, most) in [(2, usize::MAX), (LIST_CHUNK_COUNT_MAX + 1, LIST_TRIES_MAX)] {
        let body = chunks(count);
        let (size, hash) = (7 * count as u64, BlobId([1; 32]));
        let mut blobs = encode(size, &hash, &body);
        for at in 1..=20 {
            // The same lengths in another order.
            let mut forged = body.clone();
            forged.swap(0, count - 1);
            forged[0].id.0[0] ^= at;
            blobs.push(encode(size, &hash, &forged).remove(0));
        }
        let found = listed(&blobs);
        assert_eq!(found.len(), most.min(21));
        assert!(found.iter().any(|listed| listed.chunks == body));
    }
}
