//! A wire between the engine and its database that can be cut at a commit, shut, and made slow.

use std::{
    str::FromStr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Where the next statement that commits loses its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    BeforeStatement,
    BeforeAnswer,
}

#[derive(Default)]
struct State {
    cut: Mutex<Option<Cut>>,
    cuts: AtomicU64,
    shut: AtomicBool,
    slow_ms: AtomicU64,
}

pub(super) struct Proxy {
    state: Arc<State>,
    port: u16,
}

/// The two statements that change what the engine keeps: the group's and the blobs'. Both are prepared, so that
/// only what binds them crosses: it carries arrays of octets, and reading's bind messages name no more than one.
fn commits(sent: &[u8]) -> bool {
    // Bind: 'B', length, portal, statement; then one format code (binary for all) and the count of parameters.
    if sent.first() != Some(&b'B') {
        return false;
    }
    let Some(portal_end) = sent.iter().skip(5).position(|octet| *octet == 0) else { return false };
    let rest = &sent[5 + portal_end + 1..];
    let Some(name_end) = rest.iter().position(|octet| *octet == 0) else { return false };
    let rest = &rest[name_end + 1..];
    let formats = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    let at = 2 + formats * 2;
    let count = u16::from_be_bytes([rest[at], rest[at + 1]]);
    // A group has its three and at least one more; the fence has one, a beat two, a scan three.
    count >= 4 || (count == 2 && sent.windows(4).any(|octets| octets == b"body"))
}

impl Proxy {
    pub(super) async fn start(url: &str) -> Self {
        let config = tokio_postgres::Config::from_str(url).unwrap();
        let to = format!("127.0.0.1:{}", config.get_ports().first().copied().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if shared.shut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&to).await else { continue };
                tokio::spawn(carry(near, far, shared.clone()));
            }
        });
        Self { state, port }
    }

    pub(super) fn url(&self, url: &str) -> String {
        let config = tokio_postgres::Config::from_str(url).unwrap();
        let (user, database) = (config.get_user().unwrap(), config.get_dbname().unwrap());
        format!("postgresql://{user}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    pub(super) fn cut(&self, cut: Cut) {
        *self.state.cut.lock().unwrap() = Some(cut);
    }

    pub(super) fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// Ends every connection and takes none; or takes them again.
    pub(super) fn shut(&self, shut: bool) {
        self.state.shut.store(shut, Ordering::SeqCst);
    }

    /// Holds back every commit.
    pub(super) fn slow(&self, slow: Duration) {
        self.state.slow_ms.store(u64::try_from(slow.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream, state: Arc<State>) {
    let (mut up, mut down) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let beat = tokio::time::sleep(Duration::from_millis(20));
        tokio::select! {
            sent = near.read(&mut up) => {
                let Ok(length @ 1..) = sent else { return };
                let commit = commits(&up[..length]);
                let cut = if commit { state.cut.lock().unwrap().take() } else { None };
                if commit {
                    tokio::time::sleep(Duration::from_millis(state.slow_ms.load(Ordering::SeqCst))).await;
                }
                if cut == Some(Cut::BeforeStatement) {
                    state.cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                if far.write_all(&up[..length]).await.is_err() {
                    return;
                }
                if cut == Some(Cut::BeforeAnswer) {
                    // Sometimes before it has happened at the database, sometimes after.
                    let before = state.cuts.fetch_add(1, Ordering::SeqCst);
                    if before % 4 == 1 {
                        let _ = far.read(&mut down).await;
                    }
                    // The near side learns first; the far one when this ends.
                    let _ = near.shutdown().await;
                    drop(near);
                    tokio::time::sleep(Duration::from_millis(before % 3)).await;
                    return;
                }
            }
            answered = far.read(&mut down) => {
                let Ok(length @ 1..) = answered else { return };
                if near.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
            () = beat => {
                if state.shut.load(Ordering::SeqCst) {
                    return;
                }
            }
        }
    }
}
