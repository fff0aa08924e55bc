//! NOTIFY (RFC 5465): the client says what it wants to hear of, in which mailboxes, and is told at once, whether a
//! command runs or not.
//!
//! What a session was told is kept here and nowhere else: who does not use NOTIFY pays a pointer for it. Nothing
//! queues up: when something has happened all that is asked for is looked at once, and what differs is told.

mod request;
mod survey;

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::limits::NOTIFY_SHARING_INTERVAL;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::session::sync::Removals;
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::fetch::FetchItem;
use futures_util::future::select_all;
use model::{AccountId, Modseq};
use request::{Events, Request};
use std::sync::Arc;
use store::Watch;
use survey::{Known, Tell};
use tokio::time::{Instant, sleep_until};

pub(in crate::extension) use survey::Entries;

pub(super) const EXTENSION: Extension = Extension {
    name: "NOTIFY",
    rfc: "RFC 5465",
    capability: Some("NOTIFY"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "NOTIFY",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Free,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    codes: &["NOTIFICATIONOVERFLOW", "BADEVENT"],
    ..Extension::PLAIN
};

/// What a session asked to be told of, and what it knows.
#[derive(Default)]
pub(crate) struct Notify {
    request: Request,
    known: Known,
    watches: Vec<Watched>,
    /// Others' accounts that are watched, and when to look for more of them.
    others: Vec<AccountId>,
    look_again: Option<Instant>,
    /// What the last command of this session did.
    own: Option<(AccountId, Modseq)>,
    /// The open mailbox is told of in full, once.
    once: bool,
}

/// An account that is watched.
struct Watched {
    account: AccountId,
    watch: Watch,
    /// What was heard of it last; `None` before the first look.
    heard: Option<Modseq>,
    /// Its state at the last look.
    looked: Modseq,
}

/// What of the open mailbox is to be told.
#[derive(Default)]
pub(crate) struct Wanted {
    /// Changes of flags.
    pub flags: bool,
    /// Of new messages.
    pub items: Arc<[FetchItem]>,
}

/// What of the open mailbox is to be told now; `None`: nothing.
pub(crate) fn wanted(session: &mut Session) -> Option<Wanted> {
    let Some(notify) = &mut session.notify else { return Some(Wanted { flags: true, ..Wanted::default() }) };
    let once = std::mem::take(&mut notify.once);
    match &notify.request.selected {
        Some(selected) => {
            let flags = once || selected.events.contains(Events::FLAGS);
            Some(Wanted { flags, items: selected.items.clone() })
        }
        None if once => Some(Wanted { flags: true, ..Wanted::default() }),
        None => None,
    }
}

/// The command that runs removes messages, or asks for all that is known: this is told whatever events are wanted.
pub(crate) fn tell_once(session: &mut Session) {
    if let Some(notify) = &mut session.notify {
        notify.once = true;
    }
}

/// The command that runs has put messages into the open mailbox: it is told their number even where no events of that
/// mailbox are wanted (RFC 9051 6.3.12), as they could not be named otherwise.
pub(crate) fn tell_made(session: &mut Session) {
    if let Some(notify) = session.notify.as_mut().filter(|notify| notify.request.selected.is_none()) {
        notify.once = true;
    }
}

/// Notes what a command has done: its own client is not told of it (RFC 5465 5).
pub(crate) fn note_own(session: &mut Session, change: Option<(AccountId, Modseq)>) {
    if let (Some(notify), Some(change)) = (&mut session.notify, change) {
        notify.own = Some(change);
    }
}

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let request = request::parse(&mut cursor)?;
    let mut notify = Box::new(Notify { request, ..Notify::default() });
    // Watched before it is looked at, so that nothing falls between the two.
    notify.watch(session).await?;
    notify.is_due();
    if !notify.request.groups.is_empty() {
        notify.look(session, true).await?;
    }
    session.notify = Some(notify);
    // RFC 5465 3.1: as NOOP does.
    tell_once(session);
    Ok(Done::told("NOTIFY completed"))
}

impl Notify {
    /// Watches the accounts that the request is about, and the one of the open mailbox.
    async fn watch(&mut self, session: &Session) -> Result<(), Failure> {
        let mut accounts = Vec::new();
        if !self.request.groups.is_empty() {
            accounts.push(session.account()?.1);
            if self.request.looks_elsewhere() && self.look_again.is_none_or(|at| at <= Instant::now()) {
                let others = session.others().await?;
                self.others = others.into_iter().map(|(_, account)| account).collect();
                self.look_again = Some(Instant::now() + NOTIFY_SHARING_INTERVAL);
            }
            accounts.extend(&self.others);
        }
        if self.request.selected.is_some() && session.selected.is_some() {
            accounts.push(session.selected_account()?);
        }
        self.watches.retain(|watched| accounts.contains(&watched.account));
        for account in accounts {
            if !self.watches.iter().any(|watched| watched.account == account) {
                let watch = session.context.store.watch(account);
                self.watches.push(Watched { account, watch, heard: None, looked: Modseq(0) });
            }
        }
        Ok(())
    }

