//! [`Delivery`] and its runner: looks at entries when they are accepted and when they are due, and settles
//! what came of it in one batch.

use crate::{
    bounce::{self, Failure},
    config::Config,
    limits::{
        DRAIN_TIME_MAX, FAN_OUT_COUNT_MAX, FULL_SCAN_INTERVAL, HANDOFF_COUNT_MAX, LEASE, LOCAL_COUNT_MAX,
        RELAY_CONNECTION_COUNT_MAX, RELAY_RECIPIENT_COUNT_MAX, RELAY_WAITING_COUNT_MAX, RETRY_WAIT_MIN,
        SCAN_COUNT_MAX, SCAN_INTERVAL, SHARED_SCAN_INTERVAL, UNSETTLED_WAIT,
    },
    relay::{Mail, Relay, Reply, transact},
};
use directory::Directory;
use futures_util::future::{BoxFuture, join_all};
use model::{Result, Timestamp};
use std::{
    collections::{BTreeMap, HashSet},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use store::{Committed, Queue, QueueId, QueueRecipient, Queued, Settlement, Store, Target};
use tokio::{
    sync::{Notify, Semaphore, mpsc},
    task::JoinSet,
};

/// When a recipient is tried again, and when it is given up.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The wait behind the first try, the second, ...; the last one repeats.
    pub waits: Vec<Duration>,
    /// How long an entry lives (RFC 5321 4.5.4.1: at least 4 to 5 days).
    pub expiry: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            waits: [2, 5, 15, 30, 60, 120, 240].map(minutes).to_vec(),
            expiry: Duration::from_secs(5 * 24 * 3600),
        }
    }
}

impl Schedule {
    pub(crate) fn expiry_of(&self, accepted: Timestamp) -> Timestamp {
        after(accepted, self.expiry)
    }

    fn longest(&self) -> Duration {
        self.waits.iter().max().copied().unwrap_or_default()
    }

    /// Whether every wait has been had: a clock that steps forth makes nothing be given up untried.
    fn is_exhausted(&self, attempts: u32) -> bool {
        usize::try_from(attempts).unwrap_or(usize::MAX) >= self.waits.len()
    }

    fn next(&self, now: Timestamp, attempts: u32) -> Timestamp {
        let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(index).or(self.waits.last()).copied();
        after(now, wait.unwrap_or(Duration::from_secs(3600)))
    }
}

fn after(time: Timestamp, wait: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
}

/// What one try at one recipient came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Served, and its record gone with the same batch (local ones).
    Done,
    /// Served by the relay; its record is still to be removed.
    Handed,
    /// To be tried again, and what was said.
    Waits(String),
    /// Given up: enhanced status, and what was said.
    Fails(String, String),
}

impl Verdict {
    pub(crate) fn waits(text: &str) -> Self {
        Self::Waits(text.to_owned())
    }

    pub(crate) fn fails(status: &str, text: &str) -> Self {
        Self::Fails(status.to_owned(), format!("{status} {text}"))
    }

    fn of(reply: &Reply) -> Self {
        match reply.code {
            200..300 => Self::Handed,
            500..600 => Self::Fails(reply.status(), reply.shown()),
            _ => Self::Waits(reply.shown()),
        }
    }
}

/// What is said of a mailbox that cannot be written to now, for whatever reason.
pub(crate) const UNREACHED: &str = "4.3.0 the mailbox cannot be reached";

/// The queue's keeper; one per process, shared by every door that takes mail.
pub struct Delivery {
    store: Store,
    directory: Arc<dyn Directory>,
    relay: Option<Relay>,
    hostname: String,
    schedule: Schedule,
    handoff: mpsc::Sender<QueueId>,
    handed: tokio::sync::Mutex<mpsc::Receiver<QueueId>>,
    busy: Arc<Mutex<HashSet<QueueId>>>,
    local: Semaphore,
    connections: Semaphore,
    waiting: Semaphore,
    /// Something is due sooner than the index was to be looked at.
    sooner: Notify,
}

impl Delivery {
    /// A keeper for the store's queue. `hostname` is what this server calls itself.
    ///
    /// # Errors
    /// `Invalid` when the configuration does not hold together or points to files that cannot be read.
    pub fn new(store: Store, directory: Arc<dyn Directory>, config: &Config, hostname: &str) -> Result<Self> {
        let relay = config.relay.as_ref().map(|relay| Relay::new(relay, hostname)).transpose()?;
        let (handoff, handed) = mpsc::channel(HANDOFF_COUNT_MAX);
        Ok(Self {
            store,
            directory,
            relay,
            hostname: hostname.to_owned(),
            schedule: Schedule::default(),
            handoff,
            handed: tokio::sync::Mutex::new(handed),
            busy: Arc::default(),
            local: Semaphore::new(LOCAL_COUNT_MAX),
            connections: Semaphore::new(RELAY_CONNECTION_COUNT_MAX),
            waiting: Semaphore::new(RELAY_WAITING_COUNT_MAX),
            sooner: Notify::new(),
        })
    }

