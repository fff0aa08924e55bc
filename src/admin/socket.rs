//! The running server's admin socket: a Unix socket in the data directory, for its owner only (mode 0600).
//! One JSON request a line, followed by its octets where it has some; one JSON reply a line.

use super::{ImportMemory, Refusal, Reply, Request, perform};
use crate::limits::{ADMIN_IDLE_TIME_MAX, ADMIN_LINE_BYTES_MAX, ADMIN_SESSION_COUNT_MAX};
use crate::site::{Site, short_socket_path};
use sasl::door::Drain;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Binds the socket. Whoever calls holds the engine's lock, so a socket that is there is a dead server's.
///
/// # Errors
/// Of the system.
fn bind(data: &Path) -> io::Result<UnixListener> {
    let (path, _held) = short_socket_path(data)?;
    match std::fs::remove_file(&path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    // The umask of the process is 077 already: there is no moment in which others could connect.
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves administrators until the drain.
///
/// # Errors
/// When the socket cannot be bound.
pub(crate) fn serve(site: Arc<Site>, data: &Path, drain: Drain) -> io::Result<()> {
    let listener = bind(data)?;
    let places = Arc::new(Semaphore::new(ADMIN_SESSION_COUNT_MAX));
    tokio::spawn(async move {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = drain.drained() => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (site, drain) = (site.clone(), drain.clone());
                    tokio::spawn(async move {
                        if let Err(cause) = session(&site, stream, &drain).await {
                            tracing::debug!(%cause, "an administrator's session ended");
                        }
                        drop(place);
                    });
                }
                Err(cause) => {
                    tracing::warn!(%cause, "the admin socket accepts nobody");
                    tokio::time::sleep(crate::limits::ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Ok(())
}

async fn session(site: &Site, stream: UnixStream, drain: &Drain) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut memory = ImportMemory::default();
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut reader).take(ADMIN_LINE_BYTES_MAX as u64);
        let read = tokio::select! {
            read = tokio::time::timeout(ADMIN_IDLE_TIME_MAX, limited.read_until(b'\n', &mut line)) => read,
            () = drain.drained() => return Ok(()),
        };
        if read.map_err(|_| io::ErrorKind::TimedOut)?? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            return answer(&mut writer, Reply::Error(Refusal::unavailable("the line is too long"))).await;
        }
        let request: Request = match serde_json::from_slice(&line) {
            Ok(request) => request,
            Err(cause) => {
                let message = format!("not a request: {cause}");
                // What follows may be octets of a request that was not understood: there is no going on.
                let refusal = Refusal { kind: "invalid".to_owned(), message };
                return answer(&mut writer, Reply::Error(refusal)).await;
            }
        };
        let mut body = (&mut reader).take(request.body_bytes());
        let reply = match perform(site, &mut memory, request, &mut body).await {
            Ok(value) => Reply::Ok(value),
            Err(refusal) => Reply::Error(refusal),
        };
        tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
        answer(&mut writer, reply).await?;
    }
}

async fn answer(writer: &mut (impl AsyncWriteExt + Unpin), reply: Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(&reply)?;
    line.push(b'\n');
    writer.write_all(&line).await
}
