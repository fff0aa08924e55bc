//! Salvage from segments that real uploads wrote: mixed uploads, lists, guesses, holes.

use super::*;
use crate::{Options, Store, Upload};
use engine::{
    BlobStore, LocalBlobs,
    sim::{SimDisk, SimEnv},
};
use std::sync::Arc;

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut octets = vec![0; length];
    let mut reader = blake3::Hasher::new().update(&seed.to_be_bytes()).finalize_xof();
    reader.fill(&mut octets);
    octets
}

fn mail(seed: u64, length: usize) -> Vec<u8> {
    let mut octets = format!(
        "Received: from a by b; Tue, 3 Feb 2026 04:05:06 +0100\r\nMessage-ID: <m{seed}@x>\r\nDate: Mon, 2 Feb 2026 \
         00:00:00 +0000\r\nSubject: s\r\n\r\n"
    )
    .into_bytes();
    octets.extend(noise(seed, length));
    octets
}

/// A store whose bodies go to real segments; its engine is thrown away.
fn store(directory: &Path) -> (Store, Arc<LocalBlobs>) {
    let blobs = Arc::new(LocalBlobs::open(directory).unwrap());
    let disk = SimDisk::new(1);
    let store = Store::new(disk.engine(), blobs.clone(), Arc::new(SimEnv::new(1)), Options::default());
    (store, blobs)
}

async fn push(uploads: &mut [(Upload, Vec<u8>)]) {
    // In turn, so that their frames lie mixed.
    let longest = uploads.iter().map(|(_, octets)| octets.len()).max().unwrap_or(0);
    for from in (0..longest).step_by(100_000) {
        for (upload, octets) in uploads.iter_mut() {
            let until = octets.len().min(from + 100_000);
            upload.write(octets.get(from..until).unwrap_or_default()).await.unwrap();
        }
    }
}

fn told(salvage: &Salvage) -> Vec<(Vec<u8>, Certainty, Content)> {
    let octets = |stretch| match stretch {
        Stretch::Octets(octets) => octets.to_vec(),
        Stretch::Lost(bytes) => vec![0; bytes as usize],
    };
    let tell = |body: Salvaged| {
        let octets: Vec<u8> = salvage.octets(&body).flat_map(octets).collect();
        assert_eq!(octets.len() as u64, body.size);
        (octets, body.certainty, body.content)
    };
    salvage.bodies().map(tell).collect()
}

/// Segments of these bodies alone.
async fn segments(directory: &Path, bodies: &[&[u8]]) {
    let blobs = LocalBlobs::open(directory).unwrap();
    for body in bodies {
        blobs.append(Bytes::copy_from_slice(body)).await.unwrap();
    }
    blobs.sync(u64::MAX).await.unwrap();
}

fn id(octets: &[u8]) -> BlobId {
    BlobId(*blake3::hash(octets).as_bytes())
}

fn list(hash: BlobId, chunks: &[(BlobId, usize)]) -> Bytes {
    let chunks: Vec<_> = chunks.iter().map(|(id, bytes)| Chunk { id: *id, bytes: *bytes as u32 }).collect();
    let size = chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum();
    crate::listing::encode(size, &hash, &chunks).remove(0)
}

/// As a client of an earlier build could store it.
fn former(hash: BlobId, chunks: &[(BlobId, usize)]) -> Bytes {
    let mut octets = list(hash, chunks).to_vec();
    octets[3] = b'1';
    octets.into()
}

