//! The parameter's grammar, and matching numbers.

use super::{matching, parameter};
use crate::wire::decoder::cursor::Cursor;
use crate::wire::decoder::select::SelectParameters;
use crate::wire::decoder::sequence::SequenceSet;

fn parsed(text: &str) -> Option<SelectParameters> {
    let mut parameters = SelectParameters::default();
    let mut cursor = Cursor::new(text.as_bytes(), false);
    parameter(&mut cursor, &mut parameters).ok()?;
    cursor.end().ok().map(|()| parameters)
}

#[test]
fn every_form() {
    for text in [
        " (67890007 20050715194045000)",
        " (67890007 90060115194045000 41:211,214:541)",
        " (67890007 90060115194045000 (5000,7500,9000 15000,22500,27000))",
        " (67890007 90060115194045000 1:29997 (5000,7500,9000,9990:9999 15000,22500,27000,29970,29973,29976,\
         29979,29982,29985,29988,29991,29994,29997))",
    ] {
        assert!(parsed(text).is_some_and(|parameters| parameters.condstore), "{text}");
    }
    for text in [
        "",
        " ()",
        " (1)",
        " (0 1)",
        " (1 2 1:*)",
        " (1 2 $)",
        " (1 2 1:3 (1))",
        " (1 2",
        " (1 2 (1:2 1:3))",
        " (1 2 (2,1 3,1))",
        " (1 2 (2:1 3:2))",
        " (1 2 (1,1 3,4))",
    ] {
        assert!(parsed(text).is_none(), "{text}");
    }
}

#[test]
fn matching_numbers() {
    let set = |ranges: &[(u32, u32)]| SequenceSet::Ranges(ranges.to_vec());
    let here = [10, 20, 30, 41];
    assert_eq!(matching(&(set(&[(1, 4)]), set(&[(10, 10), (20, 20), (30, 30), (40, 40)])), &here), 30);
    assert_eq!(matching(&(set(&[(1, u32::MAX)]), set(&[(1, u32::MAX)])), &here), 0);
}
