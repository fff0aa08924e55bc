//! CREATE-SPECIAL-USE (RFC 6154 3): `CREATE name (USE (\\Archive))`.

use super::{Extension, When};
use crate::reply::Failure;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::words::OptionWord;
use model::SpecialUse;
use store::NewCollection;

pub(super) const EXTENSION: Extension = Extension {
    name: "CREATE-SPECIAL-USE",
    rfc: "RFC 6154",
    capability: Some("CREATE-SPECIAL-USE"),
    when: When::LoggedIn,
    needs: &["SPECIAL-USE"],
    create: &[OptionWord { name: "USE", parse: uses }],
    codes: &["USEATTR"],
    ..Extension::PLAIN
};

const USES: [(&str, SpecialUse); 7] = [
    ("All", SpecialUse::All),
    ("Archive", SpecialUse::Archive),
    ("Drafts", SpecialUse::Drafts),
    ("Flagged", SpecialUse::Flagged),
    ("Junk", SpecialUse::Junk),
    ("Sent", SpecialUse::Sent),
    ("Trash", SpecialUse::Trash),
];

/// ` (\\Drafts)`; a mailbox has one use or none.
fn uses(cursor: &mut Cursor<'_>, new: &mut NewCollection) -> Parsed<()> {
    cursor.space()?;
    cursor.expect(b'(', "Expected a list of uses")?;
    while cursor.eat(b' ') {}
    while !cursor.eat(b')') {
        cursor.expect(b'\\', "Expected a use")?;
        let name = cursor.atom()?;
        let known = USES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, wanted) = known.ok_or(Failure::No(Some("USEATTR"), "Unknown use"))?;
        if new.special_use.replace(*wanted).is_some_and(|other| other != *wanted) {
            return Err(Failure::No(Some("USEATTR"), "One use for a mailbox"));
        }
        while cursor.eat(b' ') {}
    }
    Ok(())
}