#[tokio::test]
async fn a_forged_list_hides_nothing_and_makes_nothing_long() {
    let none = BlobId([9; 32]);
    let (mail, other) = (mail(1, 9_000), mail(2, 9_000));
    let full = noise(3, SMALL_CHUNK_BYTES);
    let chunk = (id(&full), SMALL_CHUNK_BYTES);
    let sum = id(&[&full[..], &other].concat());
    let forged = [
        // Lengths that no upload makes, of blobs that are not there.
        former(none, &[(none, u32::MAX as usize); 3]),
        former(none, &[(id(&mail), mail.len()), (none, 7)]),
        // One blob, or another length than it has.
        former(id(&mail), &[(id(&mail), mail.len())]),
        former(none, &[chunk, (id(&mail), mail.len() - 1)]),
        // Another hash.
        former(none, &[chunk, (id(&mail), mail.len())]),
    ];
    let directory = tempfile::tempdir().unwrap();
    let mut bodies: Vec<&[u8]> = forged.iter().map(|octets| &octets[..]).collect();
    bodies.extend([&mail[..], &full, &other]);
    segments(directory.path(), &bodies).await;
    let found = told(&Salvage::read(directory.path()).unwrap());
    let whole: Vec<_> = found.iter().map(|(octets, certainty, _)| (&octets[..], *certainty)).collect();
    assert!(whole == bodies.iter().map(|body| (*body, Certainty::Whole)).collect::<Vec<_>>());
    // One that adds up, of octets that others have as a mail of their own; and one that would be long.
    let long: Vec<_> = std::iter::once(chunk).chain([(none, SMALL_CHUNK_BYTES); 40]).collect();
    segments(directory.path(), &[&former(sum, &[chunk, (id(&other), other.len())]), &former(none, &long)])
        .await;
    let found = told(&Salvage::read(directory.path()).unwrap());
    let count = |body: &[u8]| found.iter().filter(|(octets, ..)| octets == body).count();
    assert_eq!((count(&mail), count(&other), count(&[&full[..], &other].concat())), (1, 1, 1));
    let guessed = found.iter().find(|(octets, ..)| *octets == [&full[..], &other].concat()).unwrap();
    assert_eq!(guessed.1, Certainty::Guessed, "nobody knows whether a client made it up");
    let incomplete = found.iter().filter(|(_, certainty, _)| *certainty == Certainty::Incomplete).count();
    assert_eq!(incomplete, 1, "it has the lengths of an upload");
}

#[tokio::test]
async fn octets_that_imitate_a_list_come_out_as_they_were_stored_and_nothing_else_does() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blobs) = store(directory.path());
    // Two bodies of others, and what a client who knows them makes of them: their sum, and lists that are sound.
    // Between them something that begins a body of its own: a chunk of full length swallows nothing by guess then.
    let (full, between, other) = (noise(3, SMALL_CHUNK_BYTES), mail(5, 9_000), noise(2, 9_000));
    let sum = [&full[..], &other].concat();
    let named = [(id(&full), full.len()), (id(&other), other.len())];
    let filler = noise(4, SMALL_CHUNK_BYTES);
    let mut bodies = vec![full, between, other];
    for forged in [list(id(&sum), &named), former(id(&sum), &named)] {
        bodies.push([&filler[..], &forged].concat());
        // As the first chunk, too long to stand in a record.
        let many: Vec<_> = std::iter::once(named[0]).chain([named[1]; 120]).collect();
        let long = [&sum[..], &bodies[2].repeat(119)].concat();
        bodies.push([&list(id(&long), &many)[..3], &forged[3..4], &list(id(&long), &many)[4..]].concat());
    }
    for octets in &bodies {
        let mut upload = store.upload(octets.len() as u64);
        upload.write(octets).await.unwrap();
        upload.finish().await.unwrap();
    }
    drop((store, blobs));
    let found = told(&Salvage::read(directory.path()).unwrap());
    for octets in &bodies {
        let fitting: Vec<_> = found.iter().filter(|(found, ..)| found == octets).collect();
        assert_eq!(fitting.len(), 1, "{} octets", octets.len());
        assert!(matches!(fitting[0].1, Certainty::Whole | Certainty::Listed), "{:?}", fitting[0].1);
    }
    assert_eq!(found.len(), bodies.len(), "nothing that nobody stored");
}

