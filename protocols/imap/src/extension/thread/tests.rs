//! Threads as RFC 5256 makes them, and trees too deep to walk by recursion.

use super::build::{ordered_subject, references, refs};
use super::{Algorithm, Message};
use crate::wire::encoder::Output;
use store::{MessageIdHash, MessageKeys};

fn id(number: u32) -> MessageIdHash {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

/// Number, date, subject, whether it is a reply, what it answers.
fn message(number: u32, sent: i64, subject: &str, is_reply: bool, answers: &[u32]) -> Message {
    let keys = MessageKeys {
        subject: subject.to_owned(),
        is_reply,
        message_id: Some(id(number)),
        references: answers.iter().map(|&number| id(number)).collect(),
        ..MessageKeys::default()
    };
    Message { number, sent, received: sent, keys }
}

fn told(algorithm: Algorithm, messages: &[Message]) -> String {
    let mut out = Output::default();
    algorithm(messages).tell(messages, &mut out);
    String::from_utf8(out.bytes().to_vec()).unwrap()
}

#[test]
fn by_ordered_subject() {
    let messages = [
        message(1, 30, "A", false, &[]),
        message(2, 10, "B", false, &[]),
        message(3, 20, "B", true, &[]),
        message(4, 40, "A", true, &[]),
        message(5, 50, "A", true, &[]),
    ];
    assert_eq!(told(ordered_subject, &messages), "(2 3)(1 (4)(5))");
    assert_eq!(told(ordered_subject, &[]), "");
}

#[test]
fn by_references() {
    // Missing parents, a chain, siblings: RFC 5256 4's forms.
    let messages = [
        message(2, 1, "X", false, &[]),
        message(3, 2, "Y", false, &[]),
        message(6, 3, "Y", true, &[3]),
        message(4, 4, "Y", true, &[3, 6]),
        message(23, 5, "Y", true, &[3, 6, 4]),
        message(44, 6, "Y", true, &[3, 6]),
        message(7, 7, "Y", true, &[3, 6, 44]),
        message(96, 8, "Y", true, &[3, 6, 44, 7]),
    ];
    assert_eq!(told(references, &messages), "(2)(3 6 (4 23)(44 7 96))");
    let orphans = [message(3, 1, "Z", true, &[1]), message(5, 2, "Z", true, &[1])];
    assert_eq!(told(references, &orphans), "((3)(5))");
    // The one in the middle is missing.
    let gap = [message(1, 1, "Z", false, &[]), message(3, 2, "Z", true, &[1, 2])];
    assert_eq!(told(references, &gap), "(1 3)");
}

#[test]
fn what_contradicts_is_taken_in_turn() {
    // The second puts the first below the third, which then cannot lie below the second.
    let messages =
        [message(1, 1, "A", false, &[]), message(2, 2, "B", false, &[3, 1]), message(3, 3, "C", false, &[2])];
    assert_eq!(told(references, &messages), "(3 1 2)");
    // What is said of a message whose turn is to come gives way to what it says itself; what is said later stays.
    let messages = [
        message(1, 1, "A", false, &[3, 2]),
        message(2, 2, "B", false, &[]),
        message(3, 3, "C", false, &[]),
        message(4, 4, "D", false, &[5, 3]),
    ];
    assert_eq!(told(references, &messages), "(2 1)(3 4)");
    // An empty place between two, where both of its neighbours are there.
    let messages = [
        message(1, 1, "A", false, &[]),
        message(3, 2, "B", false, &[1, 4, 2]),
        message(4, 3, "C", false, &[1]),
    ];
    assert_eq!(told(references, &messages), "(1 4 3)");
}

#[test]
fn subjects_join_what_references_do_not() {
    let messages = [
        message(1, 1, "A", false, &[]),
        message(2, 2, "A", true, &[]),
        message(3, 3, "B", true, &[]),
        message(4, 4, "B", true, &[]),
        message(5, 5, "", false, &[]),
        message(6, 6, "", false, &[]),
        message(7, 7, "C", false, &[]),
        message(8, 8, "C", false, &[]),
    ];
    assert_eq!(told(references, &messages), "(1 2)((3)(4))(5)(6)((7)(8))");
    assert_eq!(told(refs, &messages), "(1)(2)(3)(4)(5)(6)(7)(8)");
}

#[test]
fn refs_puts_the_newest_thread_last() {
    let messages =
        [message(1, 1, "A", false, &[]), message(2, 2, "B", false, &[]), message(3, 3, "A", true, &[1])];
    assert_eq!(told(refs, &messages), "(2)(1 3)");
    assert_eq!(told(references, &messages), "(1 3)(2)");
}

#[test]
fn loops_and_doubles_are_no_trap() {
    let messages = [
        message(1, 1, "A", false, &[2]),
        message(2, 2, "B", false, &[1]),
        message(3, 3, "C", false, &[3]),
        message(3, 4, "D", false, &[]),
        message(5, 5, "E", true, &[9, 8, 9]),
    ];
    let line = told(references, &messages);
    assert_eq!(line.matches(|char: char| char.is_ascii_digit()).count(), 5, "{line}");
}

#[test]
fn a_very_deep_thread() {
    let messages: Vec<_> =
        (1..=100_000).map(|number| message(number, 0, "A", true, &[number.saturating_sub(1)])).collect();
    let line = told(references, &messages);
    assert!(line.starts_with("(1 2 3 ") && line.ends_with(" 100000)"));
    let backward: Vec<_> = messages.into_iter().rev().collect();
    assert_eq!(told(refs, &backward), line);
}
