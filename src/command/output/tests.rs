//! Columns line up, and nothing that was stored can forge or colour a line.

use super::{facts, table};
use serde_json::json;

#[test]
fn rows_are_aligned() {
    let rows =
        [json!({"id": 1, "name": "Ä", "on": true}), json!({"id": 20, "name": null, "tags": ["a", "b"]})];
    let text = table(&rows, &["id", "name", "on", "tags"]);
    assert_eq!(text, "ID  NAME  ON   TAGS\n1   Ä     yes  -\n20  -     -    a, b\n");
    assert_eq!(table(&[], &["member_count"]), "MEMBER COUNT\n");
}

#[test]
fn facts_are_lines_of_what_is_there() {
    let answer = json!({"id": 1, "password": null, "quota_bytes": 5, "deep": {"a": 1}});
    assert_eq!(
        facts(&answer, &["id", "password", "quota_bytes", "deep"]),
        "id:          1\nquota bytes: 5\ndeep:        a 1\n"
    );
}

#[test]
fn control_characters_are_shown_and_not_done() {
    let rows = [json!({"name": "a\x1b[31m\r\nb\u{9b}"})];
    let text = table(&rows, &["name"]);
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains('\x1b') && !text.contains('\r') && !text.contains('\u{9b}'));
}
