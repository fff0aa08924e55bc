//! The statement's text.

use super::*;
use crate::{Batch, Op, Range};
use bytes::Bytes;

#[test]
fn parameters_are_as_many_as_the_text_names() {
    let key = |name: &str| name.as_bytes().to_vec();
    let batch = Batch {
        expect: vec![
            Precondition::Equals(Table::Account, key("a"), Bytes::new()),
            Precondition::Present(Table::Blob, key("b")),
            Precondition::Absent(Table::Child, key("c")),
            Precondition::Empty(Table::BlobRef, Range::prefix(b"d")),
        ],
        ops: vec![
            Op::Put(Table::Account, key("a"), Bytes::new()),
            Op::PutIfAbsent(Table::Blob, key("e"), Bytes::new()),
            Op::Delete(Table::Child, key("f")),
        ],
    };
    let mut plan = Plan::default();
    plan.admit(0, &batch);
    let statement = Statement::of(&plan);
    let text = statement.text("house");
    let count = statement.parameters().len();
    assert_eq!(count, 3 + 2 + 2 + 3 + 2 + 2 + 1);
    assert!(text.contains(&format!("${}::", count + 3)) && !text.contains(&format!("${}", count + 4)));
    assert!(text.contains("house.account") && text.contains("house.blob_ref"));
    let other = Batch { expect: Vec::new(), ..batch.clone() };
    let mut plan = Plan::default();
    plan.admit(0, &other);
    assert_ne!(Statement::of(&plan).key(), statement.key());
}
