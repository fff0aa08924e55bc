//! What sessions do, by the dice, and what must be true at once even while all others work too.

use crate::mistake::Mistake;
use crate::model::message;
use crate::reply::{self, Untagged};
use crate::session::{Answer, Command, Kind, Saved, Session};
use crate::view::{Change, Entry};
use std::time::Duration;
use stress::client::Failure;

/// More messages than this and sessions remove more than they add.
const CROWDED: usize = 60;
/// The mailbox in which flags may be replaced: keywords of one's own are not looked at there.
pub(crate) const WILD: usize = 0;

impl Session {
    /// One deed.
    pub(crate) async fn act(&mut self) -> Result<(), Failure> {
        let crowded = self.view.entries.len() > CROWDED;
        match self.dice.below(if crowded { 34 } else { 30 }) {
            0..=2 if crowded => self.mark_deleted().await,
            0..=2 => self.append().await,
            3..=6 => self.store_shared().await,
            7..=10 => self.store_own().await,
            11 => self.store_if_unchanged().await,
            12 | 13 => self.expunge().await,
            14 | 15 => self.transfer("COPY").await,
            16 | 17 => self.transfer("MOVE").await,
            18 | 19 => self.look().await,
            20 => self.read_body().await,
            21 | 22 => self.search_own().await,
            23 => self.status().await,
            24 => self.idle().await,
            25 => self.many_at_once().await,
            26 => self.save().await,
            27 => self.leave().await,
            28 | 29 => self.must(Command::new("NOOP")).await.map(drop),
            30 | 31 => self.mark_deleted().await,
            _ => self.expunge().await,
        }
    }

    /// Some messages that are known, ascending, as (sequence number, UID).
    fn some(&mut self, most: usize) -> Vec<(usize, u32)> {
        let count = self.view.entries.len();
        let (first, length) = (self.dice.below(count), 1 + self.dice.below(most));
        let entries = self.view.entries.iter().enumerate().skip(first).take(length);
        entries.filter_map(|(index, entry)| Some((index + 1, entry.uid?))).collect()
    }

    /// A verb's prefix and set for these messages: by number now and then, where numbers are to be had.
    fn named(&mut self, messages: &[(usize, u32)]) -> (&'static str, String) {
        if self.kind == Kind::Uidonly || self.dice.once_in(2) {
            return ("UID ", reply::set(&messages.iter().map(|(_, uid)| *uid).collect::<Vec<_>>()));
        }
        let numbers: Vec<u32> =
            messages.iter().filter_map(|(number, _)| u32::try_from(*number).ok()).collect();
        ("", reply::set(&numbers))
    }

    async fn append(&mut self) -> Result<(), Failure> {
        let mailbox = self.dice.below(self.house.names.len());
        let name = self.house.name(self.account, mailbox);
        let count = 1 + self.dice.below(3);
        let contents: Vec<u64> = (0..count).map(|_| self.house.model().fresh()).collect();
        let own = self.dice.once_in(2) && mailbox != WILD;
        let mut text = format!("APPEND \"{name}\"").into_bytes();
        for content in &contents {
            let octets = message(*content);
            let flags = if own { self.keyword() } else { String::new() };
            text.extend_from_slice(format!(" ({flags}) {{{}+}}\r\n", octets.len()).as_bytes());
            text.extend_from_slice(&octets);
        }
        let answer = self.must(Command::new(text)).await?;
        let code = answer.code("APPENDUID").unwrap_or_default();
        let uids = code.split_once(' ').and_then(|(_, uids)| reply::expand(uids)).unwrap_or_default();
        if uids.len() != contents.len() {
            return Err(self.wrong(&format!("{count} messages were appended as {uids:?}")));
        }
        for (uid, content) in uids.into_iter().zip(contents) {
            self.house.model().appended(mailbox, uid, content).map_err(|error| self.wrong(&error))?;
            self.sure.insert((mailbox, uid));
            if own {
                self.mine.insert((mailbox, uid));
            }
        }
        Ok(())
    }

    /// Flags that all sessions change; views must agree about them at rest.
    async fn store_shared(&mut self) -> Result<(), Failure> {
        let messages = self.some(6);
        if messages.is_empty() {
            return self.must(Command::new("NOOP")).await.map(drop);
        }
        let replaces = self.mailbox == WILD && self.dice.once_in(4);
        let sign = if replaces { "" } else { *self.dice.pick(&["+", "-"]).unwrap_or(&"+") };
        let flag = *self.dice.pick(&["\\Seen", "\\Flagged", "\\Answered", "$Label1"]).unwrap_or(&"\\Seen");
        let change = Change { sign, flags: vec![flag.to_owned()] };
        let command = self.store(&messages, change);
        let answer = self.run(command).await?;
        self.accept(&answer, &messages)
    }

