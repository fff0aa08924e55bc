//! APPENDLIMIT (RFC 7889): one limit for every mailbox, told in CAPABILITY and STATUS.

use super::{Extension, When};

pub(super) const EXTENSION: Extension = Extension {
    name: "APPENDLIMIT",
    rfc: "RFC 7889",
    capability: Some("APPENDLIMIT=67108864"),
    when: When::LoggedIn,
    ..Extension::PLAIN
};
