//! One message to at most [`crate::limits::RELAY_RECIPIENT_COUNT_MAX`] recipients over a connection of its own.

use super::{Relay, Reply, connection::Connection};
use crate::config::RelayTls;
use crate::limits::{FINAL_TIME_MAX, REPLY_TIME_MAX};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use model::Address;
use std::io;
use store::BodyStream;

/// What is to be handed over.
pub(crate) struct Mail<'a> {
    pub(crate) sender: Option<&'a Address>,
    pub(crate) recipients: &'a [&'a str],
    pub(crate) size: u64,
    pub(crate) eight_bit: bool,
    pub(crate) smtputf8: bool,
}

/// What came of it, per recipient in their order.
pub(crate) type Outcome = Vec<Reply>;

/// What the relay says it can do.
#[derive(Debug, Default, PartialEq, Eq)]
struct Abilities {
    starttls: bool,
    pipelining: bool,
    eight_bit: bool,
    smtputf8: bool,
    size: bool,
    size_max: Option<u64>,
    plain: bool,
    login: bool,
}

impl Abilities {
    /// From the lines of a reply to EHLO, the first of which is a greeting.
    fn of(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace().map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("STARTTLS") => found.starttls = true,
                Some("PIPELINING") => found.pipelining = true,
                Some("8BITMIME") => found.eight_bit = true,
                Some("SMTPUTF8") => found.smtputf8 = true,
                Some("SIZE") => {
                    found.size = true;
                    // RFC 1870 3: 0 means no fixed maximum.
                    found.size_max = words.next().and_then(|w| w.parse().ok()).filter(|&max| max > 0);
                }
                Some("AUTH") => {
                    for mechanism in words {
                        found.plain |= mechanism == "PLAIN";
                        found.login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// Hands a message over. Failures of connection and session are temporary failures of every recipient.
pub(crate) async fn transact(relay: &Relay, mail: &Mail<'_>, body: BodyStream) -> Outcome {
    let all = |reply: Reply| vec![reply; mail.recipients.len()];
    let (mut connection, abilities) = match open(relay).await {
        Ok(ready) => ready,
        Err(reply) => return all(reply),
    };
    if let Some(reply) = impossible(mail, &abilities) {
        let _ = connection.write(b"QUIT\r\n").await;
        return all(reply);
    }
    match send(&mut connection, mail, &abilities, body).await {
        Ok(outcome) => {
            // Nobody waits for the answer to QUIT.
            let _ = connection.write(b"QUIT\r\n").await;
            outcome
        }
        Err(error) => all(broken(&error)),
    }
}

/// What the relay cannot carry is not tried (RFC 1870 6.1, RFC 6152 3, RFC 6531 3.5).
fn impossible(mail: &Mail<'_>, abilities: &Abilities) -> Option<Reply> {
    if abilities.size_max.is_some_and(|max| mail.size > max) {
        return Some(Reply::refused("5.3.4 the message is larger than the relay takes"));
    }
    if mail.smtputf8 && !abilities.smtputf8 {
        return Some(Reply::refused("5.6.7 the relay does not take addresses beyond US-ASCII"));
    }
    if mail.eight_bit && !abilities.eight_bit {
        return Some(Reply::refused("5.6.3 the relay does not take 8-bit content"));
    }
    None
}

fn broken(error: &io::Error) -> Reply {
    Reply::broken(match error.kind() {
        io::ErrorKind::TimedOut => "the relay did not answer in time",
        io::ErrorKind::InvalidData => "the relay's answer was not understood",
        io::ErrorKind::ConnectionRefused => "the relay refused the connection",
        _ => "the connection to the relay broke",
    })
}

/// Greeting, EHLO, TLS, AUTH.
async fn open(relay: &Relay) -> Result<(Connection, Abilities), Reply> {
    let mut connection = relay.connect().await.map_err(|error| broken(&error))?;
    let greeting = connection.reply(REPLY_TIME_MAX).await.map_err(|error| broken(&error))?;
    if !greeting.is_positive() {
        return Err(temporary(greeting));
    }
    let mut abilities = hello(&mut connection, relay).await?;
    if relay.tls == RelayTls::Starttls {
        if !abilities.starttls {
            return Err(Reply::broken("the relay does not offer STARTTLS"));
        }
        let go = connection.command("STARTTLS").await.map_err(|error| broken(&error))?;
        if go.code != 220 {
            return Err(temporary(go));
        }
        let upgraded = connection.upgrade(&relay.connector, relay.name.clone()).await;
        connection = upgraded.map_err(|_| Reply::broken("TLS with the relay failed"))?;
        // RFC 3207 4.2: everything learned before the handshake is forgotten.
        abilities = hello(&mut connection, relay).await?;
    }
    authenticate(&mut connection, relay, &abilities).await?;
    Ok((connection, abilities))
}

async fn hello(connection: &mut Connection, relay: &Relay) -> Result<Abilities, Reply> {
    let ehlo = connection.command(&format!("EHLO {}", relay.hostname)).await;
    let ehlo = ehlo.map_err(|error| broken(&error))?;
    if ehlo.is_positive() {
        return Ok(Abilities::of(&ehlo));
    }
    let helo = connection.command(&format!("HELO {}", relay.hostname)).await;
    let helo = helo.map_err(|error| broken(&error))?;
    if helo.is_positive() { Ok(Abilities::default()) } else { Err(temporary(helo)) }
}

/// Failures of the session are the operator's to mend, not the sender's: mail waits.
fn temporary(reply: Reply) -> Reply {
    Reply::broken(&format!("the relay said {}", reply.shown()))
}

async fn authenticate(
    connection: &mut Connection,
    relay: &Relay,
    abilities: &Abilities,
) -> Result<(), Reply> {
    let Some((login, secret)) = &relay.credentials else { return Ok(()) };
    if !(connection.tls || connection.local) {
        return Err(Reply::broken("no password is sent to the relay without TLS"));
    }
    let told = |result: io::Result<Reply>| result.map_err(|error| broken(&error));
    let done = if abilities.plain {
        let proof = BASE64_STANDARD.encode(format!("\0{login}\0{}", secret.expose()));
        told(connection.command(&format!("AUTH PLAIN {proof}")).await)?
    } else if abilities.login {
        let mut reply = told(connection.command("AUTH LOGIN").await)?;
        for answer in [login.as_str(), secret.expose()] {
            if reply.code != 334 {
                break;
            }
            reply = told(connection.command(&BASE64_STANDARD.encode(answer)).await)?;
        }
        reply
    } else {
        return Err(Reply::broken("the relay offers no login that this server knows"));
    };
    if done.code == 235 { Ok(()) } else { Err(Reply::broken("the relay refused the login")) }
}

async fn send(
    connection: &mut Connection,
    mail: &Mail<'_>,
    abilities: &Abilities,
    body: BodyStream,
) -> io::Result<Outcome> {
    let mut commands = vec![mail_command(mail, abilities)];
    commands.extend(mail.recipients.iter().map(|address| format!("RCPT TO:<{address}>\r\n")));
    commands.push("DATA\r\n".to_owned());
    let mut replies = if abilities.pipelining {
        pipelined(connection, &commands).await?
    } else {
        in_turn(connection, &commands).await?
    };
    // RFC 4954 6: it wants a login, which is the operator's to mend.
    if let Some(from) = replies.first_mut().filter(|from| from.code == 530) {
        *from = temporary(from.clone());
    }
    let (from, to, data) = match replies.as_slice() {
        [from, to @ .., data] if to.len() == mail.recipients.len() => (from, to, data),
        // Stopped early: the last reply is the reason for everyone that has none.
        [.., last] => {
            let early = replies.get(1..).unwrap_or_default().iter();
            return Ok(early.chain(std::iter::repeat(last)).take(mail.recipients.len()).cloned().collect());
        }
        [] => return Err(io::ErrorKind::UnexpectedEof.into()),
    };
    let taken = from.is_positive() && to.iter().any(Reply::is_positive);
    let verdict = match (data.code, taken) {
        (354, true) => {
            write_body(connection, body).await?;
            connection.reply(FINAL_TIME_MAX).await?
        }
        // RFC 2920 3.1: DATA was taken although nobody wants the message.
        (354, false) => {
            connection.write(b".\r\n").await?;
            connection.reply(FINAL_TIME_MAX).await?
        }
        // No message has gone over: whatever this is, it is no word that one was taken.
        (200..400, _) => Reply::broken("the relay did not ask for the message"),
        _ => data.clone(),
    };
    let judged = to.iter().map(|reply| match reply {
        _ if !from.is_positive() => from.clone(),
        reply if !reply.is_positive() => reply.clone(),
        _ => verdict.clone(),
    });
    Ok(judged.collect())
}

fn mail_command(mail: &Mail<'_>, abilities: &Abilities) -> String {
    let mut line = format!("MAIL FROM:<{}>", mail.sender.map_or("", Address::as_str));
    if abilities.size {
        line.push_str(&format!(" SIZE={}", mail.size));
    }
    if mail.eight_bit && abilities.eight_bit {
        line.push_str(" BODY=8BITMIME");
    }
    if mail.smtputf8 {
        line.push_str(" SMTPUTF8");
    }
    line.push_str("\r\n");
    line
}

async fn pipelined(connection: &mut Connection, commands: &[String]) -> io::Result<Vec<Reply>> {
    connection.write(commands.concat().as_bytes()).await?;
    let mut replies = Vec::with_capacity(commands.len());
    for _ in commands {
        replies.push(connection.reply(REPLY_TIME_MAX).await?);
    }
    Ok(replies)
}

/// One command at a time; ends early when MAIL is refused or nobody is left for DATA.
async fn in_turn(connection: &mut Connection, commands: &[String]) -> io::Result<Vec<Reply>> {
    let mut replies: Vec<Reply> = Vec::with_capacity(commands.len());
    for (index, command) in commands.iter().enumerate() {
        let hopeless = match index {
            0 => false,
            1 => replies.first().is_some_and(|from| !from.is_positive()),
            _ => index + 1 == commands.len() && !replies.iter().skip(1).any(Reply::is_positive),
        };
        if hopeless {
            break;
        }
        replies.push(connection.command(command.trim_end()).await?);
    }
    Ok(replies)
}

/// The body with its dots stuffed (RFC 5321 4.5.2) and the final dot. Bodies in the queue end in CRLF and hold
/// no bare CR or LF: the door saw to that.
async fn write_body(connection: &mut Connection, mut body: BodyStream) -> io::Result<()> {
    let mut tail = *b"\r\n";
    while let Some(piece) = body.next().await.map_err(|_| io::ErrorKind::Other)? {
        let mut out = Vec::with_capacity(piece.len() + 64);
        for &octet in &piece {
            if octet == b'.' && tail == *b"\r\n" {
                out.push(b'.');
            }
            out.push(octet);
            tail = [tail[1], octet];
        }
        connection.write(&out).await?;
    }
    connection.write(if tail == *b"\r\n" { b".\r\n" } else { b"\r\n.\r\n" }).await
}

#[cfg(test)]
mod tests;
