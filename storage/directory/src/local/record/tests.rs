//! Golden octets of every kind of record, kept for ever (see the store's twin of this test).

use super::super::devices::Device;
use super::*;
use crate::scram::KeyPair;

/// `name version octets`. Lines are added, never changed.
const GOLDEN: &str = include_str!("golden.txt");

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn golden(name: &str, version: u8) -> Option<Vec<u8>> {
    let name = name.replace(' ', "");
    let line = GOLDEN.lines().find(|line| line.starts_with(&format!("{name} {version} ")))?;
    let text = line.split(' ').nth(2)?;
    Some((0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect())
}

fn keeps<T: Record + PartialEq + std::fmt::Debug>(sample: &T) {
    keeps_since(&[], sample);
}

/// As `keeps`, for a record that had other versions: what the golden octets of each are read as, oldest first.
fn keeps_since<T: Record + PartialEq + std::fmt::Debug>(former: &[T], sample: &T) {
    assert_eq!(former.len() + 1, usize::from(T::VERSION), "{}: one for each version", T::NAME);
    let written = hex(&encode(sample).unwrap());
    let kept = golden(T::NAME, T::VERSION).map(|octets| hex(&octets));
    assert_eq!(
        kept.as_deref(),
        Some(written.as_str()),
        "what a {} holds has changed: give it a new version, then add the line\n{} {} {written}",
        T::NAME,
        T::NAME.replace(' ', ""),
        T::VERSION,
    );
    for (version, expected) in (1..).zip(former.iter().chain([sample])) {
        assert_eq!(&decode::<T>(&golden(T::NAME, version).unwrap()).unwrap(), expected, "version {version}");
    }
    for unknown in [0, T::VERSION + 1, u8::MAX] {
        let mut octets = golden(T::NAME, T::VERSION).unwrap();
        octets[0] = unknown;
        assert_eq!(decode::<T>(&octets).unwrap_err(), Error::Corrupt);
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn names_and_numbers() {
    keeps(&TenantRecord { id: 7, created: Timestamp(1_767_225_600_000) });
    keeps(&DomainRecord { tenant: "default".into(), created: Timestamp(1_767_225_600_001) });
    keeps(&AccountId(300));
    keeps(&70_000_u64);
    keeps(&[9_u8; 32]);
}

#[test]
fn accounts() {
    keeps(&AccountRecord {
        kind: Kind::Group,
        address: address("physics@example.org"),
        name: "Physics".into(),
        aliases: vec![address("phys@example.org")],
        role: Role::Administrator,
        disabled: true,
        quota_bytes: Some(20 << 30),
        password: Some("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".into()),
        revision: 3,
        app_passwords: vec![AppPasswordRecord {
            id: 1,
            label: "phone".into(),
            hash: [5; 32],
            created: Timestamp(1_767_225_600_002),
        }],
        app_password_next: 2,
        members: vec![AccountId(4)],
        groups: vec![AccountId(5)],
        created: Timestamp(1_767_225_600_003),
    });
}

#[test]
fn proofs_and_switches() {
    let pair = |octet: u8| KeyPair::sample(octet);
    keeps(&ScramRecord { password: Some(pair(1)), apps: vec![(7, [pair(2), pair(3)])] });
    let names = |text: &str| text.split(' ').map(str::to_owned).collect();
    let client = Some("Mail 1".to_owned());
    let device =
        Device { door: "imap".into(), client, from: "192.0.2.1".into(), at: Timestamp(1_767_225_600_004) };
    keeps(&DevicesRecord(vec![(7, device)]));
    keeps(&SwitchesRecord { hidden: names("COMPRESS UIDONLY"), apps: vec![(7, names("IDLE"))] });
}
