//! One session: a connection, the mailbox it has open, its view of it, and its share of the model.

use crate::mistake::Mistakes;
use crate::model::Model;
use crate::reply::{self, Untagged};
use crate::view::{Change, Entry, View};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stress::client::{Client, Failure, Target};
use stress::dice::Dice;

/// What all sessions share.
pub(crate) struct House {
    pub(crate) target: Target,
    pub(crate) model: Mutex<Model>,
    /// Names of the mailboxes as their owner, the first account, calls them.
    pub(crate) names: Vec<String>,
}

impl House {
    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account of the n-th session.
    pub(crate) fn account(&self, session: usize) -> (usize, &(String, String)) {
        static NOBODY: (String, String) = (String::new(), String::new());
        let number = session % self.target.accounts.len().max(1);
        (number, self.target.accounts.get(number).unwrap_or(&NOBODY))
    }

    /// What the n-th account calls a mailbox.
    pub(crate) fn name(&self, account: usize, mailbox: usize) -> String {
        let name = self.names.get(mailbox).map_or("", String::as_str);
        match (account, self.target.accounts.first()) {
            (1.., Some((owner, _))) => format!("Other Users/{owner}/{name}"),
            _ => name.to_owned(),
        }
    }
}

/// Which extensions a session uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Condstore,
    Qresync,
    Uidonly,
    Rev2,
}

impl Kind {
    pub(crate) fn of(session: usize) -> Self {
        const ALL: [Kind; 5] = [Kind::Plain, Kind::Qresync, Kind::Uidonly, Kind::Condstore, Kind::Rev2];
        ALL.get(session / 2 % ALL.len()).copied().unwrap_or(Kind::Plain)
    }

    fn enables(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Condstore => "CONDSTORE",
            Self::Qresync => "QRESYNC",
            Self::Uidonly => "QRESYNC UIDONLY",
            Self::Rev2 => "IMAP4rev2 QRESYNC",
        }
    }

    pub(crate) fn has_modseqs(self) -> bool {
        self != Self::Plain
    }

    pub(crate) fn resyncs(self) -> bool {
        matches!(self, Self::Qresync | Self::Uidonly | Self::Rev2)
    }
}

/// A command to send.
#[derive(Clone, Debug, Default)]
pub(crate) struct Command {
    pub(crate) text: Vec<u8>,
    /// Sequence numbers are in use while it runs.
    pub(crate) numbers: bool,
    /// What a silent STORE changes, by UID.
    pub(crate) silent: Option<(Vec<u32>, Change)>,
}

impl Command {
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A command of sequence numbers, during which no EXPUNGE may come.
    pub(crate) fn numbered(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), numbers: true, ..Self::default() }
    }
}

/// What a command was answered.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The tagged line without its tag.
    pub(crate) status: String,
    pub(crate) told: Vec<Untagged>,
}

impl Answer {
    pub(crate) fn is_ok(&self) -> bool {
        self.status.starts_with("OK")
    }

    /// The words of a response code, in the tagged line or an untagged one.
    pub(crate) fn code(&self, wanted: &str) -> Option<String> {
        let inside = self.status.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let tagged =
            inside.and_then(|(code, _)| code.strip_prefix(wanted)).map(|rest| rest.trim().to_owned());
        let untagged = |told: &Untagged| match told {
            Untagged::Code(name, value) if name == wanted => Some(value.clone()),
            _ => None,
        };
        tagged.or_else(|| self.told.iter().find_map(untagged))
    }
}

/// A state to come back to (RFC 7162).
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) mailbox: usize,
    pub(crate) validity: u32,
    pub(crate) modseq: u64,
    pub(crate) entries: Vec<Entry>,
}

/// A session.
pub(crate) struct Session {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    pub(crate) client: Client,
    pub(crate) house: Arc<House>,
    pub(crate) account: usize,
    pub(crate) mailbox: usize,
    pub(crate) validity: u32,
    pub(crate) view: View,
    pub(crate) saved: Option<Saved>,
    /// (mailbox, UID): which messages have this session's keyword, as far as `sure` goes.
    pub(crate) mine: BTreeSet<(usize, u32)>,
    /// Messages of which others do not know whether they have the keyword.
    pub(crate) sure: BTreeSet<(usize, u32)>,
    pub(crate) dice: Dice,
    pub(crate) mistakes: Mistakes,
    /// The last commands, for whoever must find out what went wrong.
    pub(crate) trail: Vec<String>,
}

/// How many of the last commands are told with a failure.
const TRAIL: usize = 25;

impl Session {
    /// Logs in, enables what its kind enables, and opens a mailbox.
    pub(crate) async fn open(
        house: &Arc<House>,
        number: usize,
        dice: Dice,
        mistakes: Mistakes,
    ) -> Result<Self, Failure> {
        let (account, login) = house.account(number);
        let client = Client::open(&house.target, login).await?;
        let mut session = Self {
            number,
            kind: Kind::of(number),
            client,
            house: house.clone(),
            account,
            mailbox: 0,
            validity: 0,
            view: View::default(),
            saved: None,
            mine: BTreeSet::new(),
            sure: BTreeSet::new(),
            dice,
            mistakes,
            trail: Vec::new(),
        };
        session.enable().await?;
        let mailbox = session.dice.below(house.names.len());
        session.select(mailbox).await?;
        Ok(session)
    }

