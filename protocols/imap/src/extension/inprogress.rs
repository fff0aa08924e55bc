//! INPROGRESS (RFC 9585): a command that runs for long says so, and how far it is where it knows.
//!
//! Searching, sorting and threading count messages; what is one commit of the store only says that it goes on.

use super::{Extension, When};
use crate::limits::PROGRESS_INTERVAL;
use crate::reply::Failure;
use crate::session::Session;
use crate::session::connection::Connection;
use crate::wire::encoder::Output;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

pub(super) const EXTENSION: Extension = Extension {
    name: "INPROGRESS",
    rfc: "RFC 9585",
    capability: Some("INPROGRESS"),
    when: When::LoggedIn,
    codes: &["INPROGRESS"],
    ..Extension::PLAIN
};

/// Work that cannot say how far it is does not speak more often, whatever the installation sets.
const PATIENCE_MIN: Duration = Duration::from_secs(1);

/// When the command that runs is to speak next.
pub(crate) struct Progress {
    due: Instant,
    interval: Duration,
    /// Something was told that is yet to be sent.
    is_told: bool,
}

impl Progress {
    /// Of a command that begins now.
    pub(crate) fn new(seconds: Option<u64>) -> Self {
        let interval = seconds.map_or(PROGRESS_INTERVAL, Duration::from_secs);
        Self { due: Instant::now() + interval, interval, is_told: false }
    }

    fn is_due(&self, done: usize, goal: usize) -> bool {
        done < goal && Instant::now() >= self.due
    }

    /// `* OK [INPROGRESS ("tag" 175 1000)] Working on it`
    fn tell(&mut self, out: &mut Output, tag: &str, counts: Option<(usize, usize)>) {
        self.due = Instant::now() + self.interval;
        self.is_told = true;
        out.raw(b"* OK [INPROGRESS (");
        // RFC 9585 4: a tag that could be taken for the end of the code is not told.
        if tag.contains(']') {
            out.raw(b"NIL");
        } else {
            out.string(tag.as_bytes());
        }
        match counts {
            Some((done, goal)) => out.raw(b" ").number(done as u64).raw(b" ").number(goal as u64),
            None => out.raw(b" NIL NIL"),
        };
        out.raw(b")] Working on it").crlf();
    }
}

impl Session {
    /// Tells how many messages of how many are done, when that is due.
    ///
    /// # Errors
    /// Gone.
    pub(crate) async fn progress(&mut self, done: usize, goal: usize) -> Result<(), Failure> {
        if !self.progress.is_due(done, goal) {
            return Ok(());
        }
        self.progress.tell(&mut self.connection.out, &self.tag, Some((done, goal)));
        self.progress.is_told = false;
        self.connection.flush().await
    }

    /// Waits for work of the store that cannot say how far it is, and tells that it goes on.
    ///
    /// # Errors
    /// Gone: nobody waits for the work any more; whether it is done is not known.
    pub(crate) async fn patiently<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        patiently(&mut self.connection, &self.tag, &mut self.progress, work).await
    }

    /// As [`Session::patiently`], for a part of the work when so much of all of it is done: it says how far it is.
    ///
    /// # Errors
    /// Gone.
    pub(crate) async fn patiently_on<T>(
        &mut self,
        (done, goal): (usize, usize),
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        if done == 0 {
            return self.patiently(work).await;
        }
        let Self { connection, tag, progress, .. } = self;
        if progress.is_due(done, goal) {
            progress.tell(&mut connection.out, tag, Some((done, goal)));
        }
        wait(connection, tag, progress, work).await
    }
}

async fn patiently<T>(
    connection: &mut Connection,
    tag: &str,
    progress: &mut Progress,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    // What the command waited for before, as for a message that came slowly, is not counted.
    progress.due = Instant::now() + progress.interval.max(PATIENCE_MIN);
    wait(connection, tag, progress, work).await
}

/// Sends what waits to be sent, and whatever becomes due, while the work is done.
///
/// *Invariant:* the work never waits for the client: it may hold an account's turn, and a client that reads nothing
/// would keep everybody else from theirs.
async fn wait<T>(
    connection: &mut Connection,
    tag: &str,
    progress: &mut Progress,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    loop {
        let mut outcome = None;
        if progress.is_told {
            let mut sending = pin!(connection.flush());
            loop {
                tokio::select! {
                    biased;
                    done = &mut work, if outcome.is_none() => outcome = Some(done),
                    // What has begun to be sent is sent to its end, also when the work is done meanwhile.
                    sent = &mut sending => break sent?,
                }
            }
            progress.is_told = false;
        }
        if let Some(outcome) = outcome {
            return Ok(outcome);
        }
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = sleep_until(progress.due) => {}
        }
        progress.tell(&mut connection.out, tag, None);
        progress.due = progress.due.max(Instant::now() + PATIENCE_MIN);
    }
}

#[cfg(test)]
mod tests;
