//! Between the octets of a socket and those of a door: rustls' unbuffered connection with the three lists that it
//! wants, each of which is given back as soon as it is empty. Nothing in here waits.

use crate::limits::TLS_WAITING_BYTES_MAX;
use std::sync::Arc;
use tokio::io::ReadBuf;
use tokio_rustls::rustls::server::UnbufferedServerConnection;
use tokio_rustls::rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use tokio_rustls::rustls::{Error, ServerConfig};

/// What is read at once while nothing is known of what comes: a client's command.
const COMMAND_BYTES: usize = 4 * 1024;
/// What is read at once where a record has begun that is longer: its rest and as much of the next.
const RECORD_BYTES: usize = 16 * 1024 + 512;
/// What a record is longer than its content, generously (RFC 5246 6.2.3, RFC 8446 5.2).
const RECORD_EXTRA_BYTES: usize = 64;
/// The longest content of a record.
const CONTENT_BYTES_MAX: usize = 16 * 1024;

/// What is to be done when rustls has worked off what came.
#[derive(Clone, Copy)]
pub(super) enum Wish<'a> {
    /// Nothing else.
    Nothing,
    /// These octets are to be sent.
    Encrypt(&'a [u8]),
    /// The client is to be told that nothing more comes.
    Close,
}

/// A connection and what it has not worked off.
pub(super) struct Records {
    connection: UnbufferedServerConnection,
    /// From the socket, not decrypted yet.
    incoming: Vec<u8>,
    /// For the door; the first `read` octets are taken.
    plain: Vec<u8>,
    read: usize,
    /// For the socket; the first `sent` octets are there.
    outgoing: Vec<u8>,
    sent: usize,
    ended: bool,
    closed: bool,
    failed: bool,
}

