//! A message's way from the wire into the queue: dots unstuffed, header judged, trace fields put in front,
//! octets streamed into the store. Never held whole.

use crate::{
    command::go,
    header::{self, Fault, Header},
    limits::{DATA_WINDOW, DATA_WINDOW_BYTES_MIN, HEADER_BYTES_MAX, OVERRUN_BYTES_MAX},
    reply::Reply,
    session::{Session, Transaction},
    wire::{Dots, End},
};
use delivery::{Submission, rfc5322_date};
use model::{Address, Error, Flags, ZonedTime};
use sasl::talk::Then;
use store::{Arrival, Committed, QueueId};
use tokio::time::Instant;

/// Receives the message behind a 354, and puts it into the queue.
pub(crate) async fn message(session: &mut Session, transaction: Transaction) -> Result<(Reply, Then), End> {
    let mut receipt = Receipt::new(session, transaction);
    let mut dots = Dots::new();
    let mut pace = Pace::new();
    let mut piece = Vec::new();
    loop {
        pace.fill(session).await?;
        piece.clear();
        let fed = dots.feed(session.client.connection.buffered(), &mut piece);
        session.client.connection.consume(fed.taken);
        pace.brought(fed.taken);
        receipt.take(session, &piece).await;
        if fed.ended {
            break;
        }
        if receipt.is_overrun() {
            return Ok((Reply::of(&Error::TooLarge(receipt.size_max)), Then::Close));
        }
    }
    session.client.connection.relax();
    if dots.bare() {
        return go(Reply::new(554, "5.6.0", "a message's lines end in CRLF and hold no other CR or LF"));
    }
    match receipt.finish(session, dots.eight_bit()).await {
        Ok(queued) => {
            tracing::info!(addr = %session.client.peer.addr, id = %*queued, "accepted");
            go(Reply::queued(&queued))
        }
        Err(reply) => go(reply),
    }
}

/// Sees to it that a message comes at all: every window of time must bring some octets.
struct Pace {
    ends: Instant,
    bytes: u64,
}

impl Pace {
    fn new() -> Self {
        Self { ends: Instant::now() + DATA_WINDOW, bytes: 0 }
    }

    fn brought(&mut self, count: usize) {
        self.bytes = self.bytes.saturating_add(count as u64);
    }

    async fn fill(&mut self, session: &mut Session) -> Result<(), End> {
        loop {
            if Instant::now() >= self.ends {
                if self.bytes < DATA_WINDOW_BYTES_MIN {
                    return Err(End::Slow);
                }
                *self = Self::new();
            }
            match session.client.connection.fill(self.ends).await {
                Err(End::Slow) if self.bytes >= DATA_WINDOW_BYTES_MIN => {}
                other => return other,
            }
        }
    }
}

/// How far the message has come.
enum Stage {
    /// Its header is being collected.
    Header(Vec<u8>),
    /// Its header was good; the rest goes straight to the store.
    Body(Box<Arrival>),
    /// It will be refused; the rest is read and thrown away.
    Refused(Reply),
}

struct Receipt {
    transaction: Transaction,
    size_max: u64,
    size: u64,
    stage: Stage,
    local_prefix_bytes: u64,
    header_bytes: u64,
    header_eight_bit: bool,
}

impl Receipt {
    fn new(session: &Session, transaction: Transaction) -> Self {
        Self {
            transaction,
            size_max: session.context.config.message_bytes_max,
            size: 0,
            stage: Stage::Header(Vec::new()),
            local_prefix_bytes: 0,
            header_bytes: 0,
            header_eight_bit: false,
        }
    }

    /// The client goes on although the message was too large long ago.
    fn is_overrun(&self) -> bool {
        self.size > self.size_max.saturating_add(OVERRUN_BYTES_MAX)
    }

    async fn take(&mut self, session: &mut Session, piece: &[u8]) {
        self.size = self.size.saturating_add(piece.len() as u64);
        if self.size > self.size_max && !matches!(self.stage, Stage::Refused(_)) {
            self.stage = Stage::Refused(Reply::of(&Error::TooLarge(self.size_max)));
        }
        let outcome = match &mut self.stage {
            Stage::Refused(_) => Ok(()),
            Stage::Body(arrival) => arrival.write(piece).await.map_err(|error| Reply::of(&error)),
            Stage::Header(section) => {
                let searched = section.len().saturating_sub(3);
                section.extend_from_slice(piece);
                match end_of_header(section, searched) {
                    Some(end) => self.judge(session, end).await,
                    None if section.len() > HEADER_BYTES_MAX => Err(header_too_large()),
                    None => Ok(()),
                }
            }
        };
        if let Err(reply) = outcome {
            self.stage = Stage::Refused(reply);
        }
    }

