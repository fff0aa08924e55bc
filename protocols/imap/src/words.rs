//! What an extension can add to commands that are there already: words with what they do.
//!
//! The grammars in `wire/decoder/` know the words of RFC 9051 and ask [`crate::extension`] for every other one.
//! So a FETCH item, a SEARCH key, a STATUS item, an option or a modifier stands in one `const` of one file.

use crate::command::search::matching::Facts;
use crate::reply::Failure;
use crate::session::Session;
use crate::wire::decoder::cursor::{Cursor, Parsed};
use crate::wire::decoder::search::{Budget, SearchKey};
use crate::wire::encoder::Output;
use futures_util::future::BoxFuture;
use model::{AccountId, CollectionId};
use std::fmt;
use std::sync::Arc;
use store::{CollectionRow, MessageRecord, MessageRow, Reader};

/// A word that is found by its name.
pub(crate) trait Word: 'static {
    /// Its name, in capitals.
    fn name(&self) -> &'static str;
}

/// The word of that name in any case, among those of all extensions.
pub(crate) fn find<W: Word>(words: impl Iterator<Item = &'static [W]>, name: &str) -> Option<&'static W> {
    words.flatten().find(|word| word.name().eq_ignore_ascii_case(name))
}

/// An option, parameter or modifier: it reads its argument and notes in `T` what it asks for.
pub(crate) struct OptionWord<T: 'static> {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Reads what stands behind the name, its space included.
    pub parse: fn(&mut Cursor<'_>, &mut T) -> Parsed<()>,
}

impl<T> Word for OptionWord<T> {
    fn name(&self) -> &'static str {
        self.name
    }
}

/// A FETCH item.
pub(crate) struct FetchWord {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Reads what may stand behind the name; it changes nothing of the value.
    pub argument: Option<fn(&mut Cursor<'_>) -> Parsed<()>>,
    /// What asking for it does to the session.
    pub asked: Option<fn(&mut Session)>,
    /// What is told behind the name and a space.
    pub value: FetchValue,
}

/// How the value of a FETCH item is made.
pub(crate) enum FetchValue {
    /// From the mailbox's row.
    Row(fn(&mut Output, AccountId, &MessageRow)),
    /// From what the future reads.
    Read(ReadRow),
    /// From the message's record, and what the future reads.
    Record(ReadRecord),
}

/// Writes a value that must be read first.
pub(crate) type ReadRow =
    for<'a> fn(&'a mut Session, &'a Reader, &'a MessageRow) -> BoxFuture<'a, Result<(), Failure>>;

/// The same, where the message's record is at hand.
pub(crate) type ReadRecord = for<'a> fn(
    &'a mut Session,
    &'a Reader,
    &'a MessageRow,
    &'a MessageRecord,
) -> BoxFuture<'a, Result<(), Failure>>;

impl Word for FetchWord {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for FetchWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for FetchWord {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for FetchWord {}

/// A SEARCH key.
pub(crate) struct SearchWord {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Reads what stands behind the name, its space included; keys inside are read with the budget and one
    /// level deeper.
    pub parse: fn(&mut Cursor<'_>, &mut Budget, usize) -> Parsed<SearchKey>,
}

impl Word for SearchWord {
    fn name(&self) -> &'static str {
        self.name
    }
}

/// A condition of a SEARCH key of an extension.
pub(crate) trait Condition: fmt::Debug + Send + Sync {
    /// Whether the message matches; `None` when the facts do not say yet.
    fn judge(&self, facts: &Facts<'_>) -> Option<bool>;

    /// Whether a message of that UID may match, as far as the UID alone says.
    fn may_be(&self, _uid: u32) -> bool {
        true
    }

    /// Whether the message's thread must be read for it.
    fn asks_thread(&self) -> bool {
        false
    }

    /// Whether the answer must name the highest Modseq of what was found (RFC 7162 3.1.5).
    fn tells_modseq(&self) -> bool {
        false
    }
}

/// A condition as the tree of keys holds it.
pub(crate) type SharedCondition = Arc<dyn Condition>;

/// Where a mailbox is: its number alone says little, since others' mailboxes are seen as well.
pub(crate) type MailboxPlace = (AccountId, CollectionId);

/// A STATUS item.
pub(crate) struct StatusWord {
    /// Its name, in capitals.
    pub name: &'static str,
    /// What asking for it does to the session.
    pub asked: Option<fn(&mut Session)>,
    /// Writes what stands behind the name and a space.
    pub value: fn(&mut Output, MailboxPlace, &CollectionRow),
}

impl Word for StatusWord {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for StatusWord {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for StatusWord {}

/// A LIST return option that is told in a reply of its own behind each LIST.
pub(crate) struct ListWord {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Reads what stands behind the name, its space included; the strings go to [`ListWord::tell`].
    pub parse: fn(&mut Cursor<'_>) -> Parsed<Vec<String>>,
    /// Tells it of one mailbox.
    pub tell: for<'a> fn(&'a mut Session, &'a Listed<'a>) -> BoxFuture<'a, Result<(), Failure>>,
}

/// A mailbox that LIST has just told of.
pub(crate) struct Listed<'a> {
    /// The snapshot.
    pub reader: &'a Reader,
    /// Its path.
    pub path: &'a str,
    /// Its number.
    pub id: CollectionId,
    /// Its record.
    pub row: &'a CollectionRow,
    /// What stood behind the option.
    pub argument: &'a [String],
}

impl Word for ListWord {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for ListWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for ListWord {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for ListWord {}
