//! Every limit of this door on what grows from the network, by name.
//!
//! The figures follow what Dovecot, Cyrus and mox allow, or the real clients' needs where these are larger.

use std::time::Duration;

/// The longest line of a command, without literals (RFC 9051 4: 8,000 octets at least).
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;
/// The largest literal that is not a message, after login.
pub(crate) const LITERAL_BYTES_MAX: u64 = 128 * 1024;
/// The most octets of one command, lines and literals together, messages not counted.
pub(crate) const COMMAND_BYTES_MAX: usize = 1024 * 1024;
/// The most octets of one command before login.
pub(crate) const COMMAND_BYTES_BEFORE_LOGIN_MAX: usize = 8 * 1024;
/// The largest literal that the client may send without waiting where LITERAL- is told (RFC 7888 5).
pub(crate) const LITERAL_UNASKED_BYTES_MAX: u64 = 4_096;
/// The most literals in one command.
pub(crate) const LITERAL_COUNT_MAX: usize = 1_000;
/// The largest literal that is read and thrown away so that the session can go on; behind it comes BYE.
pub(crate) const SWALLOW_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// The largest message, in octets; told as APPENDLIMIT (RFC 7889).
pub(crate) const MESSAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How deep parentheses may nest in a command after login.
pub(crate) const NESTING_MAX: usize = 16;
/// The most keys of one SEARCH.
pub(crate) const SEARCH_KEY_COUNT_MAX: usize = 1_000;
/// The most BODY and TEXT keys among them.
pub(crate) const SEARCH_TEXT_COUNT_MAX: usize = 100;
/// Messages that one commit of STORE, EXPUNGE, CLOSE or MOVE changes: more are committed page by page, each message
/// whole, so that any number fits and others come in between.
pub(crate) const CHANGE_PAGE_COUNT: usize = 4_096;
/// As above for MOVE into another account, which writes the messages' records anew.
pub(crate) const MOVE_AWAY_PAGE_COUNT: usize = 512;
/// The most words of all FUZZY strings of one search: each is held against every word of a message.
pub(crate) const FUZZY_WORDS_OF_SEARCH_COUNT_MAX: usize = 32;
/// The most messages that come or change at once for which results are kept up to date.
pub(crate) const UPDATE_CHANGE_COUNT_MAX: usize = 1_000;
/// The most words of one FUZZY string; a longer one is looked for exactly.
pub(crate) const FUZZY_WORD_COUNT_MAX: usize = 16;
/// The most messages of one APPEND (RFC 3502).
pub(crate) const APPEND_COUNT_MAX: usize = 1_000;
/// The lowest bound that an installation may set on the messages of one command (RFC 9738 3).
pub(crate) const MESSAGE_LIMIT_MIN: u32 = 1_000;
/// The most parts of one CATENATE.
pub(crate) const CATENATE_PART_COUNT_MAX: usize = 1_000;
/// The longest URL that comes as a literal.
pub(crate) const URL_BYTES_MAX: u64 = 4 * 1024;
/// The most criteria of one SORT.
pub(crate) const SORT_KEY_COUNT_MAX: usize = 32;
/// Octets of a message that PREVIEW reads, at the most, to find what it says.
pub(crate) const PREVIEW_BYTES_MAX: u64 = 256 * 1024;
/// The most octets of the items that UPDATE or NOTIFY has told of messages that come: they are kept.
pub(crate) const KEPT_ITEMS_BYTES_MAX: usize = 8 * 1024;
/// The most items of one FETCH.
pub(crate) const FETCH_ITEM_COUNT_MAX: usize = 256;
/// The most field names in one HEADER.FIELDS.
pub(crate) const HEADER_FIELD_COUNT_MAX: usize = 512;
/// The deepest part number.
pub(crate) const PART_DEPTH_MAX: usize = 100;
/// The most patterns of one LIST.
pub(crate) const LIST_PATTERN_COUNT_MAX: usize = 64;
/// The longest LIST pattern, in octets.
pub(crate) const LIST_PATTERN_BYTES_MAX: usize = 1_024;
/// The longest mailbox name on the wire, in octets.
pub(crate) const MAILBOX_NAME_BYTES_MAX: usize = 1_024;
/// The longest tag.
pub(crate) const TAG_BYTES_MAX: usize = 128;
/// The most mailbox names of one ESEARCH or NOTIFY.
pub(crate) const MAILBOX_NAME_COUNT_MAX: usize = 1_000;
/// The most mailboxes that one ESEARCH looks into.
pub(crate) const SEARCH_MAILBOX_COUNT_MAX: usize = 1_000;
/// The most groups of events of one NOTIFY.
pub(crate) const NOTIFY_GROUP_COUNT_MAX: usize = 64;
/// The most mailboxes that a session is told of by NOTIFY.
pub(crate) const NOTIFY_MAILBOX_COUNT_MAX: usize = 2_000;
/// The most annotations of those mailboxes together.
pub(crate) const NOTIFY_ENTRY_COUNT_MAX: usize = 10_000;
/// How often NOTIFY looks whether somebody new shares mailboxes.
pub(crate) const NOTIFY_SHARING_INTERVAL: Duration = Duration::from_secs(10);
/// The fewest messages of one batch (RFC 10022 3.1.3.2).
pub(crate) const BATCH_COUNT_MIN: u32 = 500;
/// The most messages that a range of batches spans (RFC 10022 3.1.5).
pub(crate) const BATCHES_SPAN_COUNT_MAX: u64 = 100_000;
/// The most kept searches that are put into one search; one that needs more names itself.
pub(crate) const FILTER_COUNT_MAX: usize = 32;
/// The most searches of one open mailbox whose results are kept up to date.
pub(crate) const UPDATE_COUNT_MAX: usize = 16;
/// The most messages in all of those results together; the first may have more.
pub(crate) const UPDATE_MESSAGE_COUNT_MAX: usize = 1_000_000;
/// The most entries of one GETMETADATA, SETMETADATA or LIST.
pub(crate) const METADATA_NAME_COUNT_MAX: usize = 100;
/// The most fields of one ID (RFC 2971 3.3).
pub(crate) const ID_FIELD_COUNT_MAX: usize = 30;

