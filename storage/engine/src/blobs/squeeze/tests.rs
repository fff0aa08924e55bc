//! There and back, what is left as it is, and frames that would grow.

use super::*;
use crate::sim::Dice;

fn text(count: usize) -> Bytes {
    b"Kind regards, and see you on Monday at ten. ".iter().copied().cycle().take(count).collect()
}

fn noise(count: usize) -> Bytes {
    let mut bytes = vec![0; count];
    Dice::new(7).fill(&mut bytes);
    bytes.into()
}

#[test]
fn text_becomes_shorter_and_comes_back() {
    for count in [SQUEEZE_BYTES_MIN, 30_000, 200_000, 1 << 20] {
        let (codec, stored) = squeeze(&text(count));
        assert_eq!(codec, Codec::Zstd);
        assert!(stored.len() < count / 5, "{} of {count}", stored.len());
        assert_eq!(expand(codec, stored, count).unwrap(), text(count));
    }
}

#[test]
fn what_does_not_shrink_stays_as_it_is() {
    for count in [0, 1, SQUEEZE_BYTES_MIN, 30_000, 200_000] {
        assert_eq!(squeeze(&noise(count)), (Codec::Plain, noise(count)));
    }
    let (codec, _) = squeeze(&text(SQUEEZE_BYTES_MIN - 1));
    assert_eq!(codec, Codec::Plain, "too short for the trial");
}

#[test]
fn base64_is_worth_it() {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encoded: Bytes = noise(60_000).iter().map(|byte| letters[usize::from(byte % 64)]).collect();
    let (codec, stored) = squeeze(&encoded);
    assert_eq!(codec, Codec::Zstd);
    assert!(stored.len() < encoded.len() * 8 / 10);
    assert_eq!(expand(codec, stored, encoded.len()).unwrap(), encoded);
}

#[test]
fn a_sample_decides_for_large_ones() {
    let mut mixed = noise(300_000).to_vec();
    mixed[..20_000].copy_from_slice(&text(20_000));
    assert_eq!(squeeze(&mixed.into()).0, Codec::Plain, "its beginning alone is text");
}

#[test]
fn a_frame_never_grows_past_what_its_header_says() {
    let bomb = zstd::bulk::compress(&vec![0; 512 << 20], 1).unwrap();
    assert!(bomb.len() < 64 << 10);
    assert_eq!(expand(Codec::Zstd, bomb.into(), 1 << 20), Err(Error::Corrupt));
    let (codec, stored) = squeeze(&text(10_000));
    assert_eq!(expand(codec, stored.clone(), 9_999), Err(Error::Corrupt));
    assert_eq!(expand(codec, stored.clone(), 10_001), Err(Error::Corrupt));
    assert_eq!(expand(codec, stored.slice(..stored.len() - 1), 10_000), Err(Error::Corrupt));
    assert_eq!(expand(Codec::Plain, text(10), 9), Err(Error::Corrupt));
}
