//! The occurrences of one master: all rules and dates in order, each once, exceptions taken out.

use super::occurrences::Occurrences;
use super::rule::Rule;
use super::series::{Length, Master};
use crate::icalendar::limits::RECURRENCE_STEP_MAX;
use crate::icalendar::time::Local;
use std::iter::Peekable;

/// One rule's occurrences with the next one at hand.
struct Head {
    occurrences: Occurrences,
    next: Option<Local>,
}

impl Head {
    fn of(mut occurrences: Occurrences) -> Self {
        Self { next: occurrences.next(), occurrences }
    }

    fn pass(&mut self, gone: impl Fn(Local) -> bool) {
        while self.next.is_some_and(&gone) {
            self.next = self.occurrences.next();
        }
    }
}

/// The occurrences of all rules and dates of a master, exceptions taken out, in order.
pub(super) struct Merged<'m> {
    master: &'m Master,
    rules: Vec<Head>,
    unless: Vec<Head>,
    dates: Peekable<std::collections::btree_map::Range<'m, Local, Option<Length>>>,
    first: Option<Local>,
    pulled: u32,
    /// Whether a limit ended it; there may be more.
    pub(super) exhausted: bool,
}

impl<'m> Merged<'m> {
    pub(super) fn of(master: &'m Master, from: Option<Local>) -> Self {
        let start = master.timing.at.local;
        let from = from.unwrap_or(Local::MIN);
        let walk = |rules: &[Rule]| -> Vec<_> {
            rules.iter().map(|rule| Head::of(Occurrences::new(rule.clone(), start, Some(from)))).collect()
        };
        Self {
            rules: walk(&master.rules),
            unless: walk(&master.unless),
            dates: master.dates.range(from..).peekable(),
            first: (start >= from).then_some(start),
            pulled: 0,
            exhausted: false,
            master,
        }
    }

    /// The next occurrence and its own length, when it has one.
    pub(super) fn next(&mut self) -> Option<(Local, Option<Length>)> {
        loop {
            self.pulled = self.pulled.saturating_add(1);
            if self.pulled > RECURRENCE_STEP_MAX {
                self.exhausted = true;
                return None;
            }
            let rule = self.rules.iter().filter_map(|rule| rule.next).min();
            let date = self.dates.peek().map(|(local, _)| **local);
            let Some(local) = [self.first, rule, date].into_iter().flatten().min() else {
                self.exhausted = self.rules.iter().any(|rule| rule.occurrences.is_exhausted());
                return None;
            };
            let mut length = None;
            self.first.take_if(|first| *first == local);
            for rule in &mut self.rules {
                rule.pass(|next| next <= local);
            }
            if date == Some(local) {
                length = self.dates.next().and_then(|(_, length)| *length);
            }
            let mut excluded =
                self.master.except.contains(&local) || self.master.except_days.contains(&local.days());
            for rule in &mut self.unless {
                rule.pass(|next| next < local);
                excluded |= rule.next == Some(local);
            }
            if !excluded {
                return Some((local, length));
            }
        }
    }
}
