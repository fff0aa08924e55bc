//! The tables: one per [`Table`], keyed by the engine's own octets. The account stands big-endian at the front of
//! its keys, so a table can be partitioned by ranges of accounts (`PARTITION BY RANGE (key)`); whoever runs the
//! database makes such tables before the first start, and they are left as they are.
//!
//! Plain SQL only: no function, extension, advisory lock or notification, so that kin of PostgreSQL stay possible.

use super::link::{Link, Trouble};
use crate::Table;
use model::{Error, Result};

/// The version of this layout.
const VERSION: i32 = 1;

/// A table's name.
pub(super) fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Account => "account",
        Table::Collection => "collection",
        Table::Child => "child",
        Table::Item => "item",
        Table::Changed => "changed",
        Table::Message => "message",
        Table::Body => "body",
        Table::ByUid => "by_uid",
        Table::Time => "by_time",
        Table::Property => "property",
        Table::Lock => "item_lock",
        Table::Grant => "shared",
        Table::Blob => "blob",
        Table::BlobRef => "blob_ref",
        Table::Directory => "directory",
        Table::Queue => "queue",
        Table::Job => "job",
        Table::Deleted => "deleted",
        Table::Lease => "lease",
        Table::Metadata => "metadata",
        Table::Search => "search",
        Table::Seen => "seen",
        Table::MessageKeys => "message_keys",
        Table::ByMessageId => "by_message_id",
        Table::Copies => "copies",
    }
}

/// Rows that are overwritten in place leave room for their next version on the page.
fn fillfactor(table: Table) -> u8 {
    match table {
        Table::Account | Table::Collection | Table::Lease => 50,
        Table::Item | Table::Message | Table::Seen => 85,
        _ => 100,
    }
}

/// Makes what is not there.
///
/// # Errors
/// `Invalid` for a layout that this build does not know; `Unavailable`.
pub(super) async fn prepare(link: &Link, schema: &str) -> Result<()> {
    let failed = |error: tokio_postgres::Error| Trouble::of(&error).outcome();
    let made = link.client.query(&format!("SELECT version FROM {schema}.format"), &[]).await;
    let version = match made {
        Ok(rows) => rows.first().and_then(|row| row.try_get::<_, i32>(0).ok()),
        Err(error)
            if error.as_db_error().is_some_and(|told| matches!(told.code().code(), "42P01" | "3F000")) =>
        {
            None
        }
        Err(error) => return Err(failed(error)),
    };
    match version {
        Some(VERSION) => {}
        Some(version) => {
            tracing::error!(version, "a layout of the database that this build does not know");
            return Err(Error::Invalid("unknown version of the tables in the database"));
        }
        None => {
            create(link, &system(schema)).await?;
            link.client
                .execute(&format!("INSERT INTO {schema}.format SELECT {VERSION} WHERE NOT EXISTS (SELECT 1 FROM {schema}.format)"), &[])
                .await
                .map_err(failed)?;
        }
    }
    // Tables that came after the layout was made.
    create(link, &tables(schema)).await
}

/// Two processes may start at once: the one that comes second finds it made.
async fn create(link: &Link, statements: &[String]) -> Result<()> {
    for statement in statements {
        let mut tries = 0;
        while let Err(error) = link.client.batch_execute(statement).await {
            tries += 1;
            let raced = error.as_db_error().is_some_and(|told| {
                matches!(told.code().code(), "23505" | "42P07" | "42P06" | "42710" | "40001" | "XX000")
            });
            if !raced || tries > 20 {
                return Err(Trouble::of(&error).outcome());
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

fn system(schema: &str) -> Vec<String> {
    vec![
        format!("CREATE SCHEMA IF NOT EXISTS {schema}"),
        format!("CREATE TABLE IF NOT EXISTS {schema}.format (version integer NOT NULL)"),
        // Which group of each process was committed last; `fence` ends statements that are still on their way.
        format!(
            "CREATE TABLE IF NOT EXISTS {schema}.committed (process bytea PRIMARY KEY, sequence bigint NOT NULL, \
             fence bigint NOT NULL, at timestamptz NOT NULL) WITH (fillfactor = 20)"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {schema}.process (process bytea PRIMARY KEY, at timestamptz NOT NULL) \
             WITH (fillfactor = 20)"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {schema}.blob_bytes (id bytea PRIMARY KEY, bytes bytea NOT NULL, \
             at timestamptz NOT NULL)"
        ),
        // Mail is compressed before it comes here or not at all; the database shall not try.
        format!("ALTER TABLE {schema}.blob_bytes ALTER COLUMN bytes SET STORAGE EXTERNAL"),
    ]
}

fn tables(schema: &str) -> Vec<String> {
    let table = |table: &Table| {
        format!(
            "CREATE TABLE IF NOT EXISTS {schema}.{} (key bytea PRIMARY KEY, value bytea NOT NULL) WITH (fillfactor = {})",
            name(*table),
            fillfactor(*table)
        )
    };
    vec![Table::ALL.iter().map(table).collect::<Vec<_>>().join("; ")]
}