impl Records {
    /// Octets of room in all lists.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.incoming.capacity() + self.plain.capacity() + self.outgoing.capacity()
    }

    /// Before the handshake.
    ///
    /// # Errors
    /// Of rustls, for settings that contradict each other.
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Self, Error> {
        Ok(Self {
            connection: UnbufferedServerConnection::new(config)?,
            incoming: Vec::new(),
            plain: Vec::new(),
            read: 0,
            outgoing: Vec::new(),
            sent: 0,
            ended: false,
            closed: false,
            failed: false,
        })
    }

    pub(super) fn connection(&self) -> &UnbufferedServerConnection {
        &self.connection
    }

    /// Whether the client said that nothing more comes.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the client was told so, or the connection has failed and there is nobody to tell.
    pub(super) fn is_closed(&self) -> bool {
        self.closed || self.failed
    }

    /// What is to be sent.
    pub(super) fn outgoing(&self) -> &[u8] {
        self.outgoing.get(self.sent..).unwrap_or_default()
    }

    /// The socket has taken so many octets of it.
    pub(super) fn sent(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.outgoing.len() {
            self.outgoing = Vec::new();
            self.sent = 0;
        }
    }

    /// Hands decrypted octets over; whether there were any.
    pub(super) fn read(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let waiting = self.plain.get(self.read..).unwrap_or_default();
        if waiting.is_empty() {
            return false;
        }
        let count = waiting.len().min(buffer.remaining());
        buffer.put_slice(waiting.get(..count).unwrap_or_default());
        self.read += count;
        if self.read >= self.plain.len() {
            self.plain = Vec::new();
            self.read = 0;
        }
        true
    }

    /// Room for `reader` to put octets of the socket into; it says how many came.
    pub(super) fn receive<T>(&mut self, reader: impl FnOnce(&mut [u8]) -> (usize, T)) -> T {
        let held = self.incoming.len();
        self.incoming.resize(held + self.wanted(), 0);
        let (came, outcome) = reader(self.incoming.get_mut(held..).unwrap_or_default());
        self.incoming.truncate(held + came);
        if self.incoming.is_empty() {
            self.incoming = Vec::new();
        } else if came == 0 {
            // Only the header of a long record is there: the room for its rest is not kept while it does not come.
            self.incoming.shrink_to_fit();
        }
        outcome
    }

    /// How much to read now. The header of a record that has begun tells its length (RFC 8446 5.1); a wrong one is
    /// found by rustls.
    fn wanted(&self) -> usize {
        match self.incoming.get(3..5) {
            Some(&[high, low]) if usize::from(u16::from_be_bytes([high, low])) > COMMAND_BYTES => {
                RECORD_BYTES
            }
            _ => COMMAND_BYTES,
        }
    }

    /// Works off what came, then does what is wished; whether it could be done, which it cannot before the
    /// handshake is over and after [`Wish::Close`]. `Nothing` always can.
    ///
    /// # Errors
    /// The client broke the protocol, or the keys are worn out. What it is to be told of that is in `outgoing`.
    pub(super) fn work(&mut self, wish: Wish<'_>) -> Result<bool, Error> {
        // What rustls refused it has not discarded, and must not be shown again.
        if self.failed {
            return Err(Error::General("the connection has failed".to_owned()));
        }
        let mut from = 0;
        let outcome = loop {
            match self.turn(&mut from, wish) {
                Ok(None) => {}
                Ok(Some(done)) => break Ok(done),
                Err(cause) => {
                    self.encode_alerts(from);
                    break Err(cause);
                }
            }
        };
        self.incoming.drain(..from.min(self.incoming.len()));
        let outcome = match outcome {
            Ok(_) if self.incoming.len() > TLS_WAITING_BYTES_MAX => {
                Err(Error::General("a handshake message in too many pieces".to_owned()))
            }
            outcome => outcome,
        };
        self.failed = outcome.is_err();
        if self.incoming.is_empty() {
            self.incoming = Vec::new();
        }
        outcome
    }

    /// One state of rustls; `None` when there is another behind it.
    fn turn(&mut self, from: &mut usize, wish: Wish<'_>) -> Result<Option<bool>, Error> {
        let incoming = self.incoming.get_mut(*from..).unwrap_or_default();
        let UnbufferedStatus { discard, state, .. } = self.connection.process_tls_records(incoming);
        *from += discard;
        let outgoing = &mut self.outgoing;
        Ok(match state? {
            ConnectionState::ReadTraffic(mut traffic) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    *from += record.discard;
                    self.plain.extend_from_slice(record.payload);
                }
                None
            }
            ConnectionState::EncodeTlsData(mut data) => {
                extend(outgoing, RECORD_EXTRA_BYTES, |room| data.encode(room).map_err(Refusal::from))?;
                None
            }
            ConnectionState::TransmitTlsData(data) => {
                // It stands in `outgoing`, before everything that follows.
                data.done();
                None
            }
            ConnectionState::PeerClosed => {
                self.ended = true;
                None
            }
            ConnectionState::WriteTraffic(mut traffic) => match wish {
                Wish::Nothing => Some(true),
                Wish::Encrypt(_) if self.closed => Some(false),
                Wish::Encrypt(octets) => {
                    let records = octets.len() / CONTENT_BYTES_MAX + 1;
                    let room = octets.len() + records * RECORD_EXTRA_BYTES;
                    extend(outgoing, room, |room| traffic.encrypt(octets, room).map_err(Refusal::from))?;
                    Some(true)
                }
                Wish::Close => {
                    self.closed = true;
                    extend(outgoing, RECORD_EXTRA_BYTES, |room| {
                        traffic.queue_close_notify(room).map_err(Refusal::from)
                    })?;
                    Some(true)
                }
            },
            // The first two wait for the client's octets. Early data is never offered.
            ConnectionState::BlockedHandshake | ConnectionState::Closed => {
                Some(matches!(wish, Wish::Nothing))
            }
            _ => return Err(Error::General("a state that was not asked for".to_owned())),
        })
    }

    /// What rustls wants to tell the client before the end. It has failed already: what fails now says no more.
    fn encode_alerts(&mut self, from: usize) {
        // An answer to new keys may stand before the alert.
        while self.connection.wants_write() {
            let incoming = self.incoming.get_mut(from..).unwrap_or_default();
            let state = self.connection.process_tls_records(incoming).state;
            let Ok(ConnectionState::EncodeTlsData(mut data)) = state else { return };
            let encode = |room: &mut [u8]| data.encode(room).map_err(Refusal::from);
            if extend(&mut self.outgoing, RECORD_EXTRA_BYTES, encode).is_err() {
                return;
            }
        }
    }
}

/// Why rustls wrote nothing.
enum Refusal {
    Room(usize),
    Failed(&'static str),
}

impl From<EncodeError> for Refusal {
    fn from(cause: EncodeError) -> Self {
        match cause {
            EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::Room(required_size)
            }
            EncodeError::AlreadyEncoded => Self::Failed("encoded already"),
        }
    }
}

impl From<EncryptError> for Refusal {
    fn from(cause: EncryptError) -> Self {
        match cause {
            EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::Room(required_size)
            }
            EncryptError::EncryptExhausted => Self::Failed("the keys of this connection are worn out"),
        }
    }
}

/// Lets `write` put octets behind the list: into so much room, or into as much as it then asks for.
fn extend(
    list: &mut Vec<u8>,
    room: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Refusal>,
) -> Result<(), Error> {
    let held = list.len();
    let mut room = room;
    loop {
        list.resize(held + room, 0);
        match write(list.get_mut(held..).unwrap_or_default()) {
            Ok(count) => {
                list.truncate(held + count);
                return Ok(());
            }
            Err(Refusal::Room(required)) if required > room => room = required,
            Err(refusal) => {
                list.truncate(held);
                let why = if let Refusal::Failed(why) = refusal { why } else { "no room is enough" };
                return Err(Error::General(why.to_owned()));
            }
        }
    }
}
