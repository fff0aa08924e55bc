//! A WebDAV server of two accounts for trying clients by hand, without TLS and without the rest of the house:
//! `cargo run -p webdav --example drive -- DIRECTORY PORT`.

use directory::testing::MemoryDirectory;
use engine::{LocalBlobs, OsEnv};
use http_door::{App, Door, Peer};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use store::{Options, Store};
use webdav::{Dav, Files, Plugin};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which directory?")?;
    let port: u16 = arguments.next().ok_or("which port?")?.parse()?;
    let path = Path::new(&directory);
    std::fs::create_dir_all(path)?;
    let engine = engine::open_fjall(&path.join("engine"), 64 << 20)?;
    let blobs = LocalBlobs::open(&path.join("blobs"))?;
    let store = Store::new(engine, Arc::new(blobs), Arc::new(OsEnv), Options::default());
    let people = Arc::new(MemoryDirectory::sample());
    let plugins: [Arc<dyn Plugin>; 1] = [Arc::new(Files)];
    let apps: Vec<Arc<dyn App>> = vec![Arc::new(Dav::new(store, people.clone(), &plugins))];
    let door = Door::new(people, apps);
    let (_trigger, drain) = sasl::door::drain();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, addr) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let peer =
            Peer { addr, tls: false, cleartext_auth: true, acceptor: None, channel: None, crowded: false };
        let (door, drain) = (door.clone(), drain.clone());
        tokio::spawn(async move { door.serve(Box::new(stream), peer, drain).await });
    }
}
