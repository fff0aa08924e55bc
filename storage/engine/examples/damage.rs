//! Damages a store on purpose, for tests of its repair: rows of the engine of a stopped store are removed or
//! overwritten with rubbish.
//!
//! `damage ENGINE_DIR drop TABLE` removes every row of a table, `damage ENGINE_DIR list TABLE` prints its keys,
//! `damage ENGINE_DIR delete|rubbish TABLE KEY` hits one. `TABLE` is a name as [`Table`] spells it, `KEY` is in
//! hexadecimal digits.

use bytes::Bytes;
use engine::{Batch, Engine, Op, Range, Table, open_fjall};
use std::{path::Path, process::ExitCode};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rows read at once.
const PAGE_COUNT: usize = 1_000;

fn table(name: &str) -> Result<Table, Failure> {
    let found = Table::ALL.iter().find(|table| format!("{table:?}") == name);
    found.copied().ok_or_else(|| format!("{name}: no such table").into())
}

fn key(digits: &str) -> Result<Vec<u8>, Failure> {
    let pair = |at: usize| digits.get(at..at + 2).ok_or("an odd number of digits");
    (0..digits.len()).step_by(2).map(|at| Ok(u8::from_str_radix(pair(at)?, 16)?)).collect()
}

async fn keys(engine: &dyn Engine, table: Table) -> Result<Vec<Vec<u8>>, Failure> {
    let snapshot = engine.snapshot().await?;
    let (mut range, mut keys) = (Range::prefix(b""), Vec::new());
    loop {
        let page = snapshot.scan(table, &range, PAGE_COUNT, false).await?;
        keys.extend(page.iter().map(|(key, _)| key.to_vec()));
        match page.last() {
            Some((last, _)) if page.len() == PAGE_COUNT => range.start = [last.as_ref(), &[0]].concat(),
            _ => return Ok(keys),
        }
    }
}

async fn damage(arguments: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (directory, rest) =
        words.split_first().ok_or("damage ENGINE_DIR drop|list|delete|rubbish TABLE [KEY]")?;
    let engine = open_fjall(Path::new(directory), 8 << 20)?;
    let ops = match rest {
        ["list", name] => {
            for key in keys(engine.as_ref(), table(name)?).await? {
                println!("{}", key.iter().map(|octet| format!("{octet:02x}")).collect::<String>());
            }
            Vec::new()
        }
        ["drop", name] => {
            let table = table(name)?;
            keys(engine.as_ref(), table).await?.into_iter().map(|key| Op::Delete(table, key)).collect()
        }
        ["delete", name, digits] => vec![Op::Delete(table(name)?, key(digits)?)],
        ["rubbish", name, digits] => {
            vec![Op::Put(table(name)?, key(digits)?, Bytes::from_static(b"\xffrubbish"))]
        }
        _ => return Err("damage ENGINE_DIR drop|list|delete|rubbish TABLE [KEY]".into()),
    };
    let _durable = engine.commit(Batch { expect: Vec::new(), ops }).await?;
    engine.close().await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match damage(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