    /// Whether something has happened in an account, or it is new.
    fn is_due(&mut self) -> bool {
        let mut due = false;
        for watched in &mut self.watches {
            let now = Some(watched.watch.modseq());
            due |= std::mem::replace(&mut watched.heard, now) != now;
        }
        due
    }

    /// Looks at all mailboxes that the request is about.
    async fn look(&mut self, session: &mut Session, first: bool) -> Result<(), Failure> {
        let quiet = self.quiet();
        let tell = if first { Tell::First } else { Tell::Changes(quiet) };
        let states = survey::look(session, &self.request, &mut self.known, tell).await?;
        for (account, state) in states {
            if let Some(watched) = self.watches.iter_mut().find(|watched| watched.account == account) {
                watched.looked = state;
            }
        }
        Ok(())
    }

    /// The account in which nothing had happened but what this client did, when its state is the one that the client
    /// has made: the next to the one that was looked at last.
    fn quiet(&mut self) -> Option<(AccountId, Modseq)> {
        let (account, made) = self.own.take()?;
        let watched = self.watches.iter().find(|watched| watched.account == account)?;
        (watched.looked.next() == made).then_some((account, made))
    }

    /// Waits until something has happened that may be worth a look.
    async fn changed(&mut self) {
        let look_again = async |at: Option<Instant>| match at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        };
        let watches = self.watches.iter_mut().map(|watched| Box::pin(watched.watch.changed()));
        let watches: Vec<_> = watches.collect();
        if watches.is_empty() {
            return look_again(self.look_again).await;
        }
        tokio::select! {
            _ = select_all(watches) => {}
            () = look_again(self.look_again) => {}
        }
    }
}

/// What a session has heard while it waited.
pub(crate) enum Heard {
    /// The client.
    Octets,
    /// Something may have happened.
    Change,
}

/// Waits for the client or for something to happen. The session must have asked for events.
///
/// # Errors
/// Gone; Bye at the deadline and when the server shuts down.
pub(crate) async fn hear(session: &mut Session, until: Instant) -> Result<Heard, Failure> {
    let drain = session.drain.clone();
    let Some(notify) = &mut session.notify else { return Ok(Heard::Change) };
    tokio::select! {
        biased;
        filled = session.connection.fill(until) => filled.map(|()| Heard::Octets),
        () = drain.drained() => Err(Failure::Bye("Server shutting down")),
        () = notify.changed() => Ok(Heard::Change),
    }
}

/// Tells what has happened since it was told last. `may_expunge`: also removals that wait for a command.
///
/// # Errors
/// Gone; Bye when the open mailbox has gone.
pub(crate) async fn push(session: &mut Session, may_expunge: bool) -> Result<(), Failure> {
    match tell(session, may_expunge).await {
        // RFC 5465 5.8
        Err(failure @ (Failure::No(..) | Failure::Store(_))) => {
            let text = match failure {
                Failure::No(_, text) => text,
                _ => "Events cannot be told now",
            };
            overflow(session, text);
            Ok(())
        }
        other => other,
    }
}

/// Tells of nothing any more that was asked for, and says so (RFC 5465 5.8). Nothing, where nothing was asked for.
pub(crate) fn overflow(session: &mut Session, why: &str) {
    if let Some(notify) = &mut session.notify {
        **notify = Notify::default();
        session.connection.out.raw(b"* OK [NOTIFICATIONOVERFLOW] ").raw(why).crlf();
    }
}

async fn tell(session: &mut Session, may_expunge: bool) -> Result<(), Failure> {
    let Some(mut notify) = session.notify.take() else { return Ok(()) };
    let outcome = notify.watch(session).await;
    let due = notify.is_due();
    let delayed = notify.request.selected.as_ref().is_none_or(|selected| selected.delayed);
    let looks = !notify.request.groups.is_empty();
    session.notify = Some(notify);
    outcome?;
    if !due {
        return Ok(());
    }
    if session.selected.is_some() {
        let told = may_expunge || !delayed;
        session.synchronize(if told { Removals::Told } else { Removals::Delayed }).await?;
    }
    if looks && let Some(mut notify) = session.notify.take() {
        let outcome = notify.look(session, false).await;
        session.notify = Some(notify);
        outcome?;
    }
    Ok(())
}

/// Waits for the next command, telling what happens meanwhile.
///
/// # Errors
/// As [`hear`] and [`push`].
pub(crate) async fn listen(session: &mut Session) -> Result<(), Failure> {
    let until = session.deadline();
    loop {
        push(session, false).await?;
        if !session.connection.framer.buffered().is_empty() {
            return Ok(());
        }
        session.connection.flush().await?;
        session.connection.release();
        if matches!(hear(session, until).await?, Heard::Octets) {
            return Ok(());
        }
    }
}
