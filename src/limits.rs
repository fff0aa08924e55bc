//! Every bound of the composition root: listeners and the admin socket. Those a site may set are in the
//! configuration's `[limits]`.

use std::time::Duration;

/// Connections the kernel keeps ready before they are accepted.
pub(crate) const BACKLOG_COUNT: u32 = 1024;
/// Few places are left when no more than one in so many is free, in all or for one address.
pub(crate) const CROWDED_SHARE: usize = 4;
/// The pause after an accept that failed for want of descriptors or memory.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Descriptors kept from connections besides the store's: listeners, the admin socket, the relay, the runtime.
pub(crate) const DESCRIPTORS_KEPT: usize = 48;

/// How often it is looked whether the disk is full, for whoever watches the service.
pub(crate) const ROOM_INTERVAL: Duration = Duration::from_secs(2);

/// How long a command waits for a server that holds the store and does not answer yet.
pub(crate) const SERVER_WAIT_MAX: Duration = Duration::from_secs(12);
/// How often it looks.
pub(crate) const SERVER_WAIT: Duration = Duration::from_millis(50);
/// The longest path of a Unix socket (unix(7): `sun_path` less its end).
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 107;
/// The longest line of the admin socket, in octets.
pub(crate) const ADMIN_LINE_BYTES_MAX: usize = 1024 * 1024;
/// The most administrators at once.
pub(crate) const ADMIN_SESSION_COUNT_MAX: usize = 16;
/// The longest an administrator's session may be silent.
pub(crate) const ADMIN_IDLE_TIME_MAX: Duration = Duration::from_secs(600);
/// A state of this age is not what an export reads its next page from.
pub(crate) const EXPORT_STATE_AGE_MAX: Duration = Duration::from_secs(5);
/// The largest message, event or card that is imported, in octets.
pub(crate) const IMPORT_ITEM_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The most removed things that are listed at once; the oldest first.
pub(crate) const UNDELETE_LIST_COUNT_MAX: usize = 100_000;
/// How often the devices that used app passwords are written down.
pub(crate) const DEVICE_INTERVAL: Duration = Duration::from_secs(60);
/// The longest that an account is traced.
pub(crate) const TRACE_TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The most rows a listing command returns.
pub(crate) const LIST_COUNT_MAX: usize = 1_000_000;

/// How long after the start the jobs begin.
pub(crate) const JOB_START: Duration = Duration::from_secs(60);
/// How often they are done.
pub(crate) const JOB_INTERVAL: Duration = Duration::from_secs(3600);
/// How long after the start the search indexes are looked at.
pub(crate) const INDEX_START: Duration = Duration::from_secs(5);
/// How often accounts with new messages are looked at for the search index.
pub(crate) const INDEX_INTERVAL: Duration = Duration::from_secs(5);
/// How soon an account is looked at again whose index could not be brought up to date; twice as long every time.
pub(crate) const INDEX_AGAIN_MIN: Duration = Duration::from_secs(10);
/// And at the latest.
pub(crate) const INDEX_AGAIN_MAX: Duration = Duration::from_secs(3600);

/// How long a backup waits for another process that collects.
pub(crate) const DUTY_WAIT_MAX: Duration = Duration::from_secs(60);
/// How often it looks.
pub(crate) const DUTY_LOOK: Duration = Duration::from_millis(500);