    /// The header section is whole: its first `end` octets, the empty line not counted.
    async fn judge(&mut self, session: &mut Session, end: usize) -> Result<(), Reply> {
        let Stage::Header(collected) = &mut self.stage else { return Ok(()) };
        let collected = std::mem::take(collected);
        if end > HEADER_BYTES_MAX {
            return Err(header_too_large());
        }
        let section = collected.get(..end).unwrap_or_default();
        let header = header::read(section).map_err(fault)?;
        if !header.has_from && self.transaction.sender.is_none() {
            return Err(fault(Fault::NoFrom));
        }
        let foreign = |address: &Address| !self.transaction.identities.contains(address);
        if header.originators.iter().any(foreign) {
            return Err(Reply::new(550, "5.7.1", "From and Sender must be your own addresses"));
        }
        self.header_eight_bit = header.eight_bit;
        let (return_path, trace) = self.prefix(session, &header);
        self.local_prefix_bytes = return_path.len() as u64;
        self.header_bytes = (return_path.len() + trace.len() + end) as u64;
        let size_max = self.size_max.saturating_add((return_path.len() + trace.len()) as u64);
        let mut arrival = Arrival::new(session.context.delivery.store(), size_max);
        for octets in [return_path.as_bytes(), trace.as_bytes(), &collected] {
            arrival.write(octets).await.map_err(|error| Reply::of(&error))?;
        }
        self.stage = Stage::Body(Box::new(arrival));
        Ok(())
    }

    /// What is put in front: Return-Path for local inboxes (RFC 5321 4.4); Received, and From, Date and
    /// Message-ID where they are missing (RFC 6409 8), for everyone.
    fn prefix(&self, session: &Session, header: &Header) -> (String, String) {
        let delivery = &session.context.delivery;
        let (host, date, token) = (delivery.hostname(), rfc5322_date(delivery.now()), delivery.token());
        let sender = self.transaction.sender.as_ref().map_or("", Address::as_str);
        // RFC 3848, RFC 6531 4.3.
        let utf8 = if self.transaction.options.smtputf8 { "UTF8SMTP" } else { "ESMTP" };
        let tls = if session.client.peer.tls { "S" } else { "" };
        let mut trace = format!(
            "Received: from {host} (submission, sender logged in)\r\n\
             \tby {host} with {utf8}{tls}A id {token};\r\n\
             \t{date}\r\n"
        );
        tracing::debug!(addr = %session.client.peer.addr, token, "receiving");
        if !header.has_date {
            trace.push_str(&format!("Date: {date}\r\n"));
        }
        if !header.has_from {
            trace.push_str(&format!("From: <{sender}>\r\n"));
        }
        if !header.has_message_id {
            let author = header.originators.first().or(self.transaction.sender.as_ref());
            let domain = author.map_or(host, Address::domain);
            trace.push_str(&format!("Message-ID: <{}@{domain}>\r\n", delivery.token()));
        }
        (format!("Return-Path: <{sender}>\r\n"), trace)
    }

    async fn finish(mut self, session: &mut Session, eight_bit: bool) -> Result<Committed<QueueId>, Reply> {
        if let Stage::Header(section) = &self.stage {
            // A message may be nothing but its header (RFC 5322 3.5).
            let end = section.len();
            self.judge(session, end).await?;
        }
        let arrival = match self.stage {
            Stage::Body(arrival) => arrival,
            Stage::Refused(reply) => return Err(reply),
            Stage::Header(_) => return Err(Reply::of(&Error::Unavailable)),
        };
        let received = ZonedTime { seconds: session.context.delivery.now().seconds(), offset_minutes: 0 };
        let told = |error: Error| Reply::of(&error);
        let message = arrival.finish(Flags::default(), received).await.map_err(told)?.record;
        let Transaction { sender, options, recipients, .. } = self.transaction;
        let beyond = |address: &Address| !address.as_str().is_ascii();
        let smtputf8 = sender.as_ref().is_some_and(beyond)
            || recipients.iter().any(|recipient| beyond(&recipient.address))
            || options.smtputf8 && self.header_eight_bit;
        let submission = Submission {
            sender,
            recipients,
            message,
            local_prefix_bytes: self.local_prefix_bytes,
            header_bytes: self.header_bytes,
            eight_bit,
            smtputf8,
        };
        session.context.delivery.accept(submission).await.map_err(told)
    }
}

/// Where the header section ends: behind the CRLF of its last field. Searched from an offset on.
fn end_of_header(section: &[u8], from: usize) -> Option<usize> {
    if section.starts_with(b"\r\n") {
        return Some(0);
    }
    let fresh = section.get(from..)?;
    fresh.windows(4).position(|window| window == b"\r\n\r\n").map(|found| from + found + 2)
}

fn header_too_large() -> Reply {
    Reply::of(&Error::TooLarge(HEADER_BYTES_MAX as u64))
}

fn fault(fault: Fault) -> Reply {
    match fault {
        Fault::Malformed => Reply::new(554, "5.6.0", "a line of the header is not a field"),
        Fault::TooMany => Reply::new(554, "5.6.0", "too many header fields"),
        Fault::NoFrom => Reply::new(550, "5.7.1", "the message has no From field"),
        Fault::Twice => Reply::new(550, "5.7.1", "From, Sender, Date and Message-ID may stand once"),
        Fault::Originator => Reply::new(550, "5.7.1", "From or Sender is not a list of addresses"),
        Fault::Loop => Reply::new(554, "5.4.6", "the message goes in circles"),
    }
}
