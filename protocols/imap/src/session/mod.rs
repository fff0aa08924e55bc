//! One client's session: commands in, replies out, strictly in order (RFC 9051 3, 5.5).
//!
//! Commands that arrive together are worked off together; output is gathered and sent before the session
//! waits. A command's future is boxed while it runs, so that a session that waits is small.

pub(crate) mod connection;
mod deflate;
pub(crate) mod enabled;
mod input;
pub(crate) mod place;
pub(crate) mod recent;
pub(crate) mod resync;
pub(crate) mod selected;
pub(crate) mod sync;
pub(crate) mod table;
mod telling;

use crate::Context;
use crate::command::{self, Sequences, States, Verb};
use crate::extension::i18nlevel::Comparator;
use crate::extension::inprogress::Progress;
use crate::extension::notify::{self, Notify};
use crate::extension::uidonly;
use crate::language;
use crate::limits::{BAD_COMMANDS_BEFORE_LOGIN_MAX, BAD_COMMANDS_MAX, IDLE_TIME_MAX, LOGIN_GRACE};
use crate::reply::{Done, Failure, Outcome, words};
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::frame::LiteralHeader;
use connection::Connection;
use enabled::Enabled;
use input::Input;
pub(crate) use input::Pace;
use model::{AccountId, Principal};
use sasl::door::{Drain, Peer};
use sasl::sessions::Present;
use selected::Selected;
use std::sync::Arc;
use store::{Reader, Writer};
use sync::Removals;
use tokio::time::{Instant, timeout_at};

/// A client's session.
pub(crate) struct Session {
    /// What all sessions share.
    pub context: Arc<Context>,
    /// Who is at the other end.
    pub peer: Peer,
    /// The octets' way.
    pub connection: Connection,
    /// Who logged in.
    pub principal: Option<Principal>,
    /// Its place in the list of who is logged in.
    pub present: Option<Present>,
    /// What the client has said of itself.
    pub client: Option<Box<str>>,
    /// Capabilities that this login is not told of, in capitals.
    pub hidden: Box<[String]>,
    /// The mailbox that is open.
    pub selected: Option<Box<Selected>>,
    /// Whether the client enabled IMAP4rev2.
    pub rev2: bool,
    /// What else it enabled.
    pub enabled: Enabled,
    /// How texts are compared.
    pub comparator: Comparator,
    /// When the command that runs is to tell how far it is.
    pub progress: Progress,
    /// Whether the command that runs names messages by number where its verb does not say so.
    pub numbers_used: bool,
    /// Events that it asked to be told of (RFC 5465).
    pub notify: Option<Box<Notify>>,
    /// A message that the client wants to append and that was not read yet.
    pub message: Option<LiteralHeader>,
    /// Whether TLS is to be put on behind the next reply.
    pub upgrade_after_reply: bool,
    /// Whether DEFLATE is to be put on behind the next reply.
    pub deflate_after_reply: bool,
    /// Whether it is to be taken off there.
    pub end_deflate_after_reply: bool,
    /// Tag of the command that runs.
    pub tag: String,
    /// Whether a trace shows it.
    is_tag_shown: bool,
    /// Set by LOGOUT and by what must end the session after its reply.
    pub leaving: bool,
    /// Failed logins so far.
    pub failed_logins: u32,
    /// The wish that this session ends.
    pub drain: Drain,
    bad_commands: u32,
    begun: Instant,
}

impl Session {
    pub(crate) fn new(context: Arc<Context>, connection: Connection, peer: Peer, drain: Drain) -> Self {
        let progress = Progress::new(context.config.progress_seconds);
        Self {
            context,
            peer,
            connection,
            principal: None,
            present: None,
            client: None,
            hidden: Box::default(),
            selected: None,
            rev2: false,
            enabled: Enabled::empty(),
            comparator: Comparator::default(),
            progress,
            numbers_used: false,
            notify: None,
            message: None,
            upgrade_after_reply: false,
            deflate_after_reply: false,
            end_deflate_after_reply: false,
            tag: String::new(),
            is_tag_shown: true,
            leaving: false,
            failed_logins: 0,
            drain,
            bad_commands: 0,
            begun: Instant::now(),
        }
    }

    /// Greets, then serves until the client leaves, fails or the process ends.
    pub(crate) async fn run(&mut self) {
        self.greet();
        let failure = loop {
            match self.step().await {
                Ok(()) if self.leaving => break Failure::Gone,
                Ok(()) => {}
                Err(failure) => break failure,
            }
        };
        let out = &mut self.connection.out;
        match failure {
            Failure::Bye(text) => out.raw(b"* BYE ").say(text).crlf(),
            Failure::ByeCode(code, text) => out.raw(b"* BYE [").raw(code).raw(b"] ").say(text).crlf(),
            _ => {}
        }
        // Whatever was answered before the end is still sent.
        if self.connection.flush().await.is_ok() {
            self.connection.close().await;
        }
    }

