//! APPENDLIMIT (RFC 7889): one limit for every mailbox, told in CAPABILITY and STATUS.

use super::{Extension, When};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::words::StatusWord;

pub(super) const EXTENSION: Extension = Extension {
    name: "APPENDLIMIT",
    rfc: "RFC 7889",
    capability: Some("APPENDLIMIT=67108864"),
    when: When::LoggedIn,
    status: &[StatusWord {
        name: "APPENDLIMIT",
        asked: None,
        value: |out, _, _| {
            out.number(MESSAGE_BYTES_MAX);
        },
    }],
    ..Extension::PLAIN
};
