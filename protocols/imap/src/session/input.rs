//! Gathering one command: lines, literals, and the decision on each literal before `+` is said.

use super::Session;
use crate::command::takes_message;
use crate::extension::{literal_minus, notify};
use crate::limits::{
    COMMAND_BYTES_BEFORE_LOGIN_MAX, COMMAND_BYTES_MAX, COMMAND_TIME_MAX, LITERAL_BYTES_MAX,
    LITERAL_COUNT_MAX, PACE_BYTES, STREAM_BYTES, SWALLOW_BYTES_MAX,
};
use crate::reply::Failure;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::frame::{Line, LiteralHeader};
use tokio::time::Instant;

/// What the client sent.
pub(super) enum Input {
    /// A command; its message, if it has one, is still to be read.
    Command(Vec<u8>),
    /// A command that was refused while it was gathered, and why.
    Refused(Vec<u8>, Failure),
}

/// How fast a literal must come: a client that sends an octet a second is not waited for.
pub(crate) struct Pace {
    until: Instant,
    left: u64,
}

impl Pace {
    /// From now on.
    pub(crate) fn new() -> Self {
        Self { until: Instant::now() + COMMAND_TIME_MAX, left: PACE_BYTES }
    }

    /// When the next octets must be there.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// Some have come.
    pub(crate) fn took(&mut self, count: u64) {
        match self.left.checked_sub(count) {
            Some(left) if left > 0 => self.left = left,
            _ => *self = Self::new(),
        }
    }
}

impl Session {
    /// The next command.
    ///
    /// # Errors
    /// Gone and Bye: the session is over.
    pub(super) async fn next_command(&mut self) -> Result<Input, Failure> {
        let mut command = Vec::new();
        let mut literals = 0;
        let mut until = None;
        // Also where the client has sent more already: what was not begun is not answered.
        if self.drain.is_draining() {
            return Err(Failure::Bye("Server shutting down"));
        }
        if self.notify.is_some() {
            Box::pin(notify::listen(self)).await?;
        }
        loop {
            let line = self.next_line(&mut command, &mut until).await?;
            let header = match line {
                Line::Whole if command.len() > self.command_bytes_max() => {
                    return Ok(Input::Refused(command, too_long()));
                }
                Line::Whole => return Ok(Input::Command(command)),
                Line::Literal(header) => header,
            };
            literals += 1;
            if let Err(failure) = literal_minus::may_come(self, header) {
                self.discard(header).await?;
                return Ok(Input::Refused(command, failure));
            }
            if self.principal.is_some() && takes_message(&Cursor::new(&command, self.connection.out.utf8)) {
                self.message = Some(header);
                return Ok(Input::Command(command));
            }
            let room = self.command_bytes_max().saturating_sub(command.len());
            if header.size > LITERAL_BYTES_MAX.min(room as u64) || literals > LITERAL_COUNT_MAX {
                self.discard(header).await?;
                return Ok(Input::Refused(command, Failure::No(Some("TOOBIG"), "Literal too large")));
            }
            self.accept_literal(header).await?;
            self.read_literal(header.size, &mut command).await?;
        }
    }

    fn command_bytes_max(&self) -> usize {
        if self.principal.is_some() { COMMAND_BYTES_MAX } else { COMMAND_BYTES_BEFORE_LOGIN_MAX }
    }

    /// Moves one line to `command`. The first octet of a command may take long, the rest of it not.
    async fn next_line(
        &mut self,
        command: &mut Vec<u8>,
        until: &mut Option<Instant>,
    ) -> Result<Line, Failure> {
        loop {
            if let Some(line) = self.connection.framer.line(command)? {
                return Ok(line);
            }
            self.connection.flush().await?;
            let begun = !command.is_empty() || !self.connection.framer.buffered().is_empty();
            let long = self.deadline();
            let deadline = if begun {
                (*until.get_or_insert_with(|| Instant::now() + COMMAND_TIME_MAX)).min(long)
            } else {
                self.connection.release();
                long
            };
            let drain = self.drain.clone();
            tokio::select! {
                biased;
                filled = self.connection.fill(deadline) => filled?,
                () = drain.drained() => return Err(Failure::Bye("Server shutting down")),
            }
        }
    }

    /// Says `+` where the client waits for it.
    pub(crate) async fn accept_literal(&mut self, header: LiteralHeader) -> Result<(), Failure> {
        if header.synchronizing {
            self.connection.out.raw(b"+ Go on").crlf();
            self.connection.flush().await?;
        }
        Ok(())
    }

    /// Takes a short literal off the connection.
    pub(crate) async fn read_literal(&mut self, size: u64, command: &mut Vec<u8>) -> Result<(), Failure> {
        let mut missing = size;
        let mut pace = Pace::new();
        while missing > 0 {
            let taken = self.next_octets(missing, &mut pace).await?;
            missing -= taken.len() as u64;
            command.extend_from_slice(&taken);
        }
        Ok(())
    }

    /// At least one and at most `most` octets of a literal.
    pub(crate) async fn next_octets(&mut self, most: u64, pace: &mut Pace) -> Result<Vec<u8>, Failure> {
        if self.connection.framer.buffered().is_empty() {
            self.connection.flush().await?;
            self.connection.fill(pace.until().min(self.deadline())).await?;
        }
        let octets = self.connection.framer.take(most.min(STREAM_BYTES as u64));
        pace.took(octets.len() as u64);
        Ok(octets)
    }

    /// Deals with a literal that is not wanted, and with the rest of its command. A client that waits for `+`
    /// sends nothing of either (RFC 9051 4.3); one that does not wait is heard out, within bounds.
    pub(crate) async fn discard(&mut self, header: LiteralHeader) -> Result<(), Failure> {
        let mut next = Some(header);
        let mut swallowed = 0u64;
        while let Some(header) = next.take() {
            if header.synchronizing {
                return Ok(());
            }
            swallowed = swallowed.saturating_add(header.size);
            let most = if self.principal.is_some() { SWALLOW_BYTES_MAX } else { LITERAL_BYTES_MAX };
            if swallowed > most {
                // RFC 7888 5
                return Err(Failure::ByeCode("TOOBIG", "Literal too large"));
            }
            let mut missing = header.size;
            let mut pace = Pace::new();
            while missing > 0 {
                missing -= self.next_octets(missing, &mut pace).await?.len() as u64;
            }
            let mut rest = Vec::new();
            if let Line::Literal(header) = self.next_line(&mut rest, &mut None).await? {
                next = Some(header);
            }
        }
        Ok(())
    }

    /// The rest of a command behind its message.
    pub(crate) async fn rest_of_line(&mut self) -> Result<(Vec<u8>, Line), Failure> {
        let mut rest = Vec::new();
        let line = self.next_line(&mut rest, &mut Some(Instant::now() + COMMAND_TIME_MAX)).await?;
        Ok((rest, line))
    }

    /// One line that is no command: a SASL response, or DONE.
    pub(crate) async fn bare_line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut line = Vec::new();
        self.next_line(&mut line, &mut None).await?;
        line.truncate(line.len().saturating_sub(2));
        Ok(line)
    }
}

fn too_long() -> Failure {
    Failure::No(Some("TOOBIG"), "Command too long")
}
