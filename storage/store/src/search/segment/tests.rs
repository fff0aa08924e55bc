//! What is written is read; damage is told.

use super::*;

#[test]
fn numbers_are_read_as_they_were_written() {
    let all = [0u32, 0, 1, 127, 128, 16_383, 16_384, u32::MAX - 1, u32::MAX];
    let mut numbers = Numbers::default();
    all.iter().for_each(|number| numbers.push(*number));
    let mut read = Vec::new();
    Numbers::each(numbers.bytes(), |number| read.push(number)).unwrap();
    assert_eq!(read, [0, 1, 127, 128, 16_383, 16_384, u32::MAX - 1, u32::MAX]);
}

#[test]
fn damaged_numbers_are_told() {
    assert_eq!(Numbers::each(&[0x80], |_| ()), Err(Error::Corrupt));
    assert_eq!(Numbers::each(&[0xff; 12], |_| ()), Err(Error::Corrupt));
    assert!(matches!(few(&[5, 1]), Err(Error::Corrupt)));
}

#[test]
fn documents_are_read_as_they_were_written() {
    let documents = Documents { items: [3, 9, 1 << 40].map(ItemId).to_vec(), unsure: vec![0, 2] };
    let read = Documents::decode(&documents.encode()).unwrap();
    assert_eq!((read.items, read.unsure), (documents.items, documents.unsure));
    assert!(matches!(Documents::decode(&[7, 1]), Err(Error::Corrupt)));
}