    /// A STORE, silent now and then.
    fn store(&mut self, messages: &[(usize, u32)], change: Change) -> Command {
        let silent = self.dice.once_in(2);
        let (uid, set) = self.named(messages);
        let suffix = if silent { ".SILENT" } else { "" };
        let text = format!("{uid}STORE {set} {}FLAGS{suffix} ({})", change.sign, change.flags.join(" "));
        let uids = messages.iter().map(|(_, uid)| *uid).collect();
        Command { text: text.into_bytes(), numbers: uid.is_empty(), silent: silent.then_some((uids, change)) }
    }

    /// OK, or NO because some of it has gone, after which nothing is believed of the rest.
    fn accept(&mut self, answer: &Answer, messages: &[(usize, u32)]) -> Result<(), Failure> {
        if answer.is_ok() {
            return Ok(());
        }
        if !answer.status.starts_with("NO [EXPUNGEISSUED]") {
            return Err(self.wrong(&format!("answered {}", answer.status)));
        }
        self.view.doubt(&messages.iter().map(|(_, uid)| *uid).collect::<Vec<_>>());
        Ok(())
    }

    /// The keyword that only this session changes.
    async fn store_own(&mut self) -> Result<(), Failure> {
        let messages = self.some(5);
        if messages.is_empty() || self.mailbox == WILD {
            return self.append().await;
        }
        let sign = *self.dice.pick(&["+", "+", "-"]).unwrap_or(&"+");
        let change = Change { sign, flags: vec![self.keyword()] };
        let command = self.store(&messages, change);
        let answer = self.run(command).await?;
        self.accept(&answer, &messages)?;
        if answer.is_ok() {
            let uids: Vec<u32> = messages.iter().map(|(_, uid)| *uid).collect();
            self.have_stored(&uids, sign == "+");
        }
        Ok(())
    }

    /// The keyword is known of these now.
    fn have_stored(&mut self, uids: &[u32], on: bool) {
        if self.mistakes.make(Mistake::Keyword) {
            return;
        }
        for uid in uids {
            let key = (self.mailbox, *uid);
            self.sure.insert(key);
            if on {
                self.mine.insert(key);
            } else {
                self.mine.remove(&key);
            }
        }
    }

    /// RFC 7162 3.1.3: what changed meanwhile is told in MODIFIED, the rest is changed.
    async fn store_if_unchanged(&mut self) -> Result<(), Failure> {
        let messages = self.some(6);
        if messages.is_empty() || self.mailbox == WILD || !self.kind.has_modseqs() {
            return self.store_own().await;
        }
        let uids: Vec<u32> = messages.iter().map(|(_, uid)| *uid).collect();
        let set = reply::set(&uids);
        let text = format!(
            "UID STORE {set} (UNCHANGEDSINCE {}) +FLAGS ({})",
            self.view.modseq.max(1),
            self.keyword()
        );
        let answer = self.must(Command::new(text)).await?;
        let failed = answer.code("MODIFIED").and_then(|set| reply::expand(&set)).unwrap_or_default();
        let stored: Vec<u32> = uids.iter().copied().filter(|uid| !failed.contains(uid)).collect();
        if failed.iter().any(|uid| !uids.contains(uid)) {
            return Err(self.wrong(&format!("MODIFIED {failed:?} of {uids:?}")));
        }
        self.have_stored(&stored, true);
        Ok(())
    }

    async fn mark_deleted(&mut self) -> Result<(), Failure> {
        let messages = self.some(4);
        if messages.is_empty() {
            return Ok(());
        }
        let uids: Vec<u32> = messages.iter().map(|(_, uid)| *uid).collect();
        self.house.model().may_go(self.mailbox, &uids);
        let command = self.store(&messages, Change { sign: "+", flags: vec!["\\Deleted".to_owned()] });
        let answer = self.run(command).await?;
        self.accept(&answer, &messages)
    }

    async fn expunge(&mut self) -> Result<(), Failure> {
        let uids = self.view.uids();
        if self.dice.once_in(2) || uids.is_empty() {
            return self.must(Command::new("EXPUNGE")).await.map(drop);
        }
        let some: Vec<u32> = uids.into_iter().skip(self.dice.below(20)).take(20).collect();
        if some.is_empty() {
            return Ok(());
        }
        self.must(Command::new(format!("UID EXPUNGE {}", reply::set(&some)))).await.map(drop)
    }