    fn greet(&mut self) {
        let capabilities = crate::extension::capabilities(self);
        let out = &mut self.connection.out;
        out.raw(b"* OK [CAPABILITY ").raw(capabilities).raw(b"] Collegium ready").crlf();
    }

    /// Until when the client may be silent now.
    pub(crate) fn deadline(&self) -> Instant {
        match self.principal {
            Some(_) => Instant::now() + IDLE_TIME_MAX,
            None => self.begun + self.peer.stranger_time(),
        }
    }

    /// Reads one command and answers it.
    async fn step(&mut self) -> Result<(), Failure> {
        let command = match self.next_command().await? {
            Input::Command(command) => command,
            Input::Refused(command, failure) => {
                let tag = Cursor::new(&command, false).tag().ok().filter(|tag| is_plain(tag)).unwrap_or("*");
                self.is_tag_shown = false;
                return self.conclude(tag, Err(failure));
            }
        };
        let mut cursor = Cursor::new(&command, self.connection.out.utf8);
        if cursor.at_end() {
            // An empty line between commands means nothing (clients that end literals with CRLF send it).
            return Ok(());
        }
        let tag = match cursor.tag() {
            Ok(tag) if self.principal.is_some() || is_plain(tag) => tag,
            _ => return self.conclude("*", Err(Failure::Bad("Expected a tag"))),
        };
        if self.principal.is_none() && HTTP_METHODS.contains(&tag) {
            return Err(Failure::Bye("This is IMAP"));
        }
        tag.clone_into(&mut self.tag);
        self.progress = Progress::new(self.context.config.progress_seconds);
        self.trace(&command, cursor);
        let (outcome, end) = match Box::pin(self.dispatch(cursor)).await {
            Ok((done, removals)) => Box::pin(self.catch_up(done, removals)).await,
            Err(failure) => (Err(failure), None),
        };
        self.conclude(tag, outcome)?;
        if let Some(end) = end {
            return Err(end);
        }
        if std::mem::take(&mut self.upgrade_after_reply) {
            return Box::pin(command::starttls::upgrade(self)).await;
        }
        if std::mem::take(&mut self.deflate_after_reply) {
            self.connection.flush().await?;
            self.connection.deflate();
        }
        if std::mem::take(&mut self.end_deflate_after_reply) {
            self.connection.end_deflate().await?;
        }
        Ok(())
    }

    /// Takes the command down, where the account is traced. What could carry a password is named and not told. Of what is
    /// no command at all nothing is shown: its first word, a tag where there is one, is a password's line where a client
    /// goes on with a login that was refused.
    fn trace(&mut self, command: &[u8], mut cursor: Cursor<'_>) {
        if self.connection.tracer.as_ref().is_none_or(|tracer| tracer.is_over()) {
            let tracer = self.present.as_ref().and_then(Present::tracer);
            self.connection.tracer = tracer.map(Box::new);
        }
        let Some(tracer) = &mut self.connection.tracer else { return };
        let by_uid = cursor.space().is_ok() && cursor.word("UID") && cursor.space().is_ok();
        let name = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
        let known = command::find(name, by_uid).map(|verb| verb.name);
        self.is_tag_shown = known.is_some();
        match known {
            Some(name @ ("LOGIN" | "AUTHENTICATE")) => {
                tracer.heard(format!("{} {name} ...\r\n", self.tag).as_bytes());
            }
            Some(_) => tracer.heard(command),
            None => tracer.heard(b"? ...\r\n"),
        }
    }

    /// Runs a command; what is told of removals behind it.
    async fn dispatch(&mut self, cursor: Cursor<'_>) -> Result<(Done, Removals), Failure> {
        let outcome = self.run_verb(cursor).await;
        if let Some(header) = self.message.take() {
            // The command was refused before it took its message.
            Box::pin(self.discard(header)).await?;
        }
        let (done, verb) = outcome?;
        notify::note_own(self, done.change);
        // RFC 9051 7.5.1: no EXPUNGE while sequence numbers are in use; RFC 7162 3.2.10.2: nor in a UID SEARCH that has
        // some among its keys.
        let is_free = verb.sequences == Sequences::Free && !self.numbers_used;
        Ok((done, if is_free { Removals::Told } else { Removals::Awaited }))
    }

    /// Finds the verb, checks that it may be used now, and runs it.
    async fn run_verb(&mut self, mut cursor: Cursor<'_>) -> Result<(Done, &'static Verb), Failure> {
        cursor.space()?;
        let uid = cursor.word("UID");
        if uid {
            cursor.space()?;
        }
        let name = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
        let verb = command::find(name, uid).ok_or(Failure::Bad("Unknown command"))?;
        self.may_run(verb)?;
        uidonly::may_run(self, verb)?;
        // Rights on somebody else's mailbox may have gone since it was opened.
        Box::pin(self.recheck()).await?;
        self.numbers_used = false;
        let done = (verb.run)(self, cursor).await?;
        Ok((done, verb))
    }