/// Characters that are kept of what a client says of itself.
pub(crate) const ID_NOTE_CHARS_MAX: usize = 120;
/// The most languages of one LANGUAGE.
pub(crate) const LANGUAGE_COUNT_MAX: usize = 32;

/// The most arguments of one COMPARATOR.
pub(crate) const COMPARATOR_COUNT_MAX: usize = 32;
/// The longest of them, in octets (RFC 4790 3.2).
pub(crate) const COMPARATOR_BYTES_MAX: usize = 255;

/// Commands refused as bad before the session is ended: before login and after.
pub(crate) const BAD_COMMANDS_BEFORE_LOGIN_MAX: u32 = 3;
/// As above, after login.
pub(crate) const BAD_COMMANDS_MAX: u32 = 20;
/// Failed logins before the session is ended.
pub(crate) const FAILED_LOGINS_MAX: u32 = 3;

/// Where the directory delays failures the last attempt to log in may end this much later than
/// [`sasl::door::Peer::stranger_time`].
pub(crate) const LOGIN_GRACE: Duration = Duration::from_secs(10);
/// From the first octet of a command to its last, messages not counted.
pub(crate) const COMMAND_TIME_MAX: Duration = Duration::from_secs(60);
/// Without any command after login (RFC 9051 5.4: 30 minutes at least).
pub(crate) const IDLE_TIME_MAX: Duration = Duration::from_secs(30 * 60);
/// A client that does not take [`OUTPUT_BYTES`] of a reply in this time is gone.
pub(crate) const WRITE_TIME_MAX: Duration = sasl::limits::WRITE_TIME_MAX;
/// So many octets of a literal must arrive within [`COMMAND_TIME_MAX`], and so on for the next ones.
pub(crate) const PACE_BYTES: u64 = 64 * 1024;

/// How often a command that runs for long tells how far it is (RFC 9585 4: every 10 to 15 seconds).
pub(crate) const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// One read from the connection.
pub(crate) const READ_BYTES: usize = 8 * 1024;
/// Deflated octets that are read or made at a time.
pub(crate) const DEFLATE_BYTES: usize = 8 * 1024;
/// One read of a message that streams to the store.
pub(crate) const STREAM_BYTES: usize = 16 * 1024;
/// Output gathered before it is sent in the middle of a reply.
pub(crate) const OUTPUT_BYTES: usize = 64 * 1024;
/// Rows read from the store at a time.
pub(crate) const ROWS_AT_ONCE: usize = 1_000;
/// How old the state of the store that a FETCH reads from may become before a newer one is taken.
pub(crate) const READING_RENEWED_AFTER: Duration = Duration::from_secs(1);
/// How long a FETCH that never has to wait goes on before other sessions get their turn.
pub(crate) const YIELDS_AFTER: Duration = Duration::from_millis(1);
/// Changes read from the store at a time; where more have come the mailbox is read anew.
pub(crate) const CHANGES_AT_ONCE: usize = 10_000;
/// Tables of mailboxes that no session has open any more.
pub(crate) const TABLE_KEPT_COUNT_MAX: usize = 256;
/// Messages in those tables together, at 5 to 9 octets each.
pub(crate) const TABLE_KEPT_MESSAGES_MAX: usize = 2_000_000;
/// Changes that a table remembers, so that sessions find them without walking through it.
pub(crate) const TABLE_CHANGES_COUNT_MAX: usize = 256;
/// Tables that can be made at the same time.
pub(crate) const TABLE_TURN_COUNT: usize = 32;
/// Mailboxes of which it is known what no session was told of yet (\Recent).
pub(crate) const RECENT_KEPT_COUNT_MAX: usize = 100_000;
/// So many messages are read rather than asked for in the search index.
pub(crate) const SEARCH_UNINDEXED_COUNT_MAX: usize = 64;