    /// COPY and MOVE.
    async fn transfer(&mut self, verb: &str) -> Result<(), Failure> {
        let messages = self.some(4);
        let to = self.dice.below(self.house.names.len());
        if messages.is_empty() || (verb == "MOVE" && to == self.mailbox) {
            return self.append().await;
        }
        if verb == "MOVE" {
            let uids: Vec<u32> = messages.iter().map(|(_, uid)| *uid).collect();
            self.house.model().may_go(self.mailbox, &uids);
        }
        let from = self.mailbox;
        let (uid, set) = self.named(&messages);
        let name = self.house.name(self.account, to);
        let answer = self.run(Command::new(format!("{uid}{verb} {set} \"{name}\""))).await?;
        self.accept(&answer, &messages)?;
        let Some(code) = answer.code("COPYUID") else { return Ok(()) };
        let words: Vec<&str> = code.split(' ').collect();
        let [_, old, new] = words.as_slice() else { return Err(self.wrong(&format!("COPYUID {code}"))) };
        let (old, new) = (reply::expand(old).unwrap_or_default(), reply::expand(new).unwrap_or_default());
        let asked = |uid: &u32| messages.iter().any(|(_, known)| known == uid);
        if old.len() != new.len() || !old.iter().all(asked) {
            return Err(self.wrong(&format!("COPYUID {code} for {messages:?}")));
        }
        for (&old, &new) in old.iter().zip(&new) {
            self.house
                .model()
                .copied((from, to), (old, new), self.number)
                .map_err(|error| self.wrong(&error))?;
            if verb == "MOVE" {
                self.house.model().gone(from, &[old]);
            }
            if from != WILD && to != WILD && self.knows((from, old)) {
                self.sure.insert((to, new));
                if self.mine.contains(&(from, old)) {
                    self.mine.insert((to, new));
                }
            }
        }
        Ok(())
    }

    /// Whether it is known of a message if it has the keyword.
    pub(crate) fn knows(&self, (mailbox, uid): (usize, u32)) -> bool {
        let model = self.house.model();
        let known = model.mailboxes.get(mailbox).and_then(|mailbox| mailbox.messages.get(&uid));
        self.sure.contains(&(mailbox, uid)) || known.is_some_and(|message| message.copied_by.is_none())
    }

    async fn look(&mut self) -> Result<(), Failure> {
        let messages = self.some(10);
        if messages.is_empty() {
            return Ok(());
        }
        let (uid, set) = self.named(&messages);
        let modseq = if self.kind.has_modseqs() { " MODSEQ" } else { "" };
        let command = format!("{uid}FETCH {set} (UID FLAGS{modseq} RFC822.SIZE)");
        let answer = self.run(Command { numbers: uid.is_empty(), ..Command::new(command) }).await?;
        self.accept(&answer, &[])
    }

    /// The octets are those that were appended, whoever copied them wherever.
    async fn read_body(&mut self) -> Result<(), Failure> {
        let Some(&(_, uid)) = self.some(1).first() else { return Ok(()) };
        let known =
            self.house.model().mailboxes.get(self.mailbox).and_then(|it| it.messages.get(&uid).cloned());
        let answer =
            self.must(Command::new(format!("UID FETCH {uid} (UID RFC822.SIZE BODY.PEEK[])"))).await?;
        let expected = known.filter(|known| known.content != 0).map(|known| message(known.content));
        for told in &answer.told {
            let Untagged::Fetch(fetched) = told else { continue };
            let (Some(body), Some(expected)) = (&fetched.body, &expected) else { continue };
            if fetched.uid == Some(uid) && (body != expected || fetched.size != Some(expected.len() as u64)) {
                return Err(self.wrong(&format!("UID {uid} is another message than was put there")));
            }
        }
        Ok(())
    }

    /// What is found by one's own keyword is exactly what has it.
    async fn search_own(&mut self) -> Result<(), Failure> {
        if self.mailbox == WILD {
            return self.look().await;
        }
        let answer = self.must(Command::new(format!("UID SEARCH KEYWORD {}", self.keyword()))).await?;
        let found: Vec<u32> = answer
            .told
            .iter()
            .filter_map(|told| if let Untagged::Found(uids) = told { Some(uids) } else { None })
            .flatten()
            .copied()
            .collect();
        for &uid in &found {
            if self.sure.contains(&(self.mailbox, uid)) && !self.mine.contains(&(self.mailbox, uid)) {
                return Err(self.wrong(&format!("UID {uid} is found by a keyword it does not have")));
            }
        }
        for (mailbox, uid) in &self.mine {
            let stays = {
                let model = self.house.model();
                model.mailboxes.get(*mailbox).is_some_and(|it| !it.may_go.contains(uid))
            };
            // What arrived just now may not have been told to this session.
            let told = self.view.entries.iter().any(|entry| entry.uid == Some(*uid));
            if *mailbox == self.mailbox && stays && told && !found.contains(uid) {
                return Err(self.wrong(&format!("UID {uid} is not found by the keyword it has")));
            }
        }
        Ok(())
    }