    async fn enable(&mut self) -> Result<(), Failure> {
        match self.kind.enables() {
            "" => Ok(()),
            words => self.client.ok(&format!("ENABLE {words}")).await.map(drop),
        }
    }

    /// The keyword that is this session's own.
    pub(crate) fn keyword(&self) -> String {
        format!("own{}", self.number)
    }

    /// A connection anew, with a state that is still known where there is one.
    pub(crate) async fn reconnect(&mut self) -> Result<(), Failure> {
        let house = self.house.clone();
        self.client = Client::open(&house.target, house.account(self.number).1).await?;
        self.enable().await?;
        match self.saved.clone() {
            Some(saved) => self.resync(&saved).await,
            None => self.select(self.mailbox).await,
        }
    }

    /// SELECT with nothing known.
    pub(crate) async fn select(&mut self, mailbox: usize) -> Result<(), Failure> {
        let name = self.house.name(self.account, mailbox);
        self.mailbox = mailbox;
        self.view = View { by_uid: self.kind == Kind::Uidonly, ..View::default() };
        let answer = self.must(Command::new(format!("SELECT \"{name}\""))).await?;
        self.validity = uid_validity(&answer)?;
        Ok(())
    }

    /// SELECT with a state that is known; every form of what may be said of it.
    pub(crate) async fn resync(&mut self, saved: &Saved) -> Result<(), Failure> {
        let name = self.house.name(self.account, saved.mailbox);
        let uids: Vec<u32> = saved.entries.iter().filter_map(|entry| entry.uid).collect();
        let mut known = format!("{} {}", saved.validity, saved.modseq);
        if !uids.is_empty() {
            let all = reply::set(&uids);
            let pairs = |number: usize| uids.get(number - 1).map(|uid| (number.to_string(), uid.to_string()));
            let some: Vec<_> =
                [1, uids.len().div_ceil(2), uids.len()].into_iter().filter_map(pairs).collect();
            let (numbers, matched): (BTreeSet<_>, BTreeSet<_>) = some
                .into_iter()
                .map(|(number, uid)| (number.parse::<u32>().unwrap_or(1), uid.parse::<u32>().unwrap_or(1)))
                .unzip();
            let set = |numbers: BTreeSet<u32>| reply::set(&numbers.into_iter().collect::<Vec<_>>());
            match self.dice.below(4) {
                0 => known.push_str(&format!(" {all}")),
                // RFC 9586 3.4: pairs with numbers only where there are numbers.
                1 if self.kind != Kind::Uidonly => {
                    known.push_str(&format!(" {all} ({} {})", set(numbers), set(matched)))
                }
                2 => known.push_str(&format!(" 1:{}", u32::MAX)),
                _ => {}
            }
        }
        self.mailbox = saved.mailbox;
        // UIDs are all that the state holds; numbers come with what is told.
        self.view = View { by_uid: true, ..View::default() };
        self.note(&format!("SELECT {name} (QRESYNC ({known}))"));
        let tag = self.client.tag();
        self.client.send(format!("{tag} SELECT \"{name}\" (QRESYNC ({known}))\r\n").as_bytes()).await?;
        let answer = self.raw_answer(&tag).await?;
        if !answer.is_ok() {
            return Err(self.wrong(&format!("SELECT was answered {}", answer.status)));
        }
        self.validity = uid_validity(&answer)?;
        let resynced = self.resynced(saved, &answer);
        self.view = resynced.map_err(|error| self.wrong(&error))?;
        Ok(())
    }

    /// What was known, with what was told put over it.
    fn resynced(&mut self, saved: &Saved, answer: &Answer) -> Result<View, String> {
        let mut entries = saved.entries.clone();
        let mut view = View { by_uid: self.kind == Kind::Uidonly, ..View::default() };
        let mut count = None;
        let mut changed = Vec::new();
        for told in &answer.told {
            match told {
                // What happened since the mailbox was opened is told behind its state.
                Untagged::Exists(_) if count.is_some() => changed.push(told),
                Untagged::Vanished { earlier: false, .. } => changed.push(told),
                Untagged::Exists(number) => count = Some(*number),
                Untagged::Vanished { uids, .. } => {
                    let known = |uid: &&u32| entries.iter().any(|entry| entry.uid == Some(**uid));
                    view.gone.extend(uids.iter().filter(known));
                    entries.retain(|entry| entry.uid.is_none_or(|uid| !uids.contains(&uid)));
                }
                Untagged::Fetch(_) | Untagged::Code(..) => changed.push(told),
                _ => {}
            }
        }
        let count = count.ok_or("SELECT told no EXISTS")?;
        if entries.len() > count {
            return Err(format!("{} messages are left of {saved:?}, but {count} EXISTS", entries.len()));
        }
        entries.resize(count, Entry::default());
        view.entries = entries;
        for told in changed {
            view.hear(told, false, &mut self.mistakes)?;
        }
        Ok(view)
    }

