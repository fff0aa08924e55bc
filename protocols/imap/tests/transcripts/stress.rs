//! Several sessions change one mailbox at random; each believes only what it is told. Where a belief differs
//! from what FETCH says, or sequence numbers shift when they must not, the door is wrong.

use crate::harness::{Client, House};
use std::collections::BTreeSet;

const SESSIONS: usize = 4;
const STEPS: usize = 1_500;

/// What a client knows of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    uid: Option<u32>,
    flags: Option<BTreeSet<String>>,
}

/// A client and what it believes.
struct Believer {
    client: Client,
    view: Vec<Known>,
    /// Whether EXPUNGE must not come now.
    numbers_in_use: bool,
    /// EXPUNGE and unasked FETCH replies so far: that the test sees what it is about.
    unasked: (usize, usize),
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let at = line.find(&format!("{name} ")).map(|at| at + name.len() + 1)?;
    let rest = &line[at..];
    let end = if rest.starts_with('(') { rest.find(')')? + 1 } else { rest.find([' ', ')'])? };
    Some(&rest[..end])
}

fn flags_of(list: &str) -> BTreeSet<String> {
    list.trim_matches(['(', ')']).split(' ').filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
}

impl Believer {
    async fn open(house: &House) -> Self {
        let mut client = house.alice().await;
        let mut view = Vec::new();
        for line in client.ask("s SELECT INBOX").await {
            if let Some(count) = line.strip_prefix("* ").and_then(|line| line.strip_suffix(" EXISTS")) {
                view = vec![Known::default(); count.parse().unwrap()];
            }
        }
        let mut believer = Self { client, view, numbers_in_use: false, unasked: (0, 0) };
        believer.ask("UID FETCH 1:* FLAGS").await;
        believer
    }

    /// Runs a command and takes in what is said; returns the tagged line.
    async fn ask(&mut self, command: &str) -> String {
        self.numbers_in_use = ["FETCH", "STORE", "SEARCH"].iter().any(|verb| command.starts_with(verb));
        let mut lines = self.client.ask(&format!("t {command}")).await;
        let last = lines.pop().unwrap();
        for line in lines {
            self.hear(&line, command);
        }
        last
    }

    fn hear(&mut self, line: &str, command: &str) {
        let Some((number, what)) = line.strip_prefix("* ").and_then(|line| line.split_once(' ')) else {
            return;
        };
        let Ok(number) = number.parse::<usize>() else { return };
        if what == "EXISTS" {
            assert!(number >= self.view.len(), "EXISTS shrinks: {line} after {command}");
            self.view.resize(number, Known::default());
        } else if what == "EXPUNGE" {
            assert!(!self.numbers_in_use, "EXPUNGE while numbers are in use: {command}");
            assert!((1..=self.view.len()).contains(&number), "{line} after {command}");
            self.view.remove(number - 1);
            self.unasked.0 += 1;
        } else if what.starts_with("FETCH ") {
            let known = self.view.get_mut(number - 1).unwrap_or_else(|| panic!("{line} after {command}"));
            if let Some(uid) = field(what, "UID") {
                let uid = uid.parse().unwrap();
                assert!(
                    known.uid.is_none_or(|other| other == uid),
                    "{line} is not {known:?} after {command}"
                );
                known.uid = Some(uid);
            }
            if let Some(flags) = field(what, "FLAGS") {
                known.flags = Some(flags_of(flags));
                self.unasked.1 += usize::from(command == "NOOP");
            }
        }
    }

    /// Asks for everything and compares it with what was believed.
    async fn compare(&mut self) {
        self.ask("NOOP").await;
        let believed = self.view.clone();
        self.ask("UID FETCH 1:* (UID FLAGS)").await;
        assert_eq!(believed.len(), self.view.len());
        for (believed, now) in believed.iter().zip(&self.view) {
            let same_flags = believed.flags.is_none() || believed.flags == now.flags;
            assert!(same_flags, "believed {believed:?}, is {now:?}");
        }
    }
}

fn command(dice: &mut Dice, count: usize) -> String {
    let number = |dice: &mut Dice| dice.below(count.max(1)) + 1;
    let flag = ["\\Seen", "\\Deleted", "\\Flagged", "Work", "$Junk"][dice.below(5)];
    let (low, high) = (number(dice), number(dice));
    match dice.below(13) {
        0..=2 => format!("APPEND INBOX ({flag}) {{8+}}\r\na: 1\r\n\r\n"),
        3 => format!("STORE {low}:{high} +FLAGS ({flag})"),
        4 => format!("STORE {low} -FLAGS.SILENT ({flag})"),
        5 => format!("UID STORE {low}:* FLAGS ({flag})"),
        6 => "EXPUNGE".to_owned(),
        7 => format!("MOVE {low} Archive"),
        8 => format!("COPY {low} INBOX"),
        9 => format!("FETCH {low}:{high} (FLAGS UID)"),
        10 => format!("FETCH {low} BODY[]"),
        11 => "UID SEARCH DELETED".to_owned(),
        _ => "NOOP".to_owned(),
    }
}

async fn run(seed: u64) {
    let house = House::new();
    let mut dice = Dice(seed);
    let mut believers = Vec::new();
    for _ in 0..SESSIONS {
        believers.push(Believer::open(&house).await);
    }
    for step in 0..STEPS {
        let who = dice.below(SESSIONS);
        let believer = &mut believers[who];
        let command = command(&mut dice, believer.view.len());
        let silent = command.contains(".SILENT");
        let last = believer.ask(&command).await;
        let empty = believer.view.is_empty() && last == "t BAD No such message number";
        assert!(
            last.starts_with("t OK") || empty || last.contains("No such message"),
            "seed {seed} step {step}: {command}: {last}"
        );
        if silent || last.contains("BAD") {
            // What SILENT did is known to the client; here it is simply asked for.
            believer.ask("UID FETCH 1:* FLAGS").await;
        }
        if dice.below(20) == 0 {
            believers[who].compare().await;
        }
        if dice.below(100) == 0 {
            believers[who] = Believer::open(&house).await;
        }
    }
    let mut unasked = (0, 0);
    for believer in &mut believers {
        believer.compare().await;
        unasked = (unasked.0 + believer.unasked.0, unasked.1 + believer.unasked.1);
    }
    assert!(unasked.0 > 50 && unasked.1 > 10, "seed {seed}: hardly anything was told: {unasked:?}");
    // Of \Recent each message has one at most; in all else they agree.
    let mut recent = BTreeSet::new();
    for known in believers.iter_mut().flat_map(|believer| &mut believer.view) {
        if known.flags.as_mut().is_some_and(|flags| flags.remove("\\Recent")) {
            assert!(recent.insert(known.uid), "seed {seed}: {:?} is recent twice", known.uid);
        }
    }
    let mut views = believers.iter().map(|believer| &believer.view);
    let first = views.next().unwrap();
    assert!(views.all(|view| view == first), "seed {seed}: sessions differ at the end");
}

#[tokio::test]
async fn sessions_agree_with_each_other() {
    for seed in [1, 20_261_123, 9_051] {
        run(seed).await;
    }
}
