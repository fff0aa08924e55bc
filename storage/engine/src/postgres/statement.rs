//! The one statement of a group: judges every expectation, and only if all hold and nobody has fenced this
//! process off, changes everything and moves the process's sequence on. It tells which batches failed.
//!
//! Every part of a statement sees the state before it, so the order of its parts has no meaning.

use super::{
    plan::{Last, Plan},
    schema,
};
use crate::{Precondition, Table, limits::KEY_BYTES_MAX};
use tokio_postgres::types::ToSql;

/// What one part of the statement does with one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Equals,
    Present,
    Absent,
    Empty,
    Put,
    PutIfAbsent,
    Delete,
}

impl Part {
    /// Whether it judges; otherwise it changes.
    fn is_check(self) -> bool {
        matches!(self, Self::Equals | Self::Present | Self::Absent | Self::Empty)
    }

    /// How many parameters it has.
    fn width(self) -> usize {
        match self {
            Self::Equals | Self::Empty => 3,
            Self::Present | Self::Absent | Self::Put | Self::PutIfAbsent => 2,
            Self::Delete => 1,
        }
    }

    /// Its part of the statement, with its first parameter's number.
    fn text(self, index: usize, table: &str, first: usize) -> String {
        let (a, b, c) = (first, first + 1, first + 2);
        let put = |conflict: &str| {
            format!(
                "p{index} AS (INSERT INTO {table} AS t (key, value) SELECT x.k, x.v \
                 FROM unnest(${a}::bytea[], ${b}::bytea[]) AS x(k, v) WHERE (SELECT ok FROM verdict) \
                 ON CONFLICT (key) DO {conflict}), "
            )
        };
        match self {
            Self::Equals => format!(
                "p{index} AS (SELECT x.n FROM unnest(${a}::int4[], ${b}::bytea[], ${c}::bytea[]) AS x(n, k, v) \
                 LEFT JOIN {table} t ON t.key = x.k WHERE t.value IS DISTINCT FROM x.v), "
            ),
            Self::Present => format!(
                "p{index} AS (SELECT x.n FROM unnest(${a}::int4[], ${b}::bytea[]) AS x(n, k) \
                 LEFT JOIN {table} t ON t.key = x.k WHERE t.key IS NULL), "
            ),
            Self::Absent => format!(
                "p{index} AS (SELECT x.n FROM unnest(${a}::int4[], ${b}::bytea[]) AS x(n, k) \
                 JOIN {table} t ON t.key = x.k), "
            ),
            Self::Empty => format!(
                "p{index} AS (SELECT x.n FROM unnest(${a}::int4[], ${b}::bytea[], ${c}::bytea[]) AS x(n, s, e) \
                 WHERE (SELECT t.key FROM {table} t WHERE t.key >= x.s AND t.key < x.e ORDER BY t.key LIMIT 1) \
                 IS NOT NULL), "
            ),
            Self::Put => put("UPDATE SET value = excluded.value"),
            Self::PutIfAbsent => put("NOTHING"),
            Self::Delete => format!(
                "p{index} AS (DELETE FROM {table} t USING unnest(${a}::bytea[]) AS x(k) \
                 WHERE t.key = x.k AND (SELECT ok FROM verdict)), "
            ),
        }
    }
}

/// The arrays that a part works on.
#[derive(Debug, Default)]
struct Rows<'a> {
    numbers: Vec<i32>,
    keys: Vec<&'a [u8]>,
    values: Vec<&'a [u8]>,
}

/// A group as SQL and its parameters.
pub(super) struct Statement<'a> {
    parts: Vec<((Table, Part), Rows<'a>)>,
}

/// Greater than every key.
const NO_END: &[u8] = &[0xff; KEY_BYTES_MAX + 1];

impl<'a> Statement<'a> {
    pub(super) fn of(plan: &Plan<'a>) -> Self {
        let mut parts = std::collections::BTreeMap::<_, Rows<'a>>::new();
        for (number, expected) in &plan.asked {
            let expected: &'a Precondition = expected;
            let (part, table, key, value): (_, _, &'a [u8], &'a [u8]) = match expected {
                Precondition::Equals(table, key, value) => (Part::Equals, table, key, value),
                Precondition::Present(table, key) => (Part::Present, table, key, &[]),
                Precondition::Absent(table, key) => (Part::Absent, table, key, &[]),
                Precondition::Empty(table, range) => {
                    let end = if range.end.is_empty() { NO_END } else { &range.end };
                    (Part::Empty, table, &range.start, end)
                }
            };
            let rows = parts.entry((*table, part)).or_default();
            rows.numbers.push(*number);
            rows.keys.push(key);
            rows.values.push(value);
        }
        // In the order of the keys, as every process does it: two that change the same rows wait for each other
        // and never in a circle.
        for ((table, key), last) in &plan.overlay {
            let (part, value): (_, &'a [u8]) = match last {
                Last::Put(value) => (Part::Put, value),
                Last::PutIfAbsent(value) => (Part::PutIfAbsent, value),
                Last::Delete => (Part::Delete, &[]),
            };
            let rows = parts.entry((*table, part)).or_default();
            rows.keys.push(key);
            rows.values.push(value);
        }
        Self { parts: parts.into_iter().collect() }
    }

    /// Names the statement's text: two groups that do the same kinds of things to the same tables share it.
    pub(super) fn key(&self) -> u128 {
        let mut hasher = blake3::Hasher::new();
        for ((table, part), _) in &self.parts {
            hasher.update(&[*table as u8, *part as u8]);
        }
        let mut name = [0; 16];
        name.iter_mut().zip(hasher.finalize().as_bytes()).for_each(|(to, from)| *to = *from);
        u128::from_be_bytes(name)
    }

    /// `$1` is the process, `$2` its sequence before the group, `$3` its fence.
    pub(super) fn text(&self, schema: &str) -> String {
        let (mut checks, mut changes, mut failed) = (String::new(), String::new(), Vec::new());
        let mut next = 4;
        for (index, ((table, part), _)) in self.parts.iter().enumerate() {
            let text = part.text(index, &format!("{schema}.{}", schema::name(*table)), next);
            next += part.width();
            if part.is_check() {
                failed.push(format!("SELECT n FROM p{index}"));
                checks.push_str(&text);
            } else {
                changes.push_str(&text);
            }
        }
        if failed.is_empty() {
            failed.push("SELECT 0 AS n WHERE false".to_owned());
        }
        format!(
            "WITH {checks}failed AS ({}), \
             own AS (SELECT 1 FROM {schema}.committed WHERE process = $1 AND sequence = $2 AND fence = $3), \
             verdict AS MATERIALIZED \
             (SELECT NOT EXISTS (SELECT 1 FROM failed) AND EXISTS (SELECT 1 FROM own) AS ok), \
             {changes}moved AS (UPDATE {schema}.committed SET sequence = sequence + 1, at = now() \
             WHERE process = $1 AND (SELECT ok FROM verdict)) \
             SELECT (SELECT ok FROM verdict), ARRAY(SELECT n FROM failed)",
            failed.join(" UNION ALL ")
        )
    }

    /// The parameters from `$4` on.
    pub(super) fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut all: Vec<&(dyn ToSql + Sync)> = Vec::new();
        for ((_, part), rows) in &self.parts {
            if part.is_check() {
                all.push(&rows.numbers);
            }
            all.push(&rows.keys);
            if matches!(part, Part::Equals | Part::Empty | Part::Put | Part::PutIfAbsent) {
                all.push(&rows.values);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests;
