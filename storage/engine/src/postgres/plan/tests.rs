//! What a group can tell by itself.

use super::*;

fn key(name: &str) -> Vec<u8> {
    name.as_bytes().to_vec()
}

fn put(name: &str, value: &'static str) -> Op {
    Op::Put(Table::Item, key(name), Bytes::from_static(value.as_bytes()))
}

fn batch(expect: Vec<Precondition>, ops: Vec<Op>) -> Batch {
    Batch { expect, ops }
}

fn equals(name: &str, value: &'static str) -> Precondition {
    Precondition::Equals(Table::Item, key(name), Bytes::from_static(value.as_bytes()))
}

fn verdicts(batches: &[Batch]) -> (Vec<Verdict>, usize) {
    let mut plan = Plan::default();
    let verdicts = (0..).zip(batches).map(|(number, batch)| plan.admit(number, batch)).collect();
    (verdicts, plan.asked.len())
}

#[test]
fn what_the_group_has_changed_is_judged_here_and_the_rest_is_asked() {
    let batches = [
        batch(vec![equals("a", "0")], vec![put("a", "1")]),
        batch(vec![equals("a", "1")], vec![put("a", "2")]),
        batch(vec![equals("a", "1")], vec![put("a", "3")]),
        batch(vec![Precondition::Absent(Table::Item, key("b"))], vec![put("b", "1")]),
        batch(vec![Precondition::Absent(Table::Item, key("b"))], vec![put("b", "2")]),
        batch(vec![Precondition::Present(Table::Item, key("b"))], vec![]),
    ];
    use Verdict::{Admitted, Refused};
    assert_eq!(verdicts(&batches), (vec![Admitted, Admitted, Refused, Admitted, Refused, Admitted], 2));
}

#[test]
fn a_value_that_only_the_database_knows_ends_the_group() {
    let batches = [
        batch(vec![], vec![Op::PutIfAbsent(Table::Item, key("a"), Bytes::from_static(b"1"))]),
        batch(vec![Precondition::Present(Table::Item, key("a"))], vec![]),
        batch(vec![equals("a", "1")], vec![]),
    ];
    assert_eq!(verdicts(&batches), (vec![Verdict::Admitted, Verdict::Admitted, Verdict::Later], 0));
}

#[test]
fn ranges_that_the_group_has_touched() {
    let empty = |name: &str| Precondition::Empty(Table::Item, Range::prefix(name.as_bytes()));
    let removal = vec![Op::Delete(Table::Item, key("p1"))];
    let batches = [
        batch(vec![empty("p")], vec![put("q", "1")]),
        batch(vec![empty("q")], vec![]),
        batch(vec![], removal),
        batch(vec![empty("p")], vec![]),
    ];
    use Verdict::{Admitted, Later, Refused};
    assert_eq!(verdicts(&batches), (vec![Admitted, Refused, Admitted, Later], 1));
}

#[test]
fn the_last_change_of_a_key_counts() {
    let absent =
        |value: &'static str| Op::PutIfAbsent(Table::Item, key("a"), Bytes::from_static(value.as_bytes()));
    let batches = [batch(vec![], vec![Op::Delete(Table::Item, key("a")), absent("1"), absent("2")])];
    let mut plan = Plan::default();
    assert_eq!(plan.admit(0, &batches[0]), Verdict::Admitted);
    let one = Bytes::from_static(b"1");
    assert_eq!(plan.overlay.get(&(Table::Item, b"a".as_slice())), Some(&Last::Put(&one)));
}
