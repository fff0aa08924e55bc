//! ACL (RFC 4314): who may do what with a mailbox, seen and set by those who hold its `a` right.
//!
//! Identifiers are addresses of accounts and groups, and `anyone`. The owner has every right, always. Rights that
//! take something away ("negative rights", `-identifier`) are not kept: such identifiers are unknown.

use super::{Extension, When};
use crate::command::{Sequences, States, Verb};
use crate::reply::{Done, Failure, Outcome};
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed, utf8_of};
use crate::wire::encoder::Output;
use model::{AccountId, Address, Rights};
use std::borrow::Cow;
use store::{Collection, Mailbox, Reader};

pub(super) const EXTENSION: Extension = Extension {
    name: "ACL",
    rfc: "RFC 4314",
    capability: Some("ACL"),
    when: When::LoggedIn,
    commands: &[
        verb("SETACL", |session, cursor| Box::pin(set(session, cursor, true))),
        verb("DELETEACL", |session, cursor| Box::pin(set(session, cursor, false))),
        verb("GETACL", |session, cursor| Box::pin(get(session, cursor))),
        verb("LISTRIGHTS", |session, cursor| Box::pin(list(session, cursor))),
        verb("MYRIGHTS", |session, cursor| Box::pin(mine(session, cursor))),
    ],
    ..Extension::PLAIN
};

/// `RIGHTS=`: the rights that RFC 2086 did not have (RFC 4314 1).
pub(super) const RIGHTS: Extension = Extension {
    name: "RIGHTS=",
    rfc: "RFC 4314",
    capability: Some("RIGHTS=texk"),
    when: When::LoggedIn,
    needs: &["ACL"],
    ..Extension::PLAIN
};

type Run = for<'a> fn(&'a mut Session, Cursor<'a>) -> futures_util::future::BoxFuture<'a, Outcome>;

const fn verb(name: &'static str, run: Run) -> Verb {
    Verb { name, uid: false, states: States::LOGGED_IN, sequences: Sequences::Free, run }
}

/// Letters by right (RFC 4314 2.1), in the order they are told.
const LETTERS: &[(char, Rights)] = &[
    ('l', Rights::LOOKUP),
    ('r', Rights::READ),
    ('s', Rights::SEEN),
    ('w', Rights::WRITE),
    ('i', Rights::INSERT),
    ('p', Rights::POST),
    ('k', Rights::CREATE),
    ('x', Rights::REMOVE),
    ('t', Rights::DELETE),
    ('e', Rights::EXPUNGE),
    ('a', Rights::ADMINISTER),
];

/// RFC 2086's `c`: what it stands for here (RFC 4314 2.1.1).
const OLD_CREATE: Rights = Rights::CREATE.union(Rights::REMOVE);
/// RFC 2086's `d`.
const OLD_DELETE: Rights = Rights::DELETE.union(Rights::EXPUNGE);

/// Rights as they are told. `old`: with the letters of RFC 2086 for those clients that know no other.
pub(crate) fn letters(rights: Rights, old: bool) -> String {
    let told = LETTERS.iter().filter(|(_, right)| rights.contains(*right)).map(|(letter, _)| *letter);
    let mut text: String = told.collect();
    if old && rights.intersects(OLD_CREATE) {
        text.push('c');
    }
    if old && rights.intersects(OLD_DELETE) {
        text.push('d');
    }
    text
}

/// Rights as a client writes them.
fn rights(text: &str) -> Parsed<Rights> {
    let mut rights = Rights::empty();
    for letter in text.chars() {
        rights |= match letter {
            'c' => OLD_CREATE,
            'd' => OLD_DELETE,
            _ => match LETTERS.iter().find(|(known, _)| *known == letter) {
                Some((_, right)) => *right,
                // RFC 4314 3.1: an unrecognized right MUST get BAD, and nothing is changed.
                None => return Err(Failure::Bad("Unknown right")),
            },
        };
    }
    Ok(rights)
}

/// An identifier as the client sends it. One that SASLprep (RFC 4013) forbids or makes nothing of is BAD (RFC 4314 3).
fn identifier<'a>(cursor: &mut Cursor<'a>) -> Parsed<Cow<'a, str>> {
    let text = utf8_of(cursor.astring()?)?;
    match stringprep::saslprep(&text) {
        Ok(prepared) if !prepared.is_empty() => {}
        _ => return Err(Failure::Bad("Not an identifier")),
    }
    Ok(text)
}

