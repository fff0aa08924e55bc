//! The control socket: one JSON object a line, one line of answer.

use crate::{
    content::PAGE_BYTES,
    cut::Loss,
    dice::Dice,
    disk::{Kind, Order},
    fault::{Deed, Fault},
    volume::Volume,
};
use fuser::{INodeNo, Notifier};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::Arc,
    time::Duration,
};

/// What the socket is asked.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
enum Request {
    /// Cuts the power now.
    Cut {
        seed: u64,
        loss: Loss,
    },
    /// Waits for a cut that a fault makes.
    Await {
        ms: u64,
    },
    /// Switches the power on again.
    Heal,
    /// Adds a fault.
    Fault {
        fault: Fault,
    },
    /// Takes all faults away; the counters stay.
    Clear,
    /// Begins all counters and the trace at nought.
    Zero,
    /// Tells everything that can be told.
    Status,
    /// Tells the last syncs and directory operations.
    Trace,
    /// Sets the size of the disk; 0 is no limit.
    Limit {
        bytes: u64,
    },
    /// Sets what makes directory operations durable.
    Order {
        strict: bool,
    },
    /// Makes everything durable.
    Sync,
    /// Remembers the disk under a name; goes back to it.
    Snapshot {
        name: String,
    },
    Restore {
        name: String,
    },
    /// Turns one bit of a file over, on the disk too; without `bit`, one that the seed says.
    Flip {
        path: String,
        #[serde(default)]
        bit: Option<u64>,
        #[serde(default)]
        seed: u64,
    },
}

/// Answers whoever connects, for ever.
pub(crate) fn serve(listener: &UnixListener, volume: &Arc<Volume>, notifier: &Notifier) {
    for stream in listener.incoming().flatten() {
        let (volume, notifier) = (Arc::clone(volume), notifier.clone());
        // A client that breaks off has no more to ask.
        std::thread::spawn(move || converse(&stream, &volume, &notifier));
    }
}

fn converse(stream: &UnixStream, volume: &Volume, notifier: &Notifier) -> io::Result<()> {
    for line in BufReader::new(stream).lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(request) => answer(request, volume, notifier),
            Err(error) => json!({"error": error.to_string()}),
        };
        writeln!(&*stream, "{answer}")?;
    }
    Ok(())
}

fn answer(request: Request, volume: &Volume, notifier: &Notifier) -> Value {
    match request {
        Request::Cut { seed, loss } => json!({"toll": volume.cut(seed, loss)}),
        Request::Await { ms } => json!({"cut": volume.await_cut(Duration::from_millis(ms))}),
        Request::Heal => {
            volume.lock().heal();
            json!({})
        }
        Request::Fault { fault } => {
            volume.lock().faults.push(fault);
            json!({})
        }
        Request::Clear => {
            volume.lock().faults.clear();
            json!({})
        }
        Request::Zero => {
            let mut state = volume.lock();
            state.counts.clear();
            state.trace.clear();
            json!({})
        }
        Request::Status => status(volume),
        Request::Trace => json!({"trace": volume.lock().trace}),
        Request::Limit { bytes } => {
            volume.lock().disk.pages_max = bytes / PAGE_BYTES as u64;
            json!({})
        }
        Request::Order { strict } => {
            volume.lock().disk.order = if strict { Order::Strict } else { Order::Journal };
            json!({})
        }
        Request::Sync => {
            volume.lock().disk.sync_everything();
            json!({})
        }
        Request::Snapshot { name } => {
            volume.lock().take_snapshot(&name);
            json!({})
        }
        Request::Restore { name } if volume.lock().restore(&name) => json!({}),
        Request::Restore { name } => json!({"error": format!("no snapshot {name}")}),
        Request::Flip { path, bit, seed } => flip(volume, notifier, &path, (bit, seed)),
    }
}

fn status(volume: &Volume) -> Value {
    let state = volume.lock();
    let files = state.disk.nodes.values().filter(|node| node.kind == Kind::File);
    let (free, all) = state.disk.space();
    let mut counts = serde_json::Map::new();
    for deed in Deed::ALL {
        counts.insert(deed.name(), state.counts.get(&deed).copied().unwrap_or(0).into());
    }
    json!({
        "dark": state.is_dark(), "cuts": state.cuts, "toll": state.toll, "faults": state.faults,
        "counts": counts, "free_bytes": free, "all_bytes": all,
        "pending_writes": files.map(|node| node.pending.len()).sum::<usize>(),
        "pending_names": state.disk.pending.len(),
    })
}

/// Bit rot: what a program reads and what a cut leaves both have the bit turned.
fn flip(volume: &Volume, notifier: &Notifier, path: &str, (bit, seed): (Option<u64>, u64)) -> Value {
    let mut state = volume.lock();
    let Ok(number) = state.disk.find(path) else { return json!({"error": format!("no file {path}")}) };
    let Ok(node) = state.disk.node_mut(number) else { return json!({"error": "gone"}) };
    let bits = node.content.size() * 8;
    let bit = bit.unwrap_or_else(|| Dice::new(seed).roll() % bits.max(1));
    if !node.content.flip(bit) {
        return json!({"error": format!("{path} has {bits} bits")});
    }
    node.durable.flip(bit);
    drop(state);
    // The kernel may hold the page. Without the lock: it may have to ask for something first.
    let _ = notifier.inval_inode(INodeNo(number), 0, 0);
    json!({"bit": bit})
}