#[tokio::test]
async fn mixed_uploads_are_put_together_by_their_lists() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blobs) = store(directory.path());
    let bodies = [mail(1, 900_000), noise(2, 700_000), vec![7; 1_200_000], mail(4, 20_000)];
    let mut uploads: Vec<_> =
        bodies.iter().map(|octets| (store.upload(octets.len() as u64), octets.clone())).collect();
    push(&mut uploads).await;
    for (upload, _) in uploads {
        upload.finish().await.unwrap();
    }
    drop((store, blobs));
    let salvage = Salvage::read(directory.path()).unwrap();
    assert_eq!(salvage.ruins(), []);
    let told = told(&salvage);
    assert_eq!(told.len(), 4, "lists are no bodies");
    for octets in &bodies {
        let (_, certainty, content) = told.iter().find(|(found, ..)| found == octets).unwrap();
        let listed = octets.len() > SMALL_CHUNK_BYTES;
        assert_eq!(*certainty, if listed { Certainty::Listed } else { Certainty::Whole });
        match content {
            Content::Message { message_id, received } => {
                assert!(message_id.as_deref().is_some_and(|id| id.starts_with('m')));
                let received = received.unwrap();
                assert_eq!((received.seconds, received.offset_minutes), (1_770_087_906, 60));
            }
            other => assert_eq!(*other, Content::Octets),
        }
    }
}

#[tokio::test]
async fn a_lost_chunk_leaves_a_hole_of_its_length() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blobs) = store(directory.path());
    let octets = mail(1, 600_000);
    let mut uploads = [(store.upload(octets.len() as u64), octets.clone())];
    push(&mut uploads).await;
    let [(upload, _)] = uploads;
    upload.finish().await.unwrap();
    drop((store, blobs));
    let segment = directory.path().join("00000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[64 + SMALL_CHUNK_BYTES + 64 + 9] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let salvage = Salvage::read(directory.path()).unwrap();
    assert_eq!(salvage.ruins().len(), 1);
    let told = told(&salvage);
    let chunks: Vec<_> = octets.chunks(SMALL_CHUNK_BYTES).collect();
    let expected = [chunks[0], &vec![0; SMALL_CHUNK_BYTES], chunks[2]].concat();
    let certainties: Vec<_> = told.iter().map(|(_, certainty, _)| *certainty).collect();
    assert_eq!(certainties, [Certainty::Guessed, Certainty::Guessed, Certainty::Incomplete]);
    assert!(told[0].0 == chunks[0] && told[1].0 == chunks[2], "they may be bodies of their own");
    assert!(told[2].0 == expected && matches!(told[2].2, Content::Message { .. }));
}

#[tokio::test]
async fn chunks_without_a_list_are_guessed_at_and_said_to_be() {
    let directory = tempfile::tempdir().unwrap();
    let long = mail(1, 2 * SMALL_CHUNK_BYTES);
    let full = mail(2, 300_000)[..SMALL_CHUNK_BYTES].to_vec();
    let short = mail(3, 10);
    let parts: Vec<_> = long.chunks(SMALL_CHUNK_BYTES).chain([&full[..], &short]).collect();
    segments(directory.path(), &parts).await;
    let told = told(&Salvage::read(directory.path()).unwrap());
    let certainties: Vec<_> = told.iter().map(|(octets, certainty, _)| (octets.len(), *certainty)).collect();
    assert_eq!(
        certainties,
        [(long.len(), Certainty::Guessed), (full.len(), Certainty::Whole), (short.len(), Certainty::Whole)],
        "a chunk of full length does not swallow the message behind it"
    );
    assert_eq!(told[0].0, long);
}

#[test]
fn octets_are_known_by_how_they_begin() {
    assert_eq!(content_of(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), Content::Calendar);
    assert_eq!(content_of(b"begin:vcard\r\n"), Content::Card);
    for message in [&b"Subject: x\r\n\r\nbody"[..], b"X: y\nFrom: a\n folded\n\nno: field here"] {
        assert!(matches!(content_of(message), Content::Message { .. }), "{message:?}");
    }
    for other in [&b""[..], b"X-Only: y\r\n\r\n", b"Subject: x\r\nno field\r\n\r\n", b"%PDF-1.7\nFrom: x\n\n"]
    {
        assert_eq!(content_of(other), Content::Octets, "{other:?}");
    }
}