/// Who an identifier is.
///
/// # Errors
/// NO for nobody of that name: whoever may grant may know who is there.
async fn identified(session: &Session, identifier: &str) -> Result<AccountId, Failure> {
    if identifier == "anyone" {
        return Ok(AccountId::ANYONE);
    }
    let unknown = Failure::No(Some("CANNOT"), "Nobody of that name is known here");
    let address = Address::parse(identifier).map_err(|_| unknown)?;
    let found = session.context.directory.by_address(&address).await?;
    Ok(found.filter(|found| found.address == address).ok_or(unknown)?.id)
}

/// The mailbox of a name, to be administered; with the snapshot it was found in.
async fn administered(session: &Session, name: &str) -> Result<(Reader, Collection<Mailbox>), Failure> {
    let place = session.place(name).await?;
    let reader = session.reader_of(place.account).await?;
    let mailbox = reader.open_mailbox(&place.path, Rights::ADMINISTER).await?;
    Ok((reader, mailbox))
}

async fn set(session: &mut Session, mut cursor: Cursor<'_>, with_rights: bool) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let identifier = identifier(&mut cursor)?;
    let mut change = String::new();
    if with_rights {
        cursor.space()?;
        change = utf8_of(cursor.astring()?)?.into_owned();
    }
    cursor.end()?;
    // RFC 4314 3.1: `+` adds, `-` takes away, neither replaces.
    let (sign, text) = match change.split_at_checked(1) {
        Some((sign @ ("+" | "-"), rest)) => (sign, rest),
        _ => ("", change.as_str()),
    };
    let named = rights(text)?;
    let place = session.place(&name).await?;
    let mut writer = session.writer_of(place.account).await?;
    let mailbox = writer.open_mailbox(&place.path, Rights::ADMINISTER).await?;
    let to = identified(session, &identifier).await?;
    let had = writer.grants(&mailbox).await?.into_iter().find(|(other, _)| *other == to);
    let had = had.map_or(Rights::empty(), |(_, rights)| rights);
    let now = match sign {
        "+" => had | named,
        "-" => had - named,
        _ => named,
    };
    if to == place.account && (sign == "+" || now == Rights::OWNER) {
        return Ok(Done::told("The owner has every right"));
    }
    writer.grant(&mailbox, to, now).await?;
    let proof = writer.commit(()).await?;
    Ok(Done::changed(&proof, if with_rights { "SETACL completed" } else { "DELETEACL completed" }))
}

async fn get(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    let (reader, mailbox) = administered(session, &name).await?;
    let mut told = vec![(mailbox.account(), Rights::OWNER)];
    told.extend(reader.grants(&mailbox).await?);
    let mut list = Vec::new();
    for (id, rights) in told {
        if id == AccountId::ANYONE {
            list.push(("anyone".to_owned(), rights));
        } else if let Some(account) = session.context.directory.account(id).await? {
            // What was granted to an account that is gone is nobody's.
            list.push((account.address.to_string(), rights));
        }
    }
    let out = &mut session.connection.out;
    out.raw(b"* ACL ").mailbox(&name);
    for (identifier, rights) in list {
        out.raw(b" ");
        out.astring(identifier.as_bytes()).raw(b" ").raw(letters(rights, true));
    }
    out.crlf();
    Ok(Done::told("GETACL completed"))
}

async fn list(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.space()?;
    let identifier = identifier(&mut cursor)?;
    cursor.end()?;
    let (_, mailbox) = administered(session, &name).await?;
    let to = identified(session, &identifier).await?;
    let out = &mut session.connection.out;
    out.raw(b"* LISTRIGHTS ").mailbox(&name).raw(b" ");
    out.astring(identifier.as_bytes());
    if to == mailbox.account() {
        // RFC 4314 3.7: those it always has.
        out.raw(b" ").raw(letters(Rights::OWNER, true));
    } else {
        // None is always there, each can be granted by itself; `c` and `d` are tied to others (RFC 4314 2.1.1).
        out.raw(b" \"\"");
        for (letter, _) in LETTERS {
            out.raw(b" ").raw(letter.to_string());
        }
        out.raw(b" c d");
    }
    out.crlf();
    Ok(Done::told("LISTRIGHTS completed"))
}

async fn mine(session: &mut Session, mut cursor: Cursor<'_>) -> Outcome {
    cursor.space()?;
    let name = cursor.mailbox()?;
    cursor.end()?;
    let place = session.place(&name).await?;
    let reader = session.reader_of(place.account).await?;
    let mailbox = reader.open_mailbox(&place.path, Rights::empty()).await?;
    tell_mine(&mut session.connection.out, &name, mailbox.rights());
    Ok(Done::told("MYRIGHTS completed"))
}

/// `* MYRIGHTS name letters`
pub(super) fn tell_mine(out: &mut Output, name: &str, rights: Rights) {
    out.raw(b"* MYRIGHTS ").mailbox(name).raw(b" ").raw(letters(rights, true)).crlf();
}
