//! Every bound of the directory, in one place.

use std::time::Duration;

/// The most aliases of one account or group.
pub const ALIAS_COUNT_MAX: usize = 100;
/// The most direct members of one group.
pub const MEMBER_COUNT_MAX: usize = 10_000;
/// How deep groups are followed inside groups; a group nested deeper is not taken.
pub const GROUP_DEPTH_MAX: usize = 8;
/// The most accounts a mail to one group reaches, nested groups resolved; mail to a larger one is refused.
pub const GROUP_REACH_MAX: usize = 50_000;
/// The most groups whose rights an account has, those of its groups counted; of further ones it has none.
pub const GROUP_COUNT_MAX: usize = 500;
/// The most app passwords of one account.
pub const APP_PASSWORD_COUNT_MAX: usize = 50;
/// The longest display name, label or tenant name, in octets.
pub const NAME_BYTES_MAX: usize = 255;
/// The longest domain name, in octets (RFC 1035 2.3.4).
pub const DOMAIN_BYTES_MAX: usize = 253;
/// The shortest password that can be set, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;

/// The most logins that wait for a hash; the next is told to come back.
pub const HASH_WAITING_MAX: usize = 256;
/// The most logins of one peer address that wait for a hash.
pub const HASH_WAITING_PER_PEER_MAX: usize = 64;
/// Verified (and refused) credentials remembered; past this the memory starts anew.
pub const CACHE_COUNT_MAX: usize = 20_000;
/// How long a verified credential needs no new hash.
pub const CACHE_TTL: Duration = Duration::from_secs(3600);
/// A refusal is told this long after the attempt began, whatever the reason was.
pub const FAILURE_DELAY: Duration = Duration::from_millis(1500);

/// SCRAM: rounds of PBKDF2 (RFC 7677 4 asks for 4,096 at least). Part of what is stored: every name is told the
/// same number, so that it says nothing about any of them.
pub const SCRAM_ITERATION_COUNT: u32 = 10_000;
/// The longest bearer token, in octets.
pub const TOKEN_BYTES_MAX: usize = 4_096;
/// The most keys of a token issuer.
pub const TOKEN_KEY_COUNT_MAX: usize = 100;
/// How far the issuer's clock and ours may be apart, in seconds.
pub const TOKEN_LEEWAY_SECONDS: u32 = 60;
/// A device that uses an app password again is noted again when its note is so old.
pub const DEVICE_NOTE_AGE: Duration = Duration::from_secs(3600);
/// Characters of what a client says of itself that are noted.
pub const DEVICE_CLIENT_CHARS_MAX: usize = 120;
/// The most capabilities hidden from one account or app password.
pub const HIDDEN_COUNT_MAX: usize = 100;
/// The longest name of a capability, in octets.
pub const HIDDEN_BYTES_MAX: usize = 64;

/// Argon2id: memory of one hash, in KiB (OWASP's second recommended set).
pub const ARGON2_MEMORY_KIB: u32 = 19 * 1024;
/// Argon2id: passes.
pub const ARGON2_PASSES_COUNT: u32 = 2;
