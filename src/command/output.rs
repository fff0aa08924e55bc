//! How answers are printed: aligned columns for people, JSON for programs.

use crate::failure::Failure;
use serde_json::Value;
use std::io::Write;

/// Keys of an answer's objects, in the order people want them.
pub(super) type Columns = &'static [&'static str];

/// Prints an answer.
///
/// # Errors
/// When standard output is closed.
pub(super) fn print(answer: &Value, columns: Columns, json: bool) -> Result<(), Failure> {
    let text = if json {
        serde_json::to_string_pretty(answer).map_err(|cause| Failure::of("JSON", cause))? + "\n"
    } else {
        match answer {
            Value::Array(rows) => table(rows, columns),
            other => facts(other, columns),
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|cause| Failure::of("output", cause))
}

/// A value as a cell. What could move the cursor or forge a line is escaped.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.chars().flat_map(escaped).collect(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(object) => {
            object.iter().map(|(key, value)| format!("{key} {}", cell(value))).collect::<Vec<_>>().join(" ")
        }
        number @ Value::Number(_) => number.to_string(),
    }
}

fn escaped(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}

fn table(rows: &[Value], columns: Columns) -> String {
    let head: Vec<String> = columns.iter().map(|column| column.to_uppercase().replace('_', " ")).collect();
    let mut lines = vec![head];
    for row in rows {
        lines.push(columns.iter().map(|column| cell(row.get(*column).unwrap_or(&Value::Null))).collect());
    }
    let width = |at: usize| {
        lines.iter().filter_map(|line| line.get(at)).map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let mut shown = String::new();
        for (field, width) in line.iter().zip(&widths) {
            shown.push_str(&format!("{field:width$}  "));
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

fn facts(answer: &Value, columns: Columns) -> String {
    let width = columns.iter().map(|column| column.len()).max().unwrap_or(0) + 1;
    let mut text = String::new();
    for column in columns {
        if let Some(value) = answer.get(*column).filter(|value| !value.is_null()) {
            let name = format!("{}:", column.replace('_', " "));
            text.push_str(&format!("{name:width$} {}\n", cell(value)));
        }
    }
    text
}

#[cfg(test)]
mod tests;