    async fn status(&mut self) -> Result<(), Failure> {
        let name = self.house.name(self.account, self.dice.below(self.house.names.len()));
        self.must(Command::new(format!("STATUS \"{name}\" (MESSAGES UIDNEXT UNSEEN)"))).await.map(drop)
    }

    /// IDLE, then a command in the same segment as DONE, as iOS sends it.
    async fn idle(&mut self) -> Result<(), Failure> {
        let tag = self.client.tag();
        self.note(&format!("{tag} IDLE"));
        self.client.send(format!("{tag} IDLE\r\n").as_bytes()).await?;
        let patience = Duration::from_millis(20 + self.dice.below(150) as u64);
        let mut begun = false;
        while !begun || self.client.hears_within(patience).await? {
            let line = self.client.line().await?;
            match line.strip_prefix(b"* ") {
                Some(untagged) => drop(self.hear(untagged, false)?),
                None if line.starts_with(b"+") => begun = true,
                None => return Err(self.wrong(&format!("in IDLE: {}", String::from_utf8_lossy(&line)))),
            }
        }
        let next = self.client.tag();
        self.note(&format!("DONE, {next} NOOP"));
        self.client.send(format!("DONE\r\n{next} NOOP\r\n").as_bytes()).await?;
        for tag in [tag, next] {
            let answer = self.answer(&tag, false).await?;
            if !answer.is_ok() {
                return Err(self.wrong(&format!("answered {}", answer.status)));
            }
        }
        Ok(())
    }

    /// Commands in one segment, all by number or all by UID (RFC 9051 5.5).
    async fn many_at_once(&mut self) -> Result<(), Failure> {
        let mut commands = Vec::new();
        let by_uid = self.kind == Kind::Uidonly || self.dice.once_in(2);
        for _ in 0..2 + self.dice.below(5) {
            let messages = self.some(4);
            if messages.is_empty() {
                break;
            }
            let uids: Vec<u32> = messages.iter().map(|(_, uid)| *uid).collect();
            let numbers: Vec<u32> =
                messages.iter().filter_map(|(number, _)| u32::try_from(*number).ok()).collect();
            let (prefix, set) = if by_uid { ("UID ", reply::set(&uids)) } else { ("", reply::set(&numbers)) };
            let text = match self.dice.below(4) {
                0 => format!("{prefix}FETCH {set} FLAGS"),
                1 => format!("{prefix}STORE {set} +FLAGS (\\Seen)"),
                2 => format!("{prefix}STORE {set} -FLAGS (\\Seen)"),
                _ => format!("{prefix}SEARCH SEEN"),
            };
            commands.push(if by_uid { Command::new(text) } else { Command::numbered(text) });
        }
        for answer in self.pipeline(commands).await? {
            self.accept(&answer, &[])?;
        }
        Ok(())
    }

    /// Learns what it does not know, until nothing new is told, and keeps that state.
    async fn save(&mut self) -> Result<(), Failure> {
        self.learn().await?;
        self.must(Command::new("NOOP")).await?;
        if self.kind.resyncs() && self.view.is_whole() {
            self.saved = Some(Saved {
                mailbox: self.mailbox,
                validity: self.validity,
                modseq: self.view.modseq,
                entries: self.view.entries.clone(),
            });
        }
        Ok(())
    }

    /// Asks for what is not known of messages.
    pub(crate) async fn learn(&mut self) -> Result<(), Failure> {
        if self.view.is_whole() {
            return Ok(());
        }
        let modseq = if self.kind.has_modseqs() { " MODSEQ" } else { "" };
        let unknown = |entry: &Entry| entry.uid.is_none() || entry.flags.is_none();
        let first = self.view.entries.iter().position(unknown).unwrap_or(0);
        let text = if self.kind == Kind::Uidonly {
            format!("UID FETCH 1:* (FLAGS{modseq})")
        } else {
            format!("FETCH {}:{} (UID FLAGS{modseq})", first + 1, self.view.entries.len())
        };
        let numbers = self.kind != Kind::Uidonly;
        let answer = self.run(Command { numbers, ..Command::new(text) }).await?;
        self.accept(&answer, &[])
    }

    /// Another mailbox, or another connection, politely or not.
    async fn leave(&mut self) -> Result<(), Failure> {
        let next = self.dice.below(self.house.names.len());
        match self.dice.below(4) {
            0 => {
                self.must(Command::new("UNSELECT")).await?;
                self.select(next).await
            }
            1 => self.select(next).await,
            _ => self.reconnect().await,
        }
    }
}
