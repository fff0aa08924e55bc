//! How a message, its flags and its removal are told in this session: by number or by UID, with its Modseq or
//! without (RFC 9051 7.5, RFC 7162 3.2.10, RFC 9586 3.3).

use super::Session;
use super::enabled::Enabled;
use super::table::Table;
use crate::reply::{Done, Failure};
use crate::wire::encoder::Output;
use model::{Modseq, Uid};
use store::Reader;

impl Session {
    /// `* n FETCH (`, or `* uid UIDFETCH (` where numbers are not used.
    pub(crate) fn begin_fetch(&mut self, place: usize, uid: u32) -> &mut Output {
        let by_uid = self.has(Enabled::UIDONLY);
        let out = &mut self.connection.out;
        if by_uid {
            out.raw(b"* ").number(uid).raw(b" UIDFETCH (")
        } else {
            out.raw(b"* ").number(place as u64 + 1).raw(b" FETCH (")
        }
    }

    /// The Modseqs of messages, ascending UIDs; `None` where the session is not told of them.
    ///
    /// # Errors
    /// `Unavailable`, `Corrupt`.
    pub(crate) async fn modseqs(
        &mut self,
        reader: &Reader,
        table: &Table,
        uids: &[Uid],
    ) -> Result<Option<Vec<Modseq>>, Failure> {
        if !self.has(Enabled::CONDSTORE) || uids.is_empty() {
            return Ok(None);
        }
        let mailbox = self.selected()?.mailbox.clone();
        let rows = table.rows(reader, &mailbox, uids).await?;
        Ok(Some(rows.into_iter().map(|row| row.map_or(Modseq(0), |row| row.modseq)).collect()))
    }

    /// Whether removals are told by UID.
    pub(crate) fn tells_vanished(&self) -> bool {
        self.enabled.intersects(Enabled::QRESYNC | Enabled::UIDONLY)
    }

    /// A removal that succeeded: a client that keeps states is told the one it has reached (RFC 7162 3.2.7).
    pub(crate) fn with_state(&self, done: Done, state: Modseq) -> Done {
        if self.has(Enabled::QRESYNC) && done.code.is_none() {
            return done.with_code(format!("HIGHESTMODSEQ {state}"));
        }
        done
    }
}