    /// A command that must be answered OK.
    pub(crate) async fn must(&mut self, command: Command) -> Result<Answer, Failure> {
        let text = String::from_utf8_lossy(&command.text).into_owned();
        let answer = self.run(command).await?;
        if answer.is_ok() { Ok(answer) } else { Err(self.wrong(&format!("{text}: {}", answer.status))) }
    }

    /// One command.
    pub(crate) async fn run(&mut self, command: Command) -> Result<Answer, Failure> {
        let mut answers = self.pipeline(vec![command]).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    /// Commands sent in one segment; their tagged replies must come in their order.
    pub(crate) async fn pipeline(&mut self, commands: Vec<Command>) -> Result<Vec<Answer>, Failure> {
        let mut octets = Vec::new();
        let mut tags = Vec::new();
        for command in &commands {
            let tag = self.client.tag();
            octets.extend_from_slice(tag.as_bytes());
            octets.push(b' ');
            octets.extend_from_slice(&command.text);
            octets.extend_from_slice(b"\r\n");
            self.note(&format!("{tag} {}", String::from_utf8_lossy(&command.text)));
            tags.push(tag);
        }
        self.client.send(&octets).await?;
        let mut answers = Vec::new();
        for (tag, command) in tags.iter().zip(&commands) {
            if let Some((uids, change)) = &command.silent {
                self.view.apply(uids, change);
            }
            answers.push(self.answer(tag, command.numbers).await?);
        }
        self.house.model().deeds += commands.len() as u64;
        Ok(answers)
    }

    /// Reads up to a tagged reply, taking in what is told.
    pub(crate) async fn answer(&mut self, tag: &str, numbers: bool) -> Result<Answer, Failure> {
        let mut answer = Answer::default();
        loop {
            let line = self.client.line().await?;
            let Some(untagged) = line.strip_prefix(b"* ") else {
                let text = String::from_utf8_lossy(&line).into_owned();
                let Some(status) = text.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) else {
                    return Err(self.wrong(&format!("{tag} is waited for, and this comes: {text}")));
                };
                answer.status = status.to_owned();
                break;
            };
            let told = self.hear(untagged, numbers)?;
            answer.told.push(told);
        }
        // RFC 7162 3.2.7: the state reached, behind everything told.
        if let Some(state) = answer.code("HIGHESTMODSEQ").and_then(|value| value.parse().ok()) {
            self.view.modseq = self.view.modseq.max(state);
        }
        let gone = std::mem::take(&mut self.view.gone);
        self.house.model().gone(self.mailbox, &gone);
        Ok(answer)
    }

    /// Takes in one untagged reply.
    pub(crate) fn hear(&mut self, untagged: &[u8], numbers: bool) -> Result<Untagged, Failure> {
        if untagged.starts_with(b"BYE") {
            return Err(self.wrong(&String::from_utf8_lossy(untagged)));
        }
        let told = reply::parse(untagged);
        let shown = || String::from_utf8_lossy(untagged).into_owned();
        let told = told.ok_or_else(|| self.wrong(&format!("not understood: {}", shown())))?;
        if let Err(error) = self.view.hear(&told, numbers, &mut self.mistakes) {
            return Err(self.wrong(&format!("{error}\n  told: {}", shown())));
        }
        self.note(&format!("  * {}", shown()));
        Ok(told)
    }

    /// As `answer`, but nothing is taken in.
    async fn raw_answer(&mut self, tag: &str) -> Result<Answer, Failure> {
        let mut answer = Answer::default();
        loop {
            let line = self.client.line().await?;
            if let Some(untagged) = line.strip_prefix(b"* ") {
                let shown = String::from_utf8_lossy(untagged).into_owned();
                self.note(&format!("  * {shown}"));
                let told = reply::parse(untagged);
                answer.told.push(told.ok_or_else(|| self.wrong(&format!("not understood: {shown}")))?);
                continue;
            }
            let text = String::from_utf8_lossy(&line).into_owned();
            answer.status = text.strip_prefix(tag).unwrap_or_default().trim_start().to_owned();
            return Ok(answer);
        }
    }

    /// Remembers what was sent or heard.
    pub(crate) fn note(&mut self, what: &str) {
        if self.trail.len() >= 2 * TRAIL {
            self.trail.drain(..TRAIL);
        }
        let first: String = what.lines().next().unwrap_or_default().chars().take(300).collect();
        self.trail.push(first);
    }

    /// A failure with all that helps to understand it.
    pub(crate) fn wrong(&self, what: &str) -> Failure {
        let trail: Vec<&str> = self.trail.iter().rev().take(TRAIL).rev().map(String::as_str).collect();
        let name = self.house.name(self.account, self.mailbox);
        format!(
            "session {} ({:?}, {name}): {what}\n  its last words:\n    {}",
            self.number,
            self.kind,
            trail.join("\n    ")
        )
        .into()
    }
}

fn uid_validity(answer: &Answer) -> Result<u32, Failure> {
    let code = answer.code("UIDVALIDITY").and_then(|value| value.parse().ok());
    code.ok_or_else(|| Failure::from("SELECT told no UIDVALIDITY"))
}
