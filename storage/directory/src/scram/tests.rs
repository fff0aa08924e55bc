//! The exchanges of RFC 5802 5 and RFC 7677 3, and passwords beyond ASCII.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn the_exchange_of_rfc_5802() {
    let salt = hex("4125c247e43ab1e93c6dff76");
    let keys = Keys::derive(ScramHash::Sha1, "pencil", &salt, NonZeroU32::new(4096).unwrap());
    let message = b"n=user,r=fyko+d2lbbFgONRv9qkxdawL,\
        r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,\
        c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
    let proof = hex("bf45fcbf7073d93d022466c94321745fe1c8e13b");
    let signature = keys.verify(ScramHash::Sha1, message, &proof).unwrap();
    assert_eq!(signature, hex("ae617da6a57c4bbb2e0286568dae1d251905b0a4"));
    let mut wrong = proof.clone();
    wrong[0] ^= 1;
    assert_eq!(keys.verify(ScramHash::Sha1, message, &wrong), None);
    assert_eq!(keys.verify(ScramHash::Sha1, message, &proof[1..]), None);
    assert_eq!(keys.verify(ScramHash::Sha1, message, b""), None);
    assert_eq!(keys.verify(ScramHash::Sha1, b"another", &proof), None);
}

#[test]
fn the_exchange_of_rfc_7677() {
    let salt = hex("5b6d99689d12358eeca04b141236fa81");
    let keys = Keys::derive(ScramHash::Sha256, "pencil", &salt, NonZeroU32::new(4096).unwrap());
    let message = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
        r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
        c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    let proof = "747cdb65aa56224e2352137e52d7bdcad6a0f738df30782caa69a2cfb0277554";
    let signature = keys.verify(ScramHash::Sha256, message, &hex(proof)).unwrap();
    assert_eq!(signature, hex("eabae24d1062db75a9451ff0b6ea7e98c8546549ff741e672d3251b2397de46e"));
}

#[test]
fn passwords_are_prepared_as_sasl_wants() {
    for (given, expect) in [
        ("pencil", "pencil"),
        ("I\u{ad}X", "IX"),
        ("\u{aa}", "a"),
        ("\u{2168}", "IX"),
        ("a\u{a0}b", "a b"),
        ("e\u{301}", "\u{e9}"),
    ] {
        assert_eq!(prepared(given), expect);
    }
}
