//! Stores that are not opened: of a newer format, and made anew without having been repaired.

use super::*;
use engine::{Batch, MENDED, Op, Table};

/// A store with one more row in it, and its configuration.
async fn with(folder: &Path, key: &[u8], value: Vec<u8>) -> Config {
    let data = folder.join("data");
    let engine = engine::open_fjall(&data.join("engine"), 1 << 20).unwrap();
    let ops = vec![Op::Put(Table::Meta, key.to_vec(), value.into())];
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    engine.close().await;
    drop(engine);
    let text = format!(
        "[server]\nhostname = \"mail.example.org\"\ndata = {:?}\n[[listener]]\nprotocol = \"imap\"\n\
         bind = \"127.0.0.1:1\"\ntls = \"none\"\ncleartext_auth = true\n",
        data
    );
    let file = folder.join("collegium.toml");
    std::fs::write(&file, text).unwrap();
    crate::config::load(&file).unwrap()
}

#[tokio::test]
async fn a_store_of_a_newer_format_is_refused_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let newer = [&(store::FORMAT + 1).to_be_bytes()[..], b"99.1"].concat();
    let config = with(folder.path(), b"format", newer).await;
    let refused = Site::open(&config).await.err().unwrap().to_string();
    let (found, known) = (store::FORMAT + 1, store::FORMAT);
    assert!(refused.contains(&format!("has format {found} (written by version 99.1)")), "{refused}");
    assert!(refused.contains(&format!("knows formats up to {known}")), "{refused}");
}

#[tokio::test]
async fn an_engine_made_anew_opens_for_its_repair_alone() {
    let folder = tempfile::tempdir().unwrap();
    let config = with(folder.path(), MENDED, b"1".to_vec()).await;
    for despite in [Despite::default(), Despite { loss: true, ..Despite::default() }] {
        let refused = Site::open_despite(&config, despite).await.err().unwrap().to_string();
        assert!(refused.contains("made anew and not repaired yet"), "{refused}");
        assert!(!refused.contains("another process"), "{refused}");
    }
    let despite = Despite { unrepaired: true, ..Despite::default() };
    let site = Site::open_despite(&config, despite).await.unwrap();
    site.close().await;
}