    /// Tells what has happened meanwhile, before the command is answered. A change that is on stable storage is
    /// answered as one, whatever comes of that: what could not be told is told with the next command, and a session
    /// that must end does so behind the answer.
    async fn catch_up(&mut self, done: Done, removals: Removals) -> (Outcome, Option<Failure>) {
        match self.synchronize(removals).await {
            Ok(()) => (Ok(done), None),
            Err(failure) if done.change.is_none() => (Err(failure), None),
            Err(Failure::Store(_) | Failure::No(..)) => (Ok(done), None),
            Err(end) => (Ok(done), Some(end)),
        }
    }

    fn may_run(&self, verb: &Verb) -> Result<(), Failure> {
        let state = match (&self.principal, &self.selected) {
            (None, _) => States::NOT_AUTHENTICATED,
            (Some(_), None) => States::AUTHENTICATED,
            (Some(_), Some(_)) => States::SELECTED,
        };
        if verb.states.contains(state) {
            return Ok(());
        }
        Err(Failure::Misplaced(match state {
            States::NOT_AUTHENTICATED => "Log in first",
            States::AUTHENTICATED if verb.states == States::SELECTED => "No mailbox is selected",
            _ => "Not in this state",
        }))
    }

    /// Writes the tagged line.
    fn conclude(&mut self, tag: &str, outcome: Outcome) -> Result<(), Failure> {
        let failure = match outcome {
            Ok(Done { code, text, refused, .. }) => {
                // Those that are counted come in a row: no client speaks IMAP by chance.
                self.bad_commands = 0;
                let condition = if refused { "NO" } else { "OK" };
                self.write_tagged(tag, condition, code.as_deref(), text);
                return Ok(());
            }
            Err(failure) => failure,
        };
        let Some((condition, code, text)) = words(failure) else { return Err(failure) };
        self.write_tagged(tag, condition, code, text);
        if matches!(failure, Failure::Bad(_) | Failure::BadCode(..)) {
            self.bad_commands += 1;
            let most =
                if self.principal.is_some() { BAD_COMMANDS_MAX } else { BAD_COMMANDS_BEFORE_LOGIN_MAX };
            if self.bad_commands >= most {
                return Err(Failure::Bye("Too many bad commands"));
            }
        }
        Ok(())
    }

    fn write_tagged(&mut self, tag: &str, condition: &str, code: Option<&str>, text: &str) {
        match std::mem::replace(&mut self.is_tag_shown, true) {
            true => {
                self.connection.out.raw(tag);
            }
            false => self.connection.say_unshown(tag),
        }
        let out = &mut self.connection.out;
        out.raw(b" ").raw(condition).raw(b" ");
        if let Some(code) = code {
            out.raw(b"[").raw(code).raw(b"] ");
        }
        out.say(text).crlf();
    }

    /// As before login (RFC 8437 3, 4.1): nothing of the principal stays, nor what was enabled or chosen. What the client
    /// says of itself is the same client's.
    pub(crate) fn forget_login(&mut self) {
        self.principal = None;
        self.present = None;
        self.connection.tracer = None;
        self.hidden = Box::default();
        self.selected = None;
        self.rev2 = false;
        self.enabled = Enabled::empty();
        self.comparator = Comparator::default();
        self.notify = None;
        self.connection.out.utf8 = false;
        self.connection.out.language = &language::FIRST;
        self.begun = Instant::now();
    }

    /// The principal's own account.
    ///
    /// # Errors
    /// Bad before login; the registry of commands keeps that from happening.
    pub(crate) fn account(&self) -> Result<(&Principal, AccountId), Failure> {
        let principal = self.principal.as_ref().ok_or(Failure::Bad("Log in first"))?;
        Ok((principal, principal.account))
    }

    /// Whether an account is the principal's own.
    pub(crate) fn is_own(&self, account: AccountId) -> bool {
        self.principal.as_ref().is_some_and(|principal| principal.account == account)
    }

    /// A snapshot of the account.
    pub(crate) async fn reader(&self) -> Result<Reader, Failure> {
        let (principal, account) = self.account()?;
        Ok(self.context.store.read(principal, account).await?)
    }

    /// The account's turn.
    pub(crate) async fn writer(&self) -> Result<Writer, Failure> {
        let (principal, account) = self.account()?;
        Ok(self.context.store.write(principal, account).await?)
    }

    /// The open mailbox.
    pub(crate) fn selected(&mut self) -> Result<&mut Selected, Failure> {
        self.selected.as_deref_mut().ok_or(Failure::Bad("No mailbox is selected"))
    }

    /// Runs something that must not keep an unauthenticated client beyond its time.
    pub(crate) async fn before_login_ends<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let until = self.begun + self.peer.stranger_time() + LOGIN_GRACE;
        timeout_at(until, work).await.map_err(|_| Failure::Bye("Timeout"))
    }
}

/// What begins a request of a browser that was sent here (ALPACA): it is not talked to.
const HTTP_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT"];

/// Before login only tags that cannot mean anything elsewhere are said back.
fn is_plain(tag: &str) -> bool {
    tag.len() <= 64 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests;
