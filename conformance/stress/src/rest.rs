//! At rest, when nobody does anything: what a new session reads must be what every session believes and what the
//! model says.

use crate::deeds::WILD;
use crate::model::{MailboxModel, message};
use crate::reply::{self, Fetched, Untagged};
use crate::session::{Command, House, Session};
use std::collections::{BTreeMap, BTreeSet};
use stress::client::{Client, Failure};

/// What a new session reads of one mailbox, by UID.
pub(crate) type Truth = BTreeMap<u32, Fetched>;

/// Reads a mailbox anew.
///
/// # Errors
/// Refusals, and replies that contradict each other.
pub(crate) async fn truth(house: &House, mailbox: usize) -> Result<Truth, Failure> {
    let (_, owner) = house.account(0);
    let mut client = Client::open(&house.target, owner).await?;
    let name = house.name(0, mailbox);
    client.ok(&format!("EXAMINE \"{name}\" (CONDSTORE)")).await?;
    let items = "UID FLAGS MODSEQ RFC822.SIZE BODY.PEEK[HEADER.FIELDS (X-Stress)]";
    let mut found = Truth::new();
    for line in client.ok(&format!("UID FETCH 1:* ({items})")).await? {
        if let Some(Untagged::Fetch(fetched)) = reply::parse(&line)
            && let Some(uid) = fetched.uid
        {
            let number = usize::try_from(fetched.number)?;
            if number != found.len() + 1 || found.insert(uid, fetched).is_some() {
                return Err(format!("{name}: UID {uid} has the number {number}").into());
            }
        }
    }
    let words = "MESSAGES UIDNEXT UNSEEN DELETED SIZE HIGHESTMODSEQ";
    let lines = client.ok(&format!("STATUS \"{name}\" ({words})")).await?;
    let told = lines.iter().find_map(|line| match reply::parse(line) {
        Some(Untagged::Status(pairs)) => Some(pairs),
        _ => None,
    });
    agrees(&name, &told.ok_or("no STATUS")?, &found)?;
    Ok(found)
}

/// STATUS is what can be counted.
fn agrees(name: &str, status: &[(String, u64)], truth: &Truth) -> Result<(), Failure> {
    let with = |flag: &str| {
        truth.values().filter(|it| it.flags.as_ref().is_some_and(|flags| flags.contains(flag))).count() as u64
    };
    let highest = truth.values().filter_map(|it| it.modseq).max().unwrap_or(0);
    let last = truth.keys().next_back().copied().unwrap_or(0);
    for (word, value) in status {
        let (fits, counted) = match word.as_str() {
            "MESSAGES" => (*value == truth.len() as u64, truth.len() as u64),
            "UNSEEN" => (*value == truth.len() as u64 - with("\\Seen"), truth.len() as u64 - with("\\Seen")),
            "DELETED" => (*value == with("\\Deleted"), with("\\Deleted")),
            "SIZE" => {
                let sum = truth.values().filter_map(|it| it.size).sum();
                (*value == sum, sum)
            }
            "UIDNEXT" => (*value > u64::from(last), u64::from(last)),
            "HIGHESTMODSEQ" => (*value >= highest, highest),
            _ => continue,
        };
        if !fits {
            return Err(format!("{name}: STATUS {word} is {value}, but {counted} is counted").into());
        }
    }
    Ok(())
}

/// Whether a mailbox is as the model says.
///
/// # Errors
/// The first difference.
pub(crate) fn model_agrees(name: &str, model: &MailboxModel, truth: &Truth) -> Result<(), Failure> {
    for (uid, known) in &model.messages {
        let there = truth.get(uid);
        if there.is_none() && !model.may_go.contains(uid) {
            return Err(format!("{name}: UID {uid} {known:?} has gone and nobody removed it").into());
        }
        if there.is_some() && model.gone.contains(uid) {
            return Err(format!("{name}: UID {uid} was told to be gone and is there").into());
        }
    }
    for (uid, fetched) in truth {
        let Some(known) = model.messages.get(uid) else {
            return Err(format!("{name}: UID {uid} came from nowhere").into());
        };
        let header = format!("X-Stress: {}\r\n\r\n", known.content);
        let size = message(known.content).len() as u64;
        let same = fetched.body.as_deref() == Some(header.as_bytes()) && fetched.size == Some(size);
        if known.content != 0 && !same {
            return Err(
                format!("{name}: UID {uid} should be message {}, is {fetched:?}", known.content).into()
            );
        }
    }
    Ok(())
}

impl Session {
    /// Whether this session believes what is true, and its keyword stands where it put it.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) async fn compare(&mut self, truths: &[Truth]) -> Result<(), Failure> {
        self.must(Command::new("NOOP")).await?;
        self.learn().await?;
        self.believes(truths)?;
        self.keywords_stand(truths)?;
        if let Some(saved) = self.saved.clone()
            && self.dice.once_in(3)
        {
            // What is known from the past, together with what is told of it, is the present.
            self.reconnect().await?;
            self.learn().await?;
            self.believes(truths)?;
            self.saved = self.dice.once_in(2).then_some(saved);
        }
        Ok(())
    }

    fn believes(&self, truths: &[Truth]) -> Result<(), Failure> {
        let nothing = Truth::new();
        let truth = truths.get(self.mailbox).unwrap_or(&nothing);
        let believed = self.view.uids();
        let real: Vec<u32> = truth.keys().copied().collect();
        if believed != real || self.view.entries.len() != real.len() {
            let (believed, real): (BTreeSet<_>, BTreeSet<_>) =
                (believed.into_iter().collect(), real.into_iter().collect());
            let extra: Vec<_> = believed.difference(&real).collect();
            let missing: Vec<_> = real.difference(&believed).collect();
            return Err(self.wrong(&format!("believes in {extra:?}, does not know of {missing:?}")));
        }
        for (entry, (uid, fetched)) in self.view.entries.iter().zip(truth) {
            if entry.flags != fetched.flags {
                return Err(
                    self.wrong(&format!("UID {uid}: believes {:?}, is {:?}", entry.flags, fetched.flags))
                );
            }
            if entry.modseq > fetched.modseq.unwrap_or(0) {
                return Err(
                    self.wrong(&format!("UID {uid}: MODSEQ {} and now {:?}", entry.modseq, fetched.modseq))
                );
            }
        }
        Ok(())
    }

    fn keywords_stand(&self, truths: &[Truth]) -> Result<(), Failure> {
        let keyword = self.keyword();
        for (mailbox, truth) in truths.iter().enumerate().filter(|(mailbox, _)| *mailbox != WILD) {
            for (uid, fetched) in truth {
                let key = (mailbox, *uid);
                let has = fetched.flags.as_ref().is_some_and(|flags| flags.contains(&keyword));
                if self.knows(key) && has != self.mine.contains(&key) {
                    let name = self.house.name(self.account, mailbox);
                    return Err(
                        self.wrong(&format!("{name} UID {uid}: the keyword {keyword} is there: {has}"))
                    );
                }
            }
        }
        Ok(())
    }
}
