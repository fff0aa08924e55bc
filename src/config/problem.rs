//! What is wrong in a configuration, and where.

use std::fmt;
use std::ops::Range;
use std::path::Path;

/// One problem with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Line, from 1; 0 when it concerns the whole file.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, for the person who wrote the file.
    pub(crate) message: String,
}

impl Problem {
    /// At a span of the text.
    pub(crate) fn at(text: &str, span: &Range<usize>, message: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        Self { line, column, message: message.into() }
    }

    /// Of the file as a whole.
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self { line: 0, column: 0, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.message);
        }
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Each problem as `FILE:LINE:COLUMN: what is wrong`, as compilers do.
pub(crate) fn report(path: &Path, problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let separator = if problem.line == 0 { ": " } else { ":" };
        format!("{}{separator}{problem}", path.display())
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}
