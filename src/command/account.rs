//! `collegium account`: people's accounts, passwords and app passwords.

use super::{Shown, password_from_stdin, size, tell};
use crate::admin::{Request, account};
use crate::failure::Failure;
use clap::{Args, Subcommand, ValueEnum};

/// See [`super::Verb::Account`].
#[derive(Debug, Args)]
pub(super) struct Account {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add an account; prints a random password unless one is given.
    Add {
        address: String,
        /// For people to read.
        #[arg(long, default_value = "")]
        name: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// May administrate the installation.
        #[arg(long)]
        administrator: bool,
        /// The most it may hold, as 500M or 2G.
        #[arg(long, value_parser = size)]
        quota: Option<u64>,
    },
    /// List accounts.
    List,
    /// Show an account.
    Show { address: String },
    /// Change an account's name, role, quota, or what its clients are told.
    Set {
        address: String,
        /// For people to read.
        #[arg(long)]
        name: Option<String>,
        /// Whether it may administrate the installation.
        #[arg(long)]
        administrator: Option<bool>,
        /// The most it may hold, as 500M or 2G; 0 for no limit.
        #[arg(long, value_parser = size)]
        quota: Option<u64>,
        /// The most messages it may hold; 0 for no limit.
        #[arg(long, value_name = "COUNT")]
        quota_messages: Option<u64>,
        /// Capabilities its IMAP clients are not told of, as COMPRESS,UIDONLY; "" tells them of all again.
        #[arg(long)]
        hide_capability: Option<String>,
    },
    /// Set the password; prints a random one unless one is given.
    SetPassword {
        address: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Keep an account out, and mail for it too.
    Disable { address: String },
    /// Let a disabled account in again.
    Enable { address: String },
    /// Keep everything that the account removes, and the account itself, until the hold is off: nothing is purged.
    Hold { hold: Switch, address: String },
    /// Choose whether \Seen of a mailbox is each user's own, or one flag for all who see it.
    Seen { seen: Whose, address: String, mailbox: String },
    /// Write down for a while what the account's IMAP, POP3 and submission clients say and hear: no passwords,
    /// no messages.
    Trace {
        address: String,
        /// How long; 0 ends it now.
        #[arg(long, value_name = "N")]
        minutes: u64,
    },
    /// Remove an account. Its address is free again; what it holds is purged when the window of undelete is over.
    Remove { address: String },
    /// Passwords for single programs and devices, each to be revoked by itself.
    #[command(subcommand)]
    AppPassword(AppPassword),
}

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Whose \Seen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Whose {
    Own,
    Shared,
}

#[derive(Debug, Subcommand)]
enum AppPassword {
    /// Make one; it is shown this once.
    Add {
        address: String,
        /// What it is for.
        label: String,
    },
    /// List them, with the device that was seen last with each.
    List { address: String },
    /// Change what clients with one are told.
    Set {
        address: String,
        id: u32,
        /// Capabilities they are not told of, as COMPRESS,UIDONLY; "" tells them of all again.
        #[arg(long)]
        hide_capability: String,
    },
    /// Revoke one by its number.
    Remove { address: String, id: u32 },
}

impl Account {
    pub(super) fn run(self) -> Result<(), Failure> {
        let facts = &[
            "id",
            "address",
            "name",
            "aliases",
            "administrator",
            "disabled",
            "groups",
            "app_passwords",
            "hidden_capabilities",
            "quota_bytes",
            "quota_messages",
            "used_bytes",
            "used_count",
            "used_messages",
            "deleted_bytes",
            "deleted_count",
            "hold",
            "password",
            "removed_collections",
            "mailbox",
            "seen",
            "minutes",
            "file",
        ];
        let given = |stdin: bool| if stdin { password_from_stdin().map(Some) } else { Ok(None) };
        let request = match self.verb {
            Verb::Add { address, name, password_stdin, administrator, quota } => {
                let password = given(password_stdin)?;
                let quota_bytes = quota.filter(|bytes| *bytes > 0);
                Request::AccountAdd(account::Add { address, name, password, administrator, quota_bytes })
            }
            Verb::List => {
                let columns =
                    &["id", "address", "name", "aliases", "administrator", "disabled", "quota_bytes"];
                return tell(&self.shown, Request::AccountList {}, columns);
            }
            Verb::Show { address } => Request::AccountShow { address },
            Verb::Set { address, name, administrator, quota, quota_messages, hide_capability } => {
                Request::AccountSet(account::Set {
                    address,
                    name,
                    administrator,
                    quota_bytes: quota,
                    quota_messages,
                    hidden_capabilities: hide_capability.as_deref().map(names),
                })
            }
            Verb::SetPassword { address, password_stdin } => {
                Request::AccountSetPassword { address, password: given(password_stdin)? }
            }
            Verb::Disable { address } => Request::AccountSetDisabled { address, disabled: true },
            Verb::Enable { address } => Request::AccountSetDisabled { address, disabled: false },
            Verb::Hold { hold, address } => Request::AccountSetHold { address, hold: hold == Switch::On },
            Verb::Seen { seen, address, mailbox } => {
                Request::AccountSetSeen { address, mailbox, own: seen == Whose::Own }
            }
            Verb::Trace { address, minutes } => Request::AccountTrace { address, minutes },
            Verb::Remove { address } => Request::AccountRemove { address },
            Verb::AppPassword(verb) => {
                let request = match verb {
                    AppPassword::Add { address, label } => Request::AppPasswordAdd { address, label },
                    AppPassword::List { address } => Request::AppPasswordList { address },
                    AppPassword::Set { address, id, hide_capability } => {
                        Request::AppPasswordSet { address, id, hidden_capabilities: names(&hide_capability) }
                    }
                    AppPassword::Remove { address, id } => Request::AppPasswordRemove { address, id },
                };
                return tell(
                    &self.shown,
                    request,
                    &[
                        "id",
                        "label",
                        "created",
                        "last_seen",
                        "last_door",
                        "last_from",
                        "last_client",
                        "password",
                        "hidden_capabilities",
                    ],
                );
            }
        };
        tell(&self.shown, request, facts)
    }
}

/// `A,B` as a list; nothing as an empty one.
fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
