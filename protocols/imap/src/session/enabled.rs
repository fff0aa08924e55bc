//! What a client has said that it understands (RFC 5161), as far as it changes what it is told.

use super::Session;

bitflags::bitflags! {
    /// Extensions that are on in a session.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Enabled: u8 {
        /// RFC 7162 3.1: every change of flags is told with its MODSEQ.
        const CONDSTORE = 1;
        /// RFC 7162 3.2: removals are told as VANISHED, by UID.
        const QRESYNC = 2;
        /// RFC 9586: no sequence numbers, in either direction.
        const UIDONLY = 4;
        /// RFC 9755: names and strings are UTF-8.
        const UTF8 = 8;
    }
}

impl Session {
    /// Whether something is on.
    pub(crate) fn has(&self, what: Enabled) -> bool {
        self.enabled.contains(what)
    }

    /// Switches CONDSTORE on, by whichever command speaks of Modseqs first (RFC 7162 3.1).
    pub(crate) fn enable_condstore(&mut self) {
        if self.has(Enabled::CONDSTORE) {
            return;
        }
        self.enabled |= Enabled::CONDSTORE;
        if let Some(selected) = &self.selected {
            let out = &mut self.connection.out;
            out.raw(b"* OK [HIGHESTMODSEQ ")
                .number(selected.view.modseq.0)
                .raw(b"] ")
                .say("From now on")
                .crlf();
        }
    }
}
