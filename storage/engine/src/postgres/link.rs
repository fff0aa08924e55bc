//! One connection to the database: made under a time limit, told how to behave, and asked whether its server
//! keeps what it acknowledges.

use super::{options::Target, tls::Rustls};
use crate::limits::{POSTGRES_CONNECT_TIME_MAX, POSTGRES_STATEMENT_COUNT_MAX};
use model::{Error, Result};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use tokio_postgres::{Client, Statement, error::SqlState};

/// A connection and what was prepared on it.
pub(super) struct Link {
    pub(super) client: Client,
    statements: Mutex<HashMap<u128, Statement>>,
}

/// What an error means for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection, or the server behind it, has gone. Whether a statement happened is not known.
    Lost,
    /// Another transaction was first; nothing happened.
    Collided,
    /// A standby that was taken for the primary: nothing happened, and another connection is needed.
    Standby,
    /// Nothing happened, and asking again would not help now.
    Refused,
    /// Nothing happened, for want of room.
    Full,
    /// Stored data is damaged.
    Damaged,
}

impl Trouble {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            // What is no word of the server is either the wire's end or nonsense on it.
            tracing::warn!(%error, cause = ?std::error::Error::source(error), "the database connection");
            return Self::Lost;
        };
        let code = told.code();
        let trouble = match code.code().get(..2) {
            // Statement completion unknown: it may have happened.
            Some("40") if code.code() == "40003" => Self::Lost,
            Some("40") => Self::Collided,
            Some("08") => Self::Lost,
            Some("57") if *code != SqlState::QUERY_CANCELED => Self::Lost,
            Some("25") if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Self::Standby,
            Some("53") if *code == SqlState::TOO_MANY_CONNECTIONS => Self::Lost,
            Some("53") if *code == SqlState::DISK_FULL => Self::Full,
            Some("XX") if matches!(code.code(), "XX001" | "XX002") => Self::Damaged,
            _ => Self::Refused,
        };
        if trouble != Self::Collided {
            tracing::warn!(code = code.code(), message = told.message(), "the database");
        }
        trouble
    }

    /// The outcome for who can do nothing about it.
    pub(super) fn outcome(self) -> Error {
        match self {
            Self::Damaged => Error::Corrupt,
            Self::Full => Error::DiskFull,
            Self::Lost | Self::Collided | Self::Standby | Self::Refused => Error::Unavailable,
        }
    }
}

/// What every session is told. The planner is kept to index look-ups: whole-table plans made while a table was
/// small would be kept for ever, and would make every pair of transactions collide.
const MANNERS: &[&str] = &[
    "jit = off",
    "plan_cache_mode = force_generic_plan",
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "enable_bitmapscan = off",
    "tcp_keepalives_idle = 10",
    "tcp_keepalives_interval = 5",
    "tcp_keepalives_count = 3",
];

impl Link {
    /// Connects. `serializable` is for the sessions that commit.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be reached in time or refuses us; the cause is in the log.
    pub(super) async fn open(target: &Target, serializable: bool) -> Result<Self> {
        let opened = tokio::time::timeout(POSTGRES_CONNECT_TIME_MAX, Self::connect(target, serializable));
        opened.await.unwrap_or_else(|_| {
            tracing::warn!("the database did not answer in time");
            Err(Error::Unavailable)
        })
    }

    async fn connect(target: &Target, serializable: bool) -> Result<Self> {
        let failed = |error: &tokio_postgres::Error| Trouble::of(error).outcome();
        let client = match &target.tls {
            Some(tls) => connect_tls(target, tls.clone()).await,
            None => target.config.connect(tokio_postgres::NoTls).await.map(|(client, connection)| {
                tokio::spawn(async move { drop(connection.await) });
                client
            }),
        };
        let client = client.map_err(|error| failed(&error))?;
        let told = MANNERS.iter().map(|manner| {
            let client = &client;
            async move {
                // A wire-compatible server may not know one of them: they change speed, not meaning.
                if let Err(error) = client.batch_execute(&format!("SET {manner}")).await {
                    tracing::debug!(manner, %error, "the database does not know this");
                }
            }
        });
        futures_util::future::join_all(told).await;
        if serializable {
            let level = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE";
            client.batch_execute(level).await.map_err(|error| failed(&error))?;
        }
        let link = Self { client, statements: Mutex::default() };
        if serializable {
            link.check_durability().await?;
        }
        Ok(link)
    }

    /// A server that acknowledges what it has not stored is refused.
    async fn check_durability(&self) -> Result<()> {
        let shown = |name: &'static str| async move {
            let rows = self.client.simple_query(&format!("SHOW {name}")).await;
            let rows = rows.map_err(|error| Trouble::of(&error).outcome())?;
            let value = rows.iter().find_map(|row| match row {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            Ok::<_, Error>(value.unwrap_or_default())
        };
        if shown("synchronous_commit").await? == "off" {
            return refuse(
                "synchronous_commit is off at the database: it would acknowledge what can be lost",
            );
        }
        if shown("fsync").await? == "off" {
            return refuse("fsync is off at the database: it would acknowledge what can be lost");
        }
        if shown("full_page_writes").await? == "off" {
            tracing::warn!("full_page_writes is off at the database: sound only where pages are never torn");
        }
        Ok(())
    }

    /// Whether the connection has ended.
    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// A statement, prepared on its first use. `key` names it on every link.
    pub(super) async fn prepared(
        &self,
        key: u128,
        text: impl FnOnce() -> String,
    ) -> std::result::Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements().get(&key) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&text()).await?;
        let mut statements = self.statements();
        if statements.len() >= POSTGRES_STATEMENT_COUNT_MAX {
            statements.clear();
        }
        statements.insert(key, statement.clone());
        Ok(statement)
    }

    #[cfg(test)]
    pub(super) fn statement_count(&self) -> usize {
        self.statements().len()
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, HashMap<u128, Statement>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse(why: &'static str) -> Result<()> {
    tracing::error!("{why}");
    Err(Error::Invalid(why))
}

async fn connect_tls(target: &Target, tls: Rustls) -> std::result::Result<Client, tokio_postgres::Error> {
    let (client, connection) = target.config.connect(tls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}
