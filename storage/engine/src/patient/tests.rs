//! A disk that does not give one page.

use super::*;
use std::cell::Cell;

/// Counts how often it was asked for the bad page.
pub(crate) struct Dying {
    pub(crate) octets: Vec<u8>,
    pub(crate) bad: u64,
    pub(crate) tried: Cell<u32>,
}

impl ReadAt for Dying {
    fn read_exact_at(&self, octets: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset + octets.len() as u64;
        if offset < (self.bad + 1) * PAGE_BYTES && end > self.bad * PAGE_BYTES {
            self.tried.set(self.tried.get() + 1);
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()));
        }
        octets.copy_from_slice(&self.octets[offset as usize..end as usize]);
        Ok(())
    }
}

#[test]
fn a_page_that_the_disk_does_not_give_is_zeros_and_asked_for_once() {
    let octets: Vec<u8> = (0..30_000_u32).map(|at| (at % 251) as u8 + 1).collect();
    let dying = Dying { octets: octets.clone(), bad: 2, tried: Cell::new(0) };
    let patient = Patient::new(&dying);
    let mut read = vec![9; octets.len() - 100];
    patient.read_exact_at(&mut read, 100).unwrap();
    let mut expected = octets[100..].to_vec();
    expected[8_092..12_188].fill(0);
    assert!(read == expected, "only the page is zeros");
    assert_eq!(dying.tried.get(), 2, "the whole, then the page alone");
    let mut part = [9; 10];
    patient.read_exact_at(&mut part, 8_190).unwrap();
    assert_eq!((&part[..2], &part[2..]), (&octets[8_190..8_192], &[0; 8][..]));
    assert_eq!(dying.tried.get(), 2, "a page that is known to be bad is not asked for again");
}

#[test]
fn another_failure_is_one() {
    struct Short;
    impl ReadAt for Short {
        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    let failed = Patient::new(&Short).read_exact_at(&mut [0; 8], 0).unwrap_err();
    assert_eq!(failed.kind(), io::ErrorKind::UnexpectedEof);
    let missing = read(Path::new("/no/such/file")).unwrap_err();
    assert!(!is_bad_disk(&missing));
}
