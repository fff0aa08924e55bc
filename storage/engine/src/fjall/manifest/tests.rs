//! A manifest that fjall itself wrote passes; with any bit of it flipped it does not.

use super::*;
use crate::open_fjall;

#[tokio::test]
async fn every_flipped_bit_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine");
    let engine = open_fjall(&path, 1 << 20).unwrap();
    engine.close().await;
    drop(engine);
    verify(&path).unwrap();
    let keyspace = path.join("keyspaces").join("1");
    let manifest = std::fs::read_dir(&keyspace).unwrap().map(|entry| entry.unwrap().path());
    let manifest = manifest.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with('v'));
    for file in manifest.chain([keyspace.join("current")]) {
        let bytes = std::fs::read(&file).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&file, &damaged).unwrap();
            assert_eq!(verify(&path), Err(Error::Corrupt), "{} bit {bit}", file.display());
        }
        std::fs::write(&file, &bytes).unwrap();
    }
    verify(&path).unwrap();
}
