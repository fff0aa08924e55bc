//! A store of a newer format.

use super::*;
use engine::{Batch, Op, Table};

#[tokio::test]
async fn a_store_of_a_newer_format_is_refused_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let engine = engine::open_fjall(&data.join("engine"), 1 << 20).unwrap();
    let newer = [&(store::FORMAT + 1).to_be_bytes()[..], b"99.1"].concat();
    let ops = vec![Op::Put(Table::Meta, b"format".to_vec(), newer.into())];
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await.unwrap();
    engine.close().await;
    drop(engine);
    let text = format!(
        "[server]\nhostname = \"mail.example.org\"\ndata = {:?}\n[[listener]]\nprotocol = \"imap\"\n\
         bind = \"127.0.0.1:1\"\ntls = \"none\"\ncleartext_auth = true\n",
        data
    );
    let file = folder.path().join("collegium.toml");
    std::fs::write(&file, text).unwrap();
    let config = crate::config::load(&file).unwrap();
    let refused = Site::open(&config).await.err().unwrap().to_string();
    let (found, known) = (store::FORMAT + 1, store::FORMAT);
    assert!(refused.contains(&format!("has format {found} (written by version 99.1)")), "{refused}");
    assert!(refused.contains(&format!("knows formats up to {known}")), "{refused}");
}