    /// The same with other times, for tests.
    #[must_use]
    pub fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// What this server calls itself.
    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// The store's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.store.env().now()
    }

    /// Random text for ids and boundaries.
    #[must_use]
    pub fn token(&self) -> String {
        let mut dice = [0; 16];
        self.store.env().random(&mut dice);
        format!("{:032x}", u128::from_be_bytes(dice))
    }

    /// The store that it delivers to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn directory(&self) -> &dyn Directory {
        self.directory.as_ref()
    }

    pub(crate) fn relay(&self) -> Option<&Relay> {
        self.relay.as_ref()
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(crate) fn queue(&self) -> Queue {
        self.store.queue()
    }

    /// Tells the runner of an entry. When it has too much to hear already, the index will tell it.
    pub(crate) fn hand_off(&self, id: QueueId) {
        let _ = self.handoff.try_send(id);
    }

    /// At most `limit` entries behind `after`, for whoever administers.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub async fn list(&self, after: Option<QueueId>, limit: usize) -> Result<Vec<Queued>> {
        self.queue().list(after, limit).await
    }

    /// Tries an entry now.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while it is being tried; `Unavailable`.
    pub async fn retry(&self, id: QueueId) -> Result<Committed<()>> {
        let claim = self.claim(id).ok_or(model::Error::Conflict)?;
        let retried = self.queue().retry(id).await?;
        drop(claim);
        self.hand_off(id);
        Ok(retried)
    }

    /// Throws an entry away; its sender is not told.
    ///
    /// # Errors
    /// As [`Delivery::retry`].
    pub async fn remove(&self, id: QueueId) -> Result<Committed<()>> {
        let _claim = self.claim(id).ok_or(model::Error::Conflict)?;
        self.queue().remove(id).await
    }

    /// Works on the queue until `drained` resolves, then finishes the local deliveries it has begun. What is
    /// at the relay then is tried again after the next start.
    pub async fn run(self: &Arc<Self>, drained: impl Future<Output = ()>) {
        let mut handed = self.handed.lock().await;
        let mut tasks = JoinSet::new();
        tokio::pin!(drained);
        // What an earlier process left: its leases have not run out, and nobody holds them any more.
        let mut horizon = LEASE;
        let mut next_scan = tokio::time::Instant::now();
        loop {
            tokio::select! {
                biased;
                () = &mut drained => break,
                Some(id) = handed.recv() => {
                    self.spawn(&mut tasks, id, None);
                }
                () = tokio::time::sleep_until(next_scan) => {
                    let wait = self.scan(&mut tasks, horizon).await;
                    // What another process has in its hands is ours to look at when that one has ended.
                    let shared = self.store.has_company();
                    horizon = if shared { LEASE } else { Duration::ZERO };
                    let wait = if shared { wait.min(SHARED_SCAN_INTERVAL) } else { wait };
                    next_scan = tokio::time::Instant::now() + wait;
                }
                () = self.sooner.notified() => {
                    next_scan = next_scan.min(tokio::time::Instant::now() + RETRY_WAIT_MIN);
                }
                Some(_) = tasks.join_next() => {}
            }
        }
        // New permits are refused from here on; entries that wait for one stay in the queue.
        self.connections.close();
        finish(&mut tasks).await;
    }

    /// Begins to look at what is due; how long until the next look.
    async fn scan(self: &Arc<Self>, tasks: &mut JoinSet<()>, horizon: Duration) -> Duration {
        match self.store.take_duty("queue").await {
            Ok(true) => {}
            // Another process looks through the index; this one takes over when that has ended.
            Ok(false) => return SHARED_SCAN_INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read");
                return SCAN_INTERVAL;
            }
        }
        // What other processes have accepted is still in their hands.
        let horizon = if self.store.has_company() { Duration::ZERO } else { horizon };
        let now = self.now();
        let due = match self.queue().due(after(now, horizon), SCAN_COUNT_MAX).await {
            Ok(mut due) => {
                // The clock went back since these were put there: nothing waits that long.
                let longest = after(now, self.schedule.longest() + LEASE);
                due.extend(self.queue().due_behind(longest, SCAN_COUNT_MAX).await.unwrap_or_default());
                due
            }
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read");
                return SCAN_INTERVAL;
            }
        };
        let full = due.len() >= SCAN_COUNT_MAX;
        let mut begun = false;
        for (time, id) in due {
            begun |= self.spawn(tasks, id, Some(time));
        }
        if full && begun {
            return FULL_SCAN_INTERVAL;
        }
        let next = self.queue().next_due().await.ok().flatten();
        let until = next.map_or(i64::MAX, |next| next.0.saturating_sub(now.0));
        Duration::from_millis(u64::try_from(until).unwrap_or(0)).clamp(RETRY_WAIT_MIN, SCAN_INTERVAL)
    }

    /// Looks at an entry in a task of its own, unless somebody does already.
    fn spawn(self: &Arc<Self>, tasks: &mut JoinSet<()>, id: QueueId, indexed: Option<Timestamp>) -> bool {
        let Some(claim) = self.claim(id) else { return false };
        let this = self.clone();
        tasks.spawn(async move {
            let looked = this.look(id, indexed).await;
            drop(claim);
            let Err(error) = looked else { return };
            tracing::warn!(%id, %error, "a queued message could not be settled and will be tried again");
            // Not in the set that a drain waits for. The index has it too, but under the time of the next try.
            tokio::spawn(async move {
                tokio::time::sleep(UNSETTLED_WAIT).await;
                this.hand_off(id);
            });
        });
        true
    }

    fn claim(&self, id: QueueId) -> Option<Claim> {
        locked(&self.busy).insert(id).then(|| Claim { busy: self.busy.clone(), id })
    }

    /// One look at an entry: every recipient that waits is tried once.
    ///
    /// Where other processes share the queue, one of them at a time may look at an entry: the wait for a slow
    /// relay is longer than the time for which the index keeps an entry from others.
    async fn look(&self, id: QueueId, indexed: Option<Timestamp>) -> Result<()> {
        if !self.store.has_company() {
            return self.look_alone(id, indexed).await;
        }
        let duty = format!("queue {id}");
        if !self.store.take_duty(&duty).await? {
            return Ok(());
        }
        let looked = self.look_alone(id, indexed).await;
        self.store.leave_duty(&duty).await?;
        looked
    }

    async fn look_alone(&self, id: QueueId, indexed: Option<Timestamp>) -> Result<()> {
        let found = self.queue().load(id).await?;
        if let Some(due) = indexed.filter(|due| found.as_ref().is_none_or(|queued| queued.due != *due)) {
            self.queue().sweep(due, id).await?;
        }
        let Some(mut queued) = found else { return Ok(()) };
        let (mut verdicts, reached) = self.try_local(&queued).await;
        if queued.recipients.len() == 1 && verdicts.values().any(|verdict| *verdict == Verdict::Done) {
            return Ok(());
        }
        queued.recipients.retain(|(number, _)| verdicts.get(number) != Some(&Verdict::Done));
        verdicts.extend(self.try_relay(&queued).await);
        if reached.is_err() {
            // With the store away for all that are left there is nothing to write down; where others were told
            // to wait, everyone waits with them, or they would be asked again every moment.
            let others = verdicts.values().any(|verdict| *verdict != Verdict::Done);
            if !others && self.now() < queued.entry.expires {
                return reached;
            }
            for (number, recipient) in &queued.recipients {
                if matches!(recipient.target, Target::Account(_)) {
                    verdicts.entry(*number).or_insert_with(|| Verdict::waits(UNREACHED));
                }
            }
        }
        self.conclude(queued, &verdicts).await
    }

    /// Delivers to everyone who is here: what came of it, and whether the store could be reached for all of them.
    async fn try_local(&self, queued: &Queued) -> (BTreeMap<u32, Verdict>, Result<()>) {
        let (mut verdicts, mut reached) = (BTreeMap::new(), Ok(()));
        let Ok(_permit) = self.local.acquire().await else { return (verdicts, reached) };
        // The usual case of one recipient takes one batch for everything.
        let last = queued.recipients.len() == 1;
        let mut tries: Vec<BoxFuture<'_, (u32, Result<Verdict>)>> = Vec::new();
        for (number, recipient) in &queued.recipients {
            if let Target::Account(account) = recipient.target {
                let number = *number;
                tries.push(Box::pin(
                    async move { (number, self.deliver(queued, number, account, last).await) },
                ));
            }
        }
        let mut waiting = tries.into_iter();
        loop {
            let group: Vec<_> = waiting.by_ref().take(FAN_OUT_COUNT_MAX).collect();
            if group.is_empty() {
                return (verdicts, reached);
            }
            for (number, outcome) in join_all(group).await {
                match outcome {
                    Ok(verdict) => drop(verdicts.insert(number, verdict)),
                    Err(error) => reached = Err(error),
                }
            }
        }
    }

    /// Hands the entry to the relay for everyone who is elsewhere. Nothing is said of recipients that could
    /// not be tried because there is no room or no time.
    async fn try_relay(&self, queued: &Queued) -> BTreeMap<u32, Verdict> {
        let remote: Vec<&(u32, QueueRecipient)> =
            queued.recipients.iter().filter(|(_, recipient)| recipient.target == Target::Relay).collect();
        let mut verdicts = BTreeMap::new();
        if remote.is_empty() {
            return verdicts;
        }
        let Some(relay) = &self.relay else {
            let numbers = remote.iter().map(|(number, _)| *number);
            return numbers.map(|number| (number, Verdict::waits("4.4.0 there is no relay"))).collect();
        };
        let Ok(_waiting) = self.waiting.try_acquire() else { return verdicts };
        let Ok(_connection) = self.connections.acquire().await else { return verdicts };
        let entry = &queued.entry;
        for group in remote.chunks(RELAY_RECIPIENT_COUNT_MAX) {
            let recipients: Vec<&str> =
                group.iter().map(|(_, recipient)| recipient.spelled.as_str()).collect();
            let range = entry.local_prefix_bytes..entry.message.body.size;
            let mail = Mail {
                sender: entry.sender.as_ref(),
                recipients: &recipients,
                size: range.end.saturating_sub(range.start),
                eight_bit: entry.eight_bit,
                smtputf8: entry.smtputf8,
            };
            let body = self.store.body(&entry.message.body, range);
            let outcome = transact(relay, &mail, body).await;
            let numbers = group.iter().map(|(number, _)| *number);
            verdicts.extend(numbers.zip(outcome.iter().map(Verdict::of)));
        }
        verdicts
    }

    /// Settles what the tries came to: one batch with the recipients that are done, those that wait on, and
    /// the bounce.
    async fn conclude(&self, queued: Queued, verdicts: &BTreeMap<u32, Verdict>) -> Result<()> {
        let now = self.now();
        let mut settlement = Settlement { due: Timestamp(i64::MAX), ..Settlement::default() };
        let mut failures = Vec::new();
        for (number, recipient) in &queued.recipients {
            let attempts = recipient.attempts.saturating_add(1);
            match verdicts.get(number) {
                // Not tried: left for the next look, which may come at once.
                None => settlement.due = settlement.due.min(after(now, SCAN_INTERVAL)),
                Some(Verdict::Done | Verdict::Handed) => settlement.done.push(*number),
                Some(Verdict::Fails(status, text)) => {
                    settlement.done.push(*number);
                    failures.push(Failure::new(recipient, status, text));
                }
                Some(Verdict::Waits(text))
                    if now >= queued.entry.expires && self.schedule.is_exhausted(attempts) =>
                {
                    settlement.done.push(*number);
                    failures.push(Failure::new(recipient, "4.4.7", text));
                }
                Some(Verdict::Waits(text)) => {
                    tracing::info!(id = %queued.id, attempts, reply = %text, "a recipient must wait");
                    let due = self.schedule.next(now, attempts).max(after(now, RETRY_WAIT_MIN));
                    settlement.due = settlement.due.min(due);
                    let waiting = QueueRecipient { attempts, last_reply: text.clone(), ..recipient.clone() };
                    settlement.waiting.push((*number, waiting));
                }
            }
        }
        let soon = settlement.due <= after(now, SCAN_INTERVAL);
        settlement.bounce = bounce::compose(self, &queued, &failures).await?;
        let bounced = self.queue().settle(&queued, settlement).await?;
        if let Some(id) = *bounced {
            self.hand_off(id);
        }
        if soon {
            self.sooner.notify_one();
        }
        Ok(())
    }
}

/// Waits for what was begun, all told no longer than [`DRAIN_TIME_MAX`]; what takes longer stays in the queue.
async fn finish(tasks: &mut JoinSet<()>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN_TIME_MAX, all).await;
}

/// An entry that somebody looks at.
struct Claim {
    busy: Arc<Mutex<HashSet<QueueId>>>,
    id: QueueId,
}

impl Drop for Claim {
    fn drop(&mut self) {
        locked(&self.busy).remove(&self.id);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
