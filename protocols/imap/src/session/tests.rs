//! What a session that waits costs, beside its stream.

use super::Session;
use super::connection::Connection;
use crate::Door;
use directory::testing::MemoryDirectory;
use engine::sim::{SimDisk, SimEnv};
use sasl::door::{Peer, drain};
use std::mem::{size_of, size_of_val};
use std::sync::Arc;
use store::{Options, Store};

/// The most octets of a waiting session, its task included.
const WAITING_BYTES_MAX: usize = 2_560;

#[test]
fn a_waiting_session_is_small() {
    let disk = SimDisk::new(1);
    let store = Store::new(disk.engine(), disk.blobs(), Arc::new(SimEnv::new(1)), Options::default());
    let door = Door::new(store, Arc::new(MemoryDirectory::sample()));
    let (_trigger, drain) = drain();
    let peer = Peer {
        addr: "127.0.0.1:1".parse().unwrap(),
        tls: true,
        cleartext_auth: false,
        acceptor: None,
        channel: None,
        crowded: false,
    };
    let (stream, _far) = tokio::io::duplex(16);
    let serving = size_of_val(&door.serve(Box::new(stream), peer.clone(), drain.clone()));
    let (stream, _far) = tokio::io::duplex(16);
    let mut session = Session::new(door.context.clone(), Connection::new(Box::new(stream)), peer, drain);
    let text = b" \r\n";
    let cursor = crate::wire::decoder::cursor::Cursor::new(text, false);
    let dispatching = size_of_val(&session.dispatch(cursor));
    let idle = crate::command::find("IDLE", false).unwrap();
    let idling = size_of_val(&*(idle.run)(&mut session, cursor));
    let total = serving + size_of::<Session>() + dispatching + idling;
    println!(
        "serve {serving} session {} dispatch {dispatching} idle {idling} = {total}",
        size_of::<Session>()
    );
    assert!(total <= WAITING_BYTES_MAX, "{total}");
}
