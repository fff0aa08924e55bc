//! What a client does to calendars: one object per UID, whoever comes first.

use crate::{
    client::{Client, Did},
    history::{File, State},
};
use format::icalendar::{object::Kind, span::Span};
use model::{CollectionId, Error};
use std::collections::BTreeMap;
use store::{CalendarFacts, Collection, NewObject};

/// The name under which the model keeps an object's UID.
pub(crate) const UID: &str = "uid";

impl Client {
    fn calendar_of(&mut self, state: &State) -> CollectionId {
        let ids: Vec<_> = state.calendars.keys().copied().collect();
        *self.pick(&ids).unwrap()
    }

    pub(crate) async fn put_event(&mut self) -> Did {
        let account = self.account();
        let (body, bytes) = self.body().await?;
        let hash = body.hash;
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.calendar_of(&state), self.name());
        let uid = format!("u{}", self.below(6));
        let first = i64::try_from(self.dice.below(1 << 31)).unwrap();
        let last = if self.dice.once_in(4) { i64::MAX } else { first + 3_600 };
        let span = Span { kind: Kind::Event, first, last, floating: false, exact: true };
        let calendar = self.open(&writer, id).await?;
        let new = NewObject { body, content_type: "text/calendar".to_owned(), modified: None, mark: 0 };
        let facts = CalendarFacts { uid: uid.clone(), span };
        let put = writer.put_calendar_object(&calendar, &name, new, &facts).await;
        let objects = &state.calendars[&id].files;
        let before = objects.get(&name).map_or(0, |old| old.bytes);
        let taken = objects.iter().any(|(other, file)| *other != name && file.properties[UID] == uid);
        let over = bytes > before && state.limit.is_some_and(|limit| state.used() - before + bytes > limit);
        let wrong = if taken { Some(Error::Conflict) } else { over.then_some(Error::OverQuota) };
        if self.expect_or(put, wrong)?.is_none() {
            return Ok(());
        }
        let calendar = state.calendars.get_mut(&id).unwrap();
        let properties = BTreeMap::from([(UID.to_owned(), uid)]);
        calendar.files.insert(name, File { hash, bytes, properties });
        calendar.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    pub(crate) async fn remove_event(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (id, name) = (self.calendar_of(&state), self.name());
        let calendar: Collection<store::Calendar> = self.open(&writer, id).await?;
        let removed = writer.remove_calendar_object(&calendar, &name).await;
        let missing = !state.calendars[&id].files.contains_key(&name);
        if self.expect_or(removed, missing.then_some(Error::NotFound))?.is_none() {
            return Ok(());
        }
        let calendar = state.calendars.get_mut(&id).unwrap();
        calendar.files.remove(&name);
        calendar.modseq = writer.modseq();
        self.commit(writer, state).await
    }

    pub(crate) async fn move_event(&mut self) -> Did {
        let account = self.account();
        let (mut writer, mut state) = self.begin(account).await?;
        let (from, to) = (self.calendar_of(&state), self.calendar_of(&state));
        let (name, new) = (self.name(), self.name());
        let Some(event) = state.calendars[&from].files.get(&name).cloned() else { return Ok(()) };
        let target = &state.calendars[&to].files;
        let taken = target.contains_key(&new);
        let uid = &event.properties[UID];
        let doubled = from != to && target.values().any(|other| other.properties[UID] == *uid);
        if taken && doubled {
            // Either refusal is right.
            return Ok(());
        }
        let (source, goal) = (self.open(&writer, from).await?, self.open(&writer, to).await?);
        let moved = writer.move_calendar_object((&source, &name), (&goal, &new)).await;
        let wrong = if taken { Some(Error::Exists) } else { doubled.then_some(Error::Conflict) };
        if self.expect_or(moved, wrong)?.is_none() {
            return Ok(());
        }
        let source = state.calendars.get_mut(&from).unwrap();
        source.files.remove(&name);
        source.modseq = writer.modseq();
        let goal = state.calendars.get_mut(&to).unwrap();
        goal.files.insert(new, event);
        goal.modseq = writer.modseq();
        self.commit(writer, state).await
    }
}
