//! MULTISEARCH (RFC 7377): ESEARCH looks into many mailboxes at once, whatever mailbox is open.
//!
//! Only what may be listed and read is looked into; of the rest nothing is said.

use super::messagelimit::{self, Partial};
use super::{Extension, When, context};
use crate::command::list::{self, Home};
use crate::command::search::result::Telling;
use crate::command::search::scope::Scope;
use crate::command::search::{Program, found_in, highest_in};
use crate::command::{Sequences, States, Verb};
use crate::limits::SEARCH_MAILBOX_COUNT_MAX;
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::mailboxes::{self, Facts, Filter};
use model::{CollectionId, Rights};
use store::{Mailbox, Reader};

pub(super) const EXTENSION: Extension = Extension {
    name: "MULTISEARCH",
    rfc: "RFC 7377",
    capability: Some("MULTISEARCH"),
    when: When::LoggedIn,
    commands: &[Verb {
        name: "ESEARCH",
        uid: false,
        states: States::LOGGED_IN,
        sequences: Sequences::Used,
        run: |session, cursor| Box::pin(run(session, cursor)),
    }],
    ..Extension::PLAIN
};

async fn run(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    let sources = sources(&mut cursor)?;
    let mut program = Program::of_search(session, &mut cursor)?;
    let with_selected = sources.contains(&Filter::Selected);
    let saves = program.options.as_ref().is_some_and(|options| options.save);
    let updates = program.options.as_ref().is_some_and(|options| options.update.is_some());
    if saves && (!with_selected || sources.len() > 1) {
        return Err(Failure::Bad("SAVE is for the open mailbox alone"));
    }
    if (with_selected || updates) && session.selected.is_none() {
        return Err(Failure::Bad("No mailbox is selected"));
    }
    if let Err(refused) = program.ready(session).await? {
        return Ok(refused);
    }
    let open = session.selected.as_ref().map(|selected| (selected.mailbox.account(), selected.mailbox.id()));
    let chosen = chosen(session, &sources, with_selected).await?;
    let (most, is_one) = (program.most, chosen.len() == 1);
    // Nothing is told or kept of a search that may still be refused.
    let (mut held, mut kept) = (Vec::new(), None);
    for Source { path, reader, id } in chosen {
        let is_open = open == Some((reader.account(), id));
        let scope = match is_open {
            true => session.scope().await?,
            false => {
                let mailbox = reader.open::<Mailbox>(id, Rights::READ).await?;
                let table = session.context.tables.at(&reader, &mailbox, None).await?;
                Scope::closed(reader, mailbox, table)
            }
        };
        let found = found_in(session, &scope, &mut program).await?;
        if let (Some(_), Some(most), false) = (program.partial, most, is_one) {
            // RFC 9738 3.1: a UID does not say how far several mailboxes were searched.
            return Ok(messagelimit::refused(most));
        }
        program.most = program.most.map(|most| most.saturating_sub(program.looked_at));
        // RFC 7377 2.1: nothing is said of mailboxes where nothing was found; `$` is empty all the same.
        if found.is_empty() && !saves {
            kept = if is_open { Some((found, path, scope.mailbox.row().uid_validity)) } else { kept };
            continue;
        }
        let modseq = highest_in(&scope, &program, &found).await?;
        let validity = scope.mailbox.row().uid_validity;
        let mailbox = Some((path.as_str(), validity));
        let mark = session.connection.out.len();
        program.tell(session, &found, &Telling { word: "SEARCH", by_uid: true, modseq, mailbox })?;
        if found.is_empty() {
            session.connection.out.truncate(mark);
        }
        if most.is_some() {
            held.extend_from_slice(session.connection.out.bytes().get(mark..).unwrap_or_default());
            session.connection.out.truncate(mark);
        }
        kept = if is_open { Some((found, path, validity)) } else { kept };
        session.connection.flush_if_large().await?;
    }
    if let Some((found, path, validity)) = kept.filter(|_| updates) {
        let how = context::How { by_uid: true, criteria: &[], mailbox: Some((path, validity)) };
        context::begin(session, &program, &found, how).await?;
    }
    session.connection.out.raw(held);
    Ok(Partial::conclude(program.partial, session, Done::told("ESEARCH completed")))
}

/// ` IN (mailboxes "folder1" subtree "folder2")`, if it is there; else the open mailbox.
fn sources(cursor: &mut Cursor<'_>) -> Parsed<Vec<Filter>> {
    let mut ahead = *cursor;
    ahead.space()?;
    if !ahead.word("IN") {
        return Ok(vec![Filter::Selected]);
    }
    ahead.space()?;
    ahead.expect(b'(', "Expected a list of sources")?;
    let (mut found, mut names) = (Vec::new(), 0);
    loop {
        if ahead.peek() == Some(b'(') {
            return Err(Failure::Bad("Unknown scope option"));
        }
        match mailboxes::filter(&mut ahead, &mut names)? {
            Filter::SelectedDelayed => return Err(Failure::Bad("Unknown choice of mailboxes")),
            filter if found.contains(&filter) => {}
            filter => found.push(filter),
        }
        if ahead.eat(b')') {
            *cursor = ahead;
            return Ok(found);
        }
        ahead.space()?;
    }
}

/// A mailbox that is looked into.
struct Source {
    path: String,
    reader: Reader,
    id: CollectionId,
}

/// The mailboxes of the sources, each once.
async fn chosen(
    session: &mut Session,
    sources: &[Filter],
    with_selected: bool,
) -> Result<Vec<Source>, Failure> {
    let open = session.selected.as_ref().map(|selected| (selected.mailbox.account(), selected.mailbox.id()));
    let listing = list::names(session, false).await?;
    let is_there: &(dyn Fn(&str) -> bool + Sync) =
        &|path| listing.names.get(&list::Place::new(path)).is_some_and(|name| name.row.is_some());
    let mut chosen = Vec::new();
    for (place, name) in &listing.names {
        let (Some(row), Some(Home { reader, .. })) = (&name.row, listing.homes.get(name.home)) else {
            continue;
        };
        let facts =
            Facts { path: &place.path, is_own: name.home == 0, subscribed: name.subscribed, is_there };
        let is_open = with_selected && open == Some((reader.account(), name.id));
        let covered = is_open || sources.iter().any(|source| source.covers(facts));
        if !covered || !reader.rights_on(row).contains(Rights::READ) {
            continue;
        }
        if chosen.len() >= SEARCH_MAILBOX_COUNT_MAX {
            // RFC 7377 2.4
            return Err(Failure::No(Some("LIMIT"), "Too many mailboxes"));
        }
        chosen.push(Source { path: place.path.clone(), reader: reader.clone(), id: name.id });
    }
    Ok(chosen)
}
